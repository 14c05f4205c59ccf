/** The two hosts of callgate, each on a free port of this machine. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Miniflare } from "miniflare";

import { exchange } from "./exchange.ts";
import { type Subject, checkout, spinComponent, wasmtime, workerDirectory } from "./setting.ts";

/** A running host. */
export interface Host extends AsyncDisposable {
  readonly name: string;
  readonly url: URL;
}

/** The hosts that serve one policy: the Workers runtime and a WASI host. */
export interface Hosts extends AsyncDisposable {
  readonly all: readonly [worker: Host, spin: Host];
}

/** How long a host may take until it answers, on a machine that is busy elsewhere. In milliseconds. */
const startLimit = 60_000;
/** How long a host may take to end once it is asked to. In milliseconds. */
const stopLimit = 5_000;

/** Starts both hosts with the policy of `subject`, and with `apiKeys` if there are any. */
export async function startHosts(subject: Subject, apiKeys: string | undefined): Promise<Hosts> {
  const worker = await startWorker(workerDirectory(subject), apiKeys);
  try {
    const spin = await startSpinApp(spinComponent(subject), apiKeys);
    return {
      all: [worker, spin],
      async [Symbol.asyncDispose]() {
        await Promise.all([worker[Symbol.asyncDispose](), spin[Symbol.asyncDispose]()]);
      },
    };
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts the Worker whose bundle is in `directory`, in the runtime that Cloudflare runs. */
async function startWorker(directory: string, apiKeys: string | undefined): Promise<Host> {
  let hasCrashed = false;
  const miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: "callgate",
          compatibilityDate: await compatibilityDate(),
          manifest: {
            mainModule: "index.js",
            modulesRoot: directory,
            modules: {
              "index.js": { type: "esm", contents: await readFile(join(directory, "index.js"), "utf8") },
              "index_bg.wasm": { type: "wasm", contents: await readFile(join(directory, "index_bg.wasm")) },
            },
          },
          env: apiKeys === undefined ? {} : { CALLGATE_API_KEYS: { type: "text", value: apiKeys } },
        },
        // The runtime refers to modules by paths below this root, which is the current directory where none is
        // given, and refuses a path that leads out of it.
        dev: { rootPath: directory },
      },
    ],
    host: "127.0.0.1",
    port: 0,
    // What the runtime would tell of the caller's place is asked from the network.
    cf: false,
    // Other Workers that somebody develops on this machine have no part in the test.
    enableDevRegistry: false,
    logRequests: false,
    // A runtime that crashed is started again and answers on, as if nothing had been.
    unsafeHandleRuntimeRestart: () => {
      hasCrashed = true;
    },
  });
  const stop = async () => {
    await miniflare.dispose();
    if (hasCrashed) throw new Error("workerd crashed while it served");
  };
  try {
    const url = await miniflare.ready;
    await waitUntilReady(url);
    return { name: "workerd", url, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The day whose runtime behaviour the deployed Worker gets. */
async function compatibilityDate(): Promise<string> {
  const text = await readFile(join(checkout, "wrangler.toml"), "utf8");
  const date = /^compatibility_date = "([^"]+)"$/m.exec(text)?.[1];
  if (date === undefined) throw new Error("`wrangler.toml` sets no `compatibility_date`");
  return date;
}

/** Starts the component at `path` in a WASI host. */
async function startSpinApp(path: string, apiKeys: string | undefined): Promise<Host> {
  // A name without a value is taken from the host's own environment.
  const keys = apiKeys === undefined ? [] : ["--env", "CALLGATE_API_KEYS"];
  const { CALLGATE_API_KEYS: _, ...environment } = process.env;
  const child = spawn(wasmtime(), ["serve", "-Scli", ...keys, "--addr", "127.0.0.1:0", path], {
    env: apiKeys === undefined ? environment : { ...environment, CALLGATE_API_KEYS: apiKeys },
    stdio: ["ignore", "inherit", "pipe"],
  });
  // Whatever ends this process ends the child as well.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let isStopping = false;
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => {
    // Whoever reads of refused connections finds here where they come from.
    if (!isStopping) console.error(`wasmtime ended by itself: ${code ?? signal}`);
  });
  const stop = async () => {
    isStopping = true;
    const force = setTimeout(kill, stopLimit);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await ended;
    }
    clearTimeout(force);
    process.removeListener("exit", kill);
  };
  try {
    const url = await Promise.race([
      announcedUrl(child.stderr),
      ended.then(() => {
        throw new Error(`wasmtime ended before it served ${path}`);
      }),
    ]);
    await waitUntilReady(url);
    return { name: "wasmtime", url, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address that the WASI host says it serves at. Everything else that it says is passed on. */
function announcedUrl(output: NodeJS.ReadableStream): Promise<URL> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on("line", (line) => {
      const url = /^Serving HTTP on (http:\/\/\S+)$/.exec(line)?.[1];
      if (url === undefined) console.error(`wasmtime: ${line}`);
      else resolve(new URL(url));
    });
  });
}

async function waitUntilReady(url: URL): Promise<void> {
  const started = Date.now();
  for (;;) {
    try {
      const { status } = await exchange(url, { method: "GET", path: "/healthz", headers: {} });
      if (status === 200) return;
      throw new Error(`/healthz answers ${status}`);
    } catch (error) {
      if (Date.now() - started > startLimit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
