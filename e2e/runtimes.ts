/** The runtimes that serve the edges, each a process of its own and nothing before it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A runtime that serves an edge. Disposing of it ends it, and fails where it had ended by itself. */
export interface Runtime extends AsyncDisposable {
  readonly name: "workerd" | "wasmtime";
  readonly url: URL;
  /** How long it has worked so far, on all cores, in nanoseconds; where the system tells. */
  work(): number | undefined;
  /** How much memory it holds, and how much it held at the most, in bytes; where the system tells. */
  memory(): { readonly now: number; readonly peak: number } | undefined;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** What a runtime is started with. */
export interface Settings {
  /** The variables of the edge. */
  readonly variables: Readonly<Record<string, string>>;
  /** The port to serve at; a free one where none is named. */
  readonly port?: number;
  /** Options of the runtime's own, beside those that serving takes. */
  readonly options?: readonly string[];
}

/** Starts the Worker whose bundle is in the directory `bundle`. */
export async function startWorkerd(program: string, bundle: string, settings: Settings): Promise<Runtime> {
  // workerd looks for what a configuration embeds beside that.
  const directory = mkdtempSync(join(tmpdir(), "callgate-workerd-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    for (const file of ["index.js", "index_bg.wasm"]) copyFileSync(join(bundle, file), join(directory, file));
    writeFileSync(join(directory, "config.capnp"), configuration(settings));
    const options = ["--control-fd=3", ...(settings.options ?? [])];
    const child = spawn(program, ["serve", ...options, join(directory, "config.capnp")], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    return await serving("workerd", child, workerdPort(child.stdio[3] as Readable), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

/** Starts the Spin app at `component`. */
export async function startWasmtime(program: string, component: string, settings: Settings): Promise<Runtime> {
  // Without a value, a variable is taken from wasmtime's own environment, which no list of processes shows.
  const names = Object.keys(settings.variables).flatMap((name) => ["--env", name]);
  const address = `127.0.0.1:${settings.port ?? 0}`;
  const options = ["-Scli", ...names, "--addr", address, ...(settings.options ?? [])];
  const { CALLGATE_API_KEYS: _, ...environment } = process.env;
  const child = spawn(program, ["serve", ...options, component], {
    env: { ...environment, ...settings.variables },
    stdio: ["ignore", "inherit", "pipe"],
  });
  return serving("wasmtime", child, wasmtimePort(child.stderr));
}

async function serving(
  name: Runtime["name"],
  child: ChildProcess,
  port: Promise<number>,
  cleanUp = () => {},
): Promise<Runtime> {
  // Whatever ends this process ends the child as well.
  const force = () => child.kill("SIGKILL");
  process.once("exit", force);
  let isAskedToEnd = false;
  let hasCrashed = false;
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => {
    process.removeListener("exit", force);
    cleanUp();
    if (isAskedToEnd) return;
    hasCrashed = true;
    // Whoever reads of refused connections finds here where they come from.
    console.error(`${name} ended by itself: ${String(code ?? signal)}`);
  });
  const kill = async () => {
    isAskedToEnd = true;
    force();
    await ended;
  };
  try {
    const failed = ended.then(() => {
      throw new Error(`${name} ended before it served`);
    });
    const url = new URL(`http://127.0.0.1:${await Promise.race([port, failed])}/`);
    // From here on its end is told where it is disposed of.
    failed.catch(() => {});
    return {
      name,
      url,
      kill,
      work: () => workOf(child.pid),
      memory: () => memoryOf(child.pid),
      async [Symbol.asyncDispose]() {
        await kill();
        if (hasCrashed) throw new Error(`${name} crashed while it served`);
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Linux counts what each thread of a process has run, in nanoseconds; other systems have no such file. */
function workOf(pid: number | undefined): number | undefined {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads)
      .map((thread) => Number.parseInt(readFileSync(`${threads}/${thread}/schedstat`, "utf8")))
      .reduce((sum, ran) => sum + ran, 0);
  } catch {
    return undefined;
  }
}

/** Linux tells what of a process is in memory, in KiB. */
function memoryOf(pid: number | undefined): { now: number; peak: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
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

/** The port that wasmtime chose, which it tells people. Everything else that it says is passed on. */
function wasmtimePort(output: Readable): Promise<number> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on("line", (line) => {
      const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
      else console.error(`wasmtime: ${line}`);
    });
  });
}

function configuration({ variables, port = 0 }: Settings): string {
  // The texts of the format are escaped as those of JSON are, as far as a key goes.
  const bindings = Object.entries(variables).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "index.js", esModule = embed "index.js"),
      (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
    ],
    bindings = [${bindings.join(", ")}],
    compatibilityDate = "${compatibilityDate()}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
}

/** The day whose runtime behaviour the deployed Worker gets. */
function compatibilityDate(): string {
  const wrangler = readFileSync(resolve(import.meta.dirname, "../wrangler.toml"), "utf8");
  const date = /^compatibility_date = "([^"]+)"$/m.exec(wrangler)?.[1];
  if (date === undefined) throw new Error("`wrangler.toml` sets no `compatibility_date`");
  return date;
}
