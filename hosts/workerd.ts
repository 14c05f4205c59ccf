/** workerd, Cloudflare's runtime, which serves the Worker. */

import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { checkout } from "./checkout.ts";
import { type Runtime, type Settings, mainSocket, outputOf, readLines, serving } from "./runtime.ts";

/** The configuration for a self-hosted workerd. */
const shippedConfiguration = "workerd.capnp";

/** The kind of a service's binding. */
export interface Binding {
  readonly type: "queue" | "service";
  /** The port of the service; for `service`, the entry point in the first additional module. */
  readonly to: number | string;
}

/** The start settings of workerd. */
export interface WorkerdSettings extends Settings {
  /**
   * Additional modules of the Worker. The first one is loaded instead of the Worker's `index.js`: it imports that
   * module, exports its exports, and has additional entry points, each with its own port. They can run garbage
   * collection.
   */
  readonly main?: { readonly modules: Readonly<Record<string, string>>; readonly entryPoints: readonly string[] };
  /** The number of isolates that load the Worker, each with its own port. */
  readonly isolates?: number;
  /** The local port that responds to all fetches of the Worker, for any name and without TLS. */
  readonly outboundPort?: number;
  /** The additional bindings, by name. */
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
 * Starts the Worker with the configuration for a self-hosted workerd in the checkout root, compiled as documented.
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

/** Compiles a configuration with its embedded files, so that workerd need not parse the text at every start. */
export function compileConfiguration(program: string, text: string, compiled: string): void {
  writeFileSync(compiled, execFileSync(program, ["compile", "--config-only", text], { maxBuffer: 2 ** 26 }));
}

/** The configuration for workerd: a prepared file, and its options. */
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
  // workerd reads embedded files relative to the configuration.
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

/** A socket of workerd, with its service and entry point. */
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

/** The ports that workerd selected, which it reports as JSON. */
async function workerdPorts(control: Readable, sockets: readonly Socket[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line) as { event: string; socket?: string; port?: number };
    if (event === "listen" && socket !== undefined && port !== undefined) ports.set(socket, port);
    if (ports.size === sockets.length) break;
  }
  return ports;
}

function configuration(settings: WorkerdSettings, sockets: readonly Socket[]): string {
  const { variables, main, outboundPort } = settings;
  // The strings of the format have the same escapes as JSON strings, at least for keys.
  const texts = Object.entries(variables).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  );
  const bound = Object.entries(settings.bindings ?? {}).map(([name, { type, to }]) => {
    const service = typeof to === "number" ? `"${to}"` : `(name = "${mainSocket}", entrypoint = "${to}")`;
    return `(name = "${name}", ${type} = ${service})`;
  });
  const external = [outboundPort, ...Object.values(settings.bindings ?? {}).map(({ to }) => to)]
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
  compatibilityDate = "${compatibilityDate()}",${outboundPort === undefined ? "" : `\n  globalOutbound = "${outboundPort}",`}
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

/** The V8 flags, as for a self-hosted workerd. */
function v8Flags({ main }: WorkerdSettings): string {
  const flags = settingIn(shippedConfiguration, /^ *v8Flags = \[(.+)\],$/m);
  return main === undefined ? flags : `${flags}, "--expose-gc"`;
}

/** The compatibility date of the deployed Worker. */
export function compatibilityDate(): string {
  return settingIn("wrangler.toml", /^compatibility_date = "([^"]+)"$/m);
}

/** The compatibility date of a self-hosted workerd. */
export function shippedCompatibilityDate(): string {
  return settingIn(shippedConfiguration, /^ *compatibilityDate = "([^"]+)",$/m);
}

/** The match of `pattern` in a file of the checkout. */
function settingIn(file: string, pattern: RegExp): string {
  const found = pattern.exec(readFileSync(join(checkout, file), "utf8"))?.[1];
  if (found === undefined) throw new Error(`nothing in \`${file}\` matches ${pattern}`);
  return found;
}
