/**
 * The Worker with the bindings that Miniflare simulates and workerd alone lacks: a queue with its consumer, a rate limit, a
 * dataset of the Analytics Engine, and a KV namespace.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Miniflare, type V4WorkerOptions, convertV4MiniflareOptions } from "miniflare";

import { cloudflare } from "../hosts/platforms.ts";
import { shippedCompatibilityDate } from "../hosts/workerd.ts";
import { allowed, bearer, callWith, outcomeOf, problem, refund, refused } from "./support/calls.ts";
import { apiKey, crm, edgeOf } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";

const otherKey = "other-key-0123456789abcdef0123456789abcdef";
const body = { ...refund, role: "agent" };
const call = callWith(bearer(apiKey), body);
const denied = callWith(bearer(apiKey), { ...body, args: { amount: 800 } });

/** A Worker that keeps what its queue delivers, and returns it. */
const consumer: V4WorkerOptions = {
  name: "consumer",
  modules: true,
  compatibilityDate: shippedCompatibilityDate(),
  queueConsumers: { decisions: { maxBatchTimeout: 0 } },
  script: `
    const received = [];
    export default {
      fetch() { return Response.json(received); },
      queue(batch) { for (const { body } of batch.messages) received.push(body); },
    };
  `,
};

/** The Worker with a configuration and bindings. */
function worker(config: object, bindings: Partial<V4WorkerOptions>): V4WorkerOptions {
  const modulesRoot = edgeOf(cloudflare, crm);
  return {
    name: "callgate",
    modulesRoot,
    modules: [
      { type: "ESModule", path: join(modulesRoot, "index.js") },
      { type: "CompiledWasm", path: join(modulesRoot, "index_bg.wasm") },
    ],
    compatibilityDate: shippedCompatibilityDate(),
    bindings: { CALLGATE_API_KEYS: `crm-host:${apiKey} desk:${otherKey}`, CALLGATE_CONFIG: JSON.stringify(config) },
    ...bindings,
  } as V4WorkerOptions;
}

/** Miniflare while it serves Workers, the first of them at `url`. */
class Simulation implements AsyncDisposable {
  readonly #miniflare: Miniflare;
  readonly url: URL;

  private constructor(miniflare: Miniflare, url: URL) {
    [this.#miniflare, this.url] = [miniflare, url];
  }

  static async start(...workers: V4WorkerOptions[]): Promise<Simulation> {
    const miniflare = new Miniflare(convertV4MiniflareOptions({ workers, telemetry: { enabled: false } }));
    return new Simulation(miniflare, await miniflare.ready);
  }

  async ask(asked = call) {
    return outcomeOf(await exchange(this.url, asked));
  }

  /** What the consumer of the queue has received, as soon as it is as much as expected. */
  async received(count: number): Promise<readonly string[]> {
    // Without the types of the Workers runtime, Miniflare's type has no `fetch`.
    const queueConsumer = (await this.#miniflare.getWorker("consumer")) as unknown as { fetch: typeof fetch };
    for (;;) {
      const lines = (await (await queueConsumer.fetch("http://consumer/")).json()) as string[];
      if (lines.length >= count) return lines;
      await delay(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#miniflare.dispose();
  }
}

describe("a simulated binding", { concurrency: true, timeout: 120_000 }, () => {
  for (const mode of ["required", "best-effort"]) {
    test(`delivers the records of a queue to its consumer, ${mode}`, async () => {
      const config = { log: { mode, sink: { type: "queue", binding: "DECISIONS" } } };
      await using simulation = await Simulation.start(
        worker(config, { queueProducers: { DECISIONS: { queueName: "decisions" } } }),
        consumer,
      );
      assert.deepEqual(await simulation.ask(), allowed);
      assert.equal((await simulation.ask(denied)).decision, "Deny");
      const records = (await simulation.received(2)).map((line) => JSON.parse(line) as { data: { decision: string } });
      assert.deepEqual(records.map(({ data }) => data.decision).sort(), ["Allow", "Deny"]);
    });
  }

  test("limits the rate of each caller by itself", async () => {
    const ratelimits = { RATE: { namespace_id: "1", simple: { limit: 2, period: 60 } } } as const;
    await using simulation = await Simulation.start(worker({ rateLimit: { binding: "RATE" } }, { ratelimits }));
    const another = callWith(bearer(otherKey), body);
    assert.deepEqual([await simulation.ask(), await simulation.ask()], [allowed, allowed]);
    assert.deepEqual(await simulation.ask(), problem(429, "rate_limited"));
    assert.deepEqual(await simulation.ask(another), allowed);
    assert.deepEqual(await simulation.ask(callWith(bearer(`${otherKey}x`), body)), refused);
  });

  test("accepts the data points for a dataset", async () => {
    const config = { log: { mode: "best-effort", sink: { type: "analytics", binding: "DECISIONS" } } };
    const analyticsEngineDatasets = { DECISIONS: { dataset: "decisions" } };
    await using simulation = await Simulation.start(worker(config, { analyticsEngineDatasets }));
    for (let round = 0; round < 3; round += 1) assert.deepEqual(await simulation.ask(), allowed);
  });

  for (const [what, config, code] of [
    ["a limiter", { rateLimit: { binding: "KIND" } }, "rate_limit_unavailable"],
    ["a store that counts", { rateLimit: { store: "KIND", calls: 9, periodSeconds: 60 } }, "rate_limit_unavailable"],
    ["a queue", { log: { mode: "required", sink: { type: "queue", binding: "KIND" } } }, "log_unavailable"],
  ] as const) {
    test(`denies every call if a KV namespace has the name of ${what}`, async () => {
      await using simulation = await Simulation.start(worker(config, { kvNamespaces: { KIND: "kind" } }));
      assert.deepEqual(await simulation.ask(), problem(503, code));
    });
  }
});
