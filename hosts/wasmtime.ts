/** wasmtime, which serves the Spin app like any WASI host. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { type Runtime, type Settings, mainSocket, outputOf, readLines, serving } from "./runtime.ts";

/** Starts the Spin app at `component`. */
export async function startWasmtime(program: string, component: string, settings: Settings): Promise<Runtime> {
  // Without a value, a variable is inherited from wasmtime's environment, which is not visible in the process list.
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

/** The options for the common settings. */
function optionsOf({ onLine, isOneInstance = false, connections, memoryLimit }: Settings): string[] {
  const options: string[] = [];
  // Otherwise, wasmtime prefixes each line with its request and stream.
  if (onLine !== undefined) options.push("--no-logging-prefix");
  if (isOneInstance) options.push("--max-instance-reuse-count=1000000", "--idle-instance-timeout=60s");
  if (connections !== undefined) options.push(`--max-concurrent-connections=${connections}`);
  if (memoryLimit !== undefined) options.push("-W", `max-memory-size=${memoryLimit},trap-on-grow-failure`);
  return options;
}

/** The port that wasmtime selected, from its messages. Other messages are passed on. */
function wasmtimePort(output: Readable): Promise<number> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on("line", (line) => {
      const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
      // Errors of callers are reported here too, once for each of thousands of connections.
      else if (!line.startsWith("error: hyper::Error(")) console.error(`wasmtime: ${line}`);
    });
  });
}
