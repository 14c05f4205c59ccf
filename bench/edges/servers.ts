/** The runtimes that serve the edges, each a process of its own and nothing before it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The key that the servers are given. */
export const apiKey = "test-key-0123456789abcdef0123456789abcdef";

/** A runtime that answers. */
export interface Server {
  readonly url: URL;
  /** How long it has worked so far, on all cores, in nanoseconds; where the system tells. */
  work(): number | undefined;
  stop(): Promise<void>;
}

/** Starts the Worker whose bundle is in `bundle`. */
export async function startWorker(workerd: string, bundle: string): Promise<Server> {
  // workerd looks for what a configuration embeds beside that.
  const directory = mkdtempSync(join(tmpdir(), "callgate-workerd-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    for (const file of ["index.js", "index_bg.wasm"]) copyFileSync(join(bundle, file), join(directory, file));
    writeFileSync(join(directory, "config.capnp"), configuration());
    const process = spawn(workerd, ["serve", "--control-fd=3", join(directory, "config.capnp")], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    return await serving(process, workerdPort(process.stdio[3] as Readable), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

/** Starts the Spin app at `path` in wasmtime, with its own settings. */
export async function startSpinApp(wasmtime: string, path: string): Promise<Server> {
  const child = spawn(wasmtime, ["serve", "-Scli", "--env", "CALLGATE_API_KEYS", "--addr", "127.0.0.1:0", path], {
    env: { ...process.env, CALLGATE_API_KEYS: apiKey },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return serving(child, wasmtimePort(child.stderr));
}

async function serving(child: ChildProcess, port: Promise<number>, cleanUp = () => {}): Promise<Server> {
  // Whatever ends this process ends the child as well.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "exit");
  const stop = async () => {
    process.removeListener("exit", kill);
    kill();
    await ended;
    cleanUp();
  };
  try {
    const failed = ended.then(() => {
      throw new Error(`\`${child.spawnfile}\` ended before it served`);
    });
    const url = new URL(`http://127.0.0.1:${await Promise.race([port, failed])}/`);
    return { url, work: () => workOf(child.pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Linux counts what each thread of a process has run, in nanoseconds; other systems have no such file. */
function workOf(process: number | undefined): number | undefined {
  const threads = `/proc/${process}/task`;
  try {
    return readdirSync(threads)
      .map((thread) => Number.parseInt(readFileSync(`${threads}/${thread}/schedstat`, "utf8")))
      .reduce((sum, ran) => sum + ran, 0);
  } catch {
    return undefined;
  }
}

/** The port that workerd chose, which it tells as JSON. */
async function workerdPort(control: Readable): Promise<number> {
  for await (const line of createInterface({ input: control })) {
    const message = JSON.parse(line) as { event: string; port?: number };
    if (message.event === "listen" && message.port !== undefined) return message.port;
  }
  throw new Error("workerd tells no port");
}

/** The port that wasmtime chose, which it tells people. */
async function wasmtimePort(output: Readable): Promise<number> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on("line", (line) => {
      const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

function configuration(): string {
  const wrangler = readFileSync(join(import.meta.dirname, "../../wrangler.toml"), "utf8");
  const date = /^compatibility_date = "([^"]+)"$/m.exec(wrangler)?.[1];
  if (date === undefined) throw new Error("`wrangler.toml` sets no `compatibility_date`");
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "index.js", esModule = embed "index.js"),
      (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
    ],
    bindings = [(name = "CALLGATE_API_KEYS", text = "${apiKey}")],
    compatibilityDate = "${date}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}
