/** The hosts of callgate, each on a free local port. */

import { type Platform, cloudflare, platforms, wasi } from "../../hosts/platforms.ts";
import type { Runtime, Settings } from "../../hosts/runtime.ts";
import { type WorkerdSettings, startWorkerdAsShipped } from "../../hosts/workerd.ts";
import { type Subject, edgeOf, programOf } from "./environment.ts";
import { exchange } from "./exchange.ts";

/** A running host. */
export type Host = Runtime;

/** The hosts that serve one policy, one per platform. */
export interface Hosts extends AsyncDisposable {
  readonly all: readonly Host[];
}

/** The start settings of a subject's host. */
export type Start = (subject: Subject, settings: WorkerdSettings) => Promise<Host>;

/** The name of each runtime, and the function that starts its host. */
export const runtimes: readonly { readonly name: string; readonly start: Start }[] = platforms.map((platform) => ({
  name: platform.runtime,
  start: (subject, settings) => start(platform, subject, settings),
}));

/** The start timeout of a host on a busy machine, in milliseconds. */
const startLimit = 60_000;

/** Starts every host with the policy of `subject`, and with `apiKeys` if given. */
export function startHosts(subject: Subject, apiKeys: string | undefined): Promise<Hosts> {
  return startHostsWith(subject, { variables: apiKeys === undefined ? {} : { CALLGATE_API_KEYS: apiKeys } });
}

/** Starts every host with the policy of `subject`, each with the same settings. */
export async function startHostsWith(subject: Subject, settings: WorkerdSettings): Promise<Hosts> {
  await using started = new AsyncDisposableStack();
  const all: Host[] = [];
  for (const platform of platforms) all.push(started.use(await start(platform, subject, settings)));
  const stack = started.move();
  return { all, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Starts the Worker in workerd. */
export function startWorker(subject: Subject, settings: WorkerdSettings): Promise<Host> {
  return start(cloudflare, subject, settings);
}

/** Starts the Worker with the configuration for a self-hosted workerd. */
export async function startWorkerAsShipped(subject: Subject, settings: Settings): Promise<Host> {
  return ready(await startWorkerdAsShipped(programOf(cloudflare, subject), edgeOf(cloudflare, subject), settings));
}

/** Starts the Spin app in a WASI host. */
export function startSpinApp(subject: Subject, settings: Settings): Promise<Host> {
  return start(wasi, subject, settings);
}

async function start<S extends Settings>(platform: Platform<S>, subject: Subject, settings: S): Promise<Host> {
  return ready(await platform.start(programOf(platform, subject), edgeOf(platform, subject), settings));
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
