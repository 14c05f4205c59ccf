/** wasmtime, which serves the Spin app as any WASI host may. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { type Runtime, type Settings, mainSocket, outputOf, readLines, serving } from "./runtime.ts";

/** Starts the Spin app at `component`. */
export async function startWasmtime(program: string, component: string, settings: Settings): Promise<Runtime> {
  // Without a value, a variable is taken from wasmtime's own environment, which no list of processes shows.
  const names = Object.keys(settings.variables).flatMap((name) => ["--env", name]);
  const address = `127.0.0.1:${settings.port ?? 0}`;
  const options = ["-Scli", ...names, "--addr", address, ...optionsOf(settings), ...(settings.options ?? [])];
  const { CALLGATE_API_KEYS: _, ...environment } = process.env;
  const child = spawn(program, ["serve", ...options, component], {
    env: { ...environment, ...settings.variables },
    stdio: ["ignore", outputOf(settings), "pipe"],
  });
  readLines(child, settings);
  return serving("wasmtime", child, wasmtimePort(child.stderr as Readable).then((port) => new Map([[mainSocket, port]])));
}

/** The options for settings that say the same to every runtime. */
function optionsOf({ onLine, isOneInstance = false, connections, memoryLimit }: Settings): string[] {
  const options: string[] = [];
  // Otherwise wasmtime writes before each line which stream of which request it came from.
  if (onLine !== undefined) options.push("--no-logging-prefix");
  if (isOneInstance) options.push("--max-instance-reuse-count=1000000", "--idle-instance-timeout=60s");
  if (connections !== undefined) options.push(`--max-concurrent-connections=${connections}`);
  if (memoryLimit !== undefined) options.push("-W", `max-memory-size=${memoryLimit},trap-on-grow-failure`);
  return options;
}

/** The port that wasmtime chose, which it tells people. What it says beside that is passed on. */
function wasmtimePort(output: Readable): Promise<number> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on("line", (line) => {
      const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
      // What a caller does wrong or breaks off is told here too, once for each of some thousand connections.
      else if (!line.startsWith("error: hyper::Error(")) console.error(`wasmtime: ${line}`);
    });
  });
}
