/** The platforms with an edge of callgate. A platform in this list is tested and measured. */

import type { Runtime, Settings } from "./runtime.ts";
import { startWasmtime } from "./wasmtime.ts";
import { type WorkerdSettings, startWorkerd } from "./workerd.ts";

/** One platform: an edge and the runtime that serves it. */
export interface Platform<S extends Settings = Settings> {
  /** The edge's name in `cargo xtask bench`. */
  readonly edge: string;
  /** The runtime's name in cases and tests. */
  readonly runtime: string;
  /** The variable with the path of the runtime; without one, the edge is a program itself. */
  readonly variable?: string;
  /** The build output of the edge in the directory of a policy. */
  readonly build: string;
  /** Starts the edge at the path `build` with the runtime, or directly. */
  readonly start: (program: string, build: string, settings: S) => Promise<Runtime>;
}

/** The Worker in workerd. */
export const cloudflare: Platform<WorkerdSettings> = {
  edge: "worker",
  runtime: "workerd",
  variable: "CALLGATE_WORKERD",
  build: "worker",
  start: startWorkerd,
};

/** The Spin app in a WASI host. */
export const wasi: Platform = {
  edge: "spin",
  runtime: "wasmtime",
  variable: "CALLGATE_WASMTIME",
  build: "spin.wasm",
  start: startWasmtime,
};

/** Every platform. A runtime ignores settings that it does not support. */
export const platforms: readonly Platform<WorkerdSettings>[] = [cloudflare, wasi];
