/** The two hosts of callgate, each on a free port of this machine. */

import { exchange } from "./exchange.ts";
import {
  type Runtime,
  type Settings,
  type WorkerdSettings,
  startWasmtime,
  startWorkerd,
  startWorkerdAsShipped,
} from "./runtimes.ts";
import { type Subject, spinComponent, wasmtime, workerDirectory, workerd } from "./setting.ts";

/** A running host. */
export type Host = Runtime;

/** The hosts that serve one policy: the Workers runtime and a WASI host. */
export interface Hosts extends AsyncDisposable {
  readonly all: readonly [worker: Host, spin: Host];
}

/** How a host of a subject is started. */
export type Start = (subject: Subject, settings: Settings) => Promise<Host>;

/** How long a host may take until it answers, on a machine that is busy elsewhere. In milliseconds. */
const startLimit = 60_000;

/** Starts both hosts with the policy of `subject`, and with `apiKeys` if there are any. */
export function startHosts(subject: Subject, apiKeys: string | undefined): Promise<Hosts> {
  return startHostsWith(subject, { variables: apiKeys === undefined ? {} : { CALLGATE_API_KEYS: apiKeys } });
}

/** Starts both hosts with the policy of `subject`, each with the same settings. */
export async function startHostsWith(subject: Subject, settings: Settings): Promise<Hosts> {
  const worker = await startWorker(subject, settings);
  try {
    const spin = await startSpinApp(subject, settings);
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

/** Starts the Worker in the runtime that Cloudflare runs. */
export async function startWorker(subject: Subject, settings: WorkerdSettings): Promise<Host> {
  return ready(await startWorkerd(workerd(), workerDirectory(subject), settings));
}

/** Starts the Worker with the configuration that is shipped for a workerd of one's own. */
export async function startWorkerAsShipped(subject: Subject, settings: Settings): Promise<Host> {
  return ready(await startWorkerdAsShipped(workerd(), workerDirectory(subject), settings));
}

/** Starts the Spin app in a WASI host. */
export async function startSpinApp(subject: Subject, settings: Settings): Promise<Host> {
  return ready(await startWasmtime(wasmtime(), spinComponent(subject), settings));
}

async function ready(host: Host): Promise<Host> {
  try {
    await waitUntilReady(host.url);
    return host;
  } catch (error) {
    await host.kill();
    throw error;
  }
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
