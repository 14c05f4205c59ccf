/** The runtimes that serve the edges, each a process of its own and nothing before it. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { checkout } from "./setting.ts";

/** The configuration for a workerd of one's own. */
const shippedConfiguration = "workerd.capnp";

/** A runtime that serves an edge. Disposing of it ends it, and fails where it had ended by itself. */
export interface Runtime extends AsyncDisposable {
  readonly name: "workerd" | "wasmtime";
  readonly url: URL;
  /** Where else it serves, by the name of the entry point or the number of the isolate. */
  readonly others: ReadonlyMap<string, URL>;
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
  /** Takes each line that is written to standard output, which is else that of this process. */
  readonly onLine?: (line: string) => void;
  /** Whether nobody takes standard output any more, so that nothing can be written there. */
  readonly isOutputClosed?: boolean;
}

/** Which of a Worker's bindings a service stands behind. */
export interface Binding {
  readonly type: "queue" | "service";
  /** The port where the service listens; for `service`, the entry point of the first of the Worker's own modules. */
  readonly to: number | string;
}

/** What workerd is started with. */
export interface WorkerdSettings extends Settings {
  /**
   * Modules beside those of the Worker. The first is loaded in the place of the Worker's `index.js`: it imports that,
   * exports what it exports, and has entry points of its own, each of which is served at a port of its own. They may
   * collect what JavaScript does not need any more.
   */
  readonly main?: { readonly modules: Readonly<Record<string, string>>; readonly entryPoints: readonly string[] };
  /** How many isolates load the Worker, each served at a port of its own. */
  readonly isolates?: number;
  /** The port of this machine that answers whatever the Worker fetches, for any name and without TLS. */
  readonly outside?: number;
  /** What is bound beside the variables, by its name. */
  readonly bindings?: Readonly<Record<string, Binding>>;
}

/** Starts the Worker whose bundle is in the directory `bundle`. */
export function startWorkerd(program: string, bundle: string, settings: WorkerdSettings): Promise<Runtime> {
  const sockets = socketsOf(settings);
  return serveWorkerd(program, settings, sockets, (directory) => {
    copyBundle(bundle, directory);
    for (const [name, text] of Object.entries(settings.main?.modules ?? {})) writeFileSync(join(directory, name), text);
    writeFileSync(join(directory, "config.capnp"), configuration(settings, sockets));
    return { file: "config.capnp" };
  });
}

/**
 * Starts the Worker with the configuration for a workerd of one's own, as it stands at the top of the checkout, compiled
 * as the documentation says.
 */
export function startWorkerdAsShipped(program: string, bundle: string, settings: Settings): Promise<Runtime> {
  const sockets = socketsOf(settings);
  return serveWorkerd(program, settings, sockets, (directory) => {
    const built = join(directory, "edge-cloudflare/build");
    mkdirSync(built, { recursive: true });
    copyBundle(bundle, built);
    const text = join(directory, shippedConfiguration);
    copyFileSync(join(checkout, shippedConfiguration), text);
    compileConfiguration(program, text, join(directory, "callgate.bin"));
    const options = sockets.map(({ name, port }) => `--socket-addr=${name}=127.0.0.1:${port}`);
    return { file: "callgate.bin", options: ["--binary", ...options], environment: settings.variables };
  });
}

/** Has workerd compile a configuration with all that it embeds, so that it need not read the text at every start. */
export function compileConfiguration(program: string, text: string, compiled: string): void {
  writeFileSync(compiled, execFileSync(program, ["compile", "--config-only", text], { maxBuffer: 2 ** 26 }));
}

/** What workerd is to serve: a file in the directory that was prepared, and how. */
interface Prepared {
  readonly file: string;
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

async function serveWorkerd(
  program: string,
  settings: Settings,
  sockets: readonly Socket[],
  prepare: (directory: string) => Prepared,
): Promise<Runtime> {
  // workerd looks for what a configuration embeds beside that.
  const directory = mkdtempSync(join(tmpdir(), "callgate-workerd-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const { file, options = [], environment } = prepare(directory);
    const all = ["--control-fd=3", ...options, ...(settings.options ?? [])];
    const child = spawn(program, ["serve", ...all, join(directory, file)], {
      env: environment ?? process.env,
      stdio: ["ignore", outputOf(settings), "inherit", "pipe"],
    });
    readLines(child, settings);
    return await serving("workerd", child, workerdPorts(child.stdio[3] as Readable, sockets), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function copyBundle(from: string, to: string): void {
  for (const file of ["index.js", "index_bg.wasm"]) copyFileSync(join(from, file), join(to, file));
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
    stdio: ["ignore", outputOf(settings), "pipe"],
  });
  readLines(child, settings);
  return serving("wasmtime", child, wasmtimePort(child.stderr as Readable).then((port) => new Map([[mainSocket, port]])));
}

function outputOf({ onLine, isOutputClosed = false }: Settings): "pipe" | "inherit" {
  return onLine !== undefined || isOutputClosed ? "pipe" : "inherit";
}

function readLines({ stdout }: ChildProcess, { onLine }: Settings): void {
  if (onLine === undefined) stdout?.destroy();
  else if (stdout !== null) createInterface({ input: stdout }).on("line", onLine);
}

async function serving(
  name: Runtime["name"],
  child: ChildProcess,
  announced: Promise<ReadonlyMap<string, number>>,
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
    const ports = [...(await Promise.race([announced, failed]))];
    const others = new Map(ports.map(([socket, port]) => [socket, new URL(`http://127.0.0.1:${port}/`)]));
    const url = others.get(mainSocket);
    if (url === undefined) throw new Error(`${name} tells no port`);
    others.delete(mainSocket);
    // From here on its end is told where it is disposed of.
    failed.catch(() => {});
    return {
      name,
      url,
      others,
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

/** The socket that everybody else asks. */
const mainSocket = "http";

/** A socket of workerd, and which service and entry point it leads to. */
interface Socket {
  readonly name: string;
  readonly port: number;
  readonly service: string;
}

function socketsOf({ port = 0, main, isolates = 1 }: WorkerdSettings): readonly Socket[] {
  const entryPoints = (main?.entryPoints ?? []).map((name) => ({
    name,
    port: 0,
    service: `(name = "${mainSocket}", entrypoint = "${name}")`,
  }));
  const more = Array.from({ length: isolates - 1 }, (_, at) => ({ name: `${at}`, port: 0, service: `"${at}"` }));
  return [{ name: mainSocket, port, service: `"${mainSocket}"` }, ...entryPoints, ...more];
}

/** The ports that workerd chose, which it tells as JSON. */
async function workerdPorts(control: Readable, sockets: readonly Socket[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line) as { event: string; socket?: string; port?: number };
    if (event === "listen" && socket !== undefined && port !== undefined) ports.set(socket, port);
    if (ports.size === sockets.length) break;
  }
  return ports;
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

function configuration(settings: WorkerdSettings, sockets: readonly Socket[]): string {
  const { variables, main, outside } = settings;
  // The texts of the format are escaped as those of JSON are, as far as a key goes.
  const texts = Object.entries(variables).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  );
  const bound = Object.entries(settings.bindings ?? {}).map(([name, { type, to }]) => {
    const service = typeof to === "number" ? `"${to}"` : `(name = "${mainSocket}", entrypoint = "${to}")`;
    return `(name = "${name}", ${type} = ${service})`;
  });
  const external = [outside, ...Object.values(settings.bindings ?? {}).map(({ to }) => to)]
    .filter((to) => typeof to === "number")
    .map((port) => `(name = "${port}", external = (address = "127.0.0.1:${port}", http = ()))`);
  const services = sockets.filter(({ service }) => service.startsWith('"')).map(({ service }) => service);
  const names = [...Object.keys(main?.modules ?? {}), "index.js"];
  return `using Workerd = import "/workerd/workerd.capnp";
const edge :Workerd.Worker = (
  modules = [
    ${names.map((name) => `(name = "${name}", esModule = embed "${name}")`).join(",\n    ")},
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  bindings = [${[...texts, ...bound].join(", ")}],
  compatibilityDate = "${compatibilityDate()}",${outside === undefined ? "" : `\n  globalOutbound = "${outside}",`}
);
const config :Workerd.Config = (
  v8Flags = [${v8Flags(settings)}],
  services = [${[...services.map((name) => `(name = ${name}, worker = .edge)`), ...external].join(", ")}],
  sockets = [
    ${sockets
      .map(({ name, port, service }) => `(name = "${name}", address = "127.0.0.1:${port}", http = (), service = ${service})`)
      .join(",\n    ")}
  ],
);
`;
}

/** What V8 is told, as whoever runs a workerd of their own tells it. */
function v8Flags({ main }: WorkerdSettings): string {
  const flags = settingIn(shippedConfiguration, /^ *v8Flags = \[(.+)\],$/m);
  return main === undefined ? flags : `${flags}, "--expose-gc"`;
}

/** The day whose runtime behaviour the deployed Worker gets. */
export function compatibilityDate(): string {
  return settingIn("wrangler.toml", /^compatibility_date = "([^"]+)"$/m);
}

/** The day whose runtime behaviour the Worker gets in a workerd of one's own. */
export function shippedCompatibilityDate(): string {
  return settingIn(shippedConfiguration, /^ *compatibilityDate = "([^"]+)",$/m);
}

/** What `pattern` finds in a file at the top of the checkout. */
function settingIn(file: string, pattern: RegExp): string {
  const found = pattern.exec(readFileSync(join(checkout, file), "utf8"))?.[1];
  if (found === undefined) throw new Error(`nothing in \`${file}\` matches ${pattern}`);
  return found;
}
