/**
 * Measures the start of Workers in workerd, from process start to first response. Every figure is a line of JSON on
 * standard output.
 *
 *     node bench/v8/workerd.ts --workerd FILE [--quick] COLUMN:ROW=DIR+BYTES..
 *
 * `DIR` contains the bundle of a Worker; `COLUMN` and `ROW` are the position of its figure. An unused module adds
 * `BYTES` bytes, unless they are 0. The Workers run in turns, so that temporary slowdowns affect all of them.
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";

import { compatibilityDate, compileConfiguration } from "../../hosts/workerd.ts";

const { values: options, positionals } = parseArgs({
  options: { workerd: { type: "string" }, quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const workerd = options.workerd;
if (workerd === undefined) throw new Error("`--workerd` must name a program");

const apiKey = "of-the-benchmark";
/** A call that a generated policy of any size allows. */
const call = JSON.stringify({
  tool: "tool_0",
  args: { order_id: "ORD-8821", amount: 200 },
  role: "role_0",
  agentAttributes: {},
  resourceAttributes: {},
});

const directory = mkdtempSync(join(tmpdir(), "callgate-workerd-"));
try {
  const workers = positionals.map((named, at) => {
    const [, column, row, bundle, bytes] = /^([^:]+):([^=]+)=(.+)\+(\d+)$/.exec(named) ?? [];
    if (bundle === undefined) throw new Error(`\`${named}\` is not COLUMN:ROW=DIR+BYTES`);
    return { column, row, config: lay(bundle, Number(bytes), join(directory, `${at}`)), times: [] as number[] };
  });
  // The first start of each reads its files from disk; later ones find them in the cache.
  for (const { config } of workers) await start(config);
  for (let at = 0; at < (options.quick ? 5 : 25); at += 1) {
    for (const { config, times } of workers) times.push(await start(config));
  }
  for (const { column, row, times } of workers) {
    const sorted = times.toSorted((a, b) => a - b);
    const value = (sorted[sorted.length >> 1] ?? Number.NaN) * 1e6;
    console.log(JSON.stringify({ table: "worker-start", row, column, value, unit: "ns" }));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Milliseconds from the start of a runtime to its first response. */
async function start(config: string): Promise<number> {
  const started = performance.now();
  const runtime = spawn(workerd as string, ["serve", "--control-fd=3", "--binary", config], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = once(runtime, "exit");
  try {
    const port = await Promise.race([listeningPort(runtime.stdio[3] as Readable), ended]);
    if (typeof port !== "number") throw new Error("workerd stopped before it listened");
    await ask(port);
    return performance.now() - started;
  } finally {
    runtime.kill("SIGKILL");
    await ended;
  }
}

/** The port that the runtime selected, which it reports on request. */
async function listeningPort(control: Readable): Promise<number> {
  for await (const line of createInterface({ input: control })) {
    const message = JSON.parse(line) as { event: string; port?: number };
    if (message.event === "listen" && message.port !== undefined) return message.port;
  }
  throw new Error("workerd reports no port");
}

/** Sends the call and reads the response; an empty Worker responds without reading it. */
async function ask(port: number): Promise<void> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const asked = request({ host: "127.0.0.1", port, path: "/evaluate", method: "POST", headers });
  asked.end(call);
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  if (response.statusCode !== 200 || !(text === "ok" || text.startsWith('{"decision":"Allow"'))) {
    throw new Error(`unexpected first response: ${response.statusCode} ${text}`);
  }
}

/**
 * Prepares a Worker for workerd, and compiles its configuration with the embedded files, as for a deployment;
 * otherwise, workerd would parse and copy them at every start.
 */
function lay(bundle: string, bytesBeside: number, directory: string): string {
  mkdirSync(directory);
  for (const file of ["index.js", "index_bg.wasm"]) copyFileSync(join(bundle, file), join(directory, file));
  // Random bytes, so that they cannot be compressed.
  if (bytesBeside > 0) writeFileSync(join(directory, "unused.bin"), randomBytes(bytesBeside));
  const unused = bytesBeside > 0 ? `(name = "unused.bin", data = embed "unused.bin"),` : "";
  const config = join(directory, "config.capnp");
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "index.js", esModule = embed "index.js"),
      (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
      ${unused}
    ],
    bindings = [(name = "CALLGATE_API_KEYS", text = "${apiKey}")],
    compatibilityDate = "${compatibilityDate()}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
  writeFileSync(config, text);
  const compiled = join(directory, "config.bin");
  compileConfiguration(workerd as string, config, compiled);
  return compiled;
}
