/** The platforms that callgate has an edge for. A platform that is added here is tested and measured like the others. */

import type { Runtime, Settings } from "./runtime.ts";
import { startWasmtime } from "./wasmtime.ts";
import { type WorkerdSettings, startWorkerd } from "./workerd.ts";

/** One platform: an edge and the runtime that serves it. */
export interface Platform<S extends Settings = Settings> {
  /** The edge, as `cargo xtask bench` names it. */
  readonly edge: string;
  /** The runtime, as cases and test names call it. */
  readonly runtime: string;
  /** The variable that names the runtime's program; without one, the edge is a program itself. */
  readonly variable?: string;
  /** What the build of the edge leaves in the directory of a policy. */
  readonly build: string;
  /** Starts the edge at the path `build` with the runtime's program, or with itself. */
  readonly start: (program: string, build: string, settings: S) => Promise<Runtime>;
}

/** The Worker in the runtime of Cloudflare. */
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

/** Every platform. Settings that a runtime does not know do not concern it. */
export const platforms: readonly Platform<WorkerdSettings>[] = [cloudflare, wasi];
