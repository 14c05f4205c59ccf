/**
 * A failing record collector: it changes no decision in `best-effort` mode, and denies all calls in `required` mode.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { BackgroundLoad } from "./support/background-load.ts";
import { type Outcome, allowed, bearer, callWith, outcomeOf, problem, refund } from "./support/calls.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Host, runtimes } from "./support/hosts.ts";
import { Connection, head } from "./support/raw.ts";
import { type Behaviour, StubService, breakOff, hang, reply } from "./support/stub-service.ts";

const call = callWith(bearer(apiKey), { ...refund, role: "agent" });
const denied = callWith(bearer(apiKey), { ...refund, args: { amount: 800 }, role: "agent" });
const unavailable = problem(503, "log_unavailable");
const took = reply(200);
const token = "token-of-the-collector";

/** The timeout of the collector, in milliseconds: longer than any call that does not wait for it. */
const timeoutMillis = 3_000;

interface Event {
  readonly id: string;
  readonly data: { readonly decision: string; readonly code: string; readonly dropped?: number };
}

/** The records that a collector accepted, in order of arrival. */
class Collector {
  readonly service: StubService;
  readonly events: Event[] = [];
  #behaviour: Behaviour = took;

  private constructor(service: StubService) {
    this.service = service;
  }

  static async start(): Promise<Collector> {
    const service = await StubService.start(took);
    const collector = new Collector(service);
    service.behaviour = (response, received) => {
      // The collector has exactly the records that it acknowledged.
      if (collector.#behaviour === took) collector.events.push(...(JSON.parse(received.body.toString()) as Event[]));
      collector.#behaviour(response, received);
    };
    return collector;
  }

  set behaviour(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  /** The number of its records without duplicates, and the number of lost records that they report. */
  get tally(): { taken: number; dropped: number } {
    const dropped = this.events.reduce((sum, { data }) => sum + (data.dropped ?? 0), 0);
    return { taken: new Set(this.events.map(({ id }) => id)).size, dropped };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

/** The actions of a collector that does not accept records. */
const faults: Readonly<Record<string, Behaviour>> = {
  "answers 500": reply(500),
  "answers 302": reply(302, "", { location: "/decisions" }),
  "closes the connection early": breakOff,
  hangs: hang,
  "takes two seconds": (response) => void setTimeout(() => response.writeHead(500).end(), 2_000),
};

/** Delays that no time limit on a part of a response ends. */
const endless: Readonly<Record<string, Behaviour>> = {
  "sends interim responses": (response) => {
    const timer = setInterval(() => response.writeProcessing(), 100);
    response.on("close", () => clearInterval(timer));
  },
};

function settingsOf(collector: Collector, mode: string, sink: object, limits = {}) {
  const url = `http://127.0.0.1:${collector.service.port}/decisions`;
  const log = { mode, sink: { type: "https", url, timeoutMillis, ...sink } };
  const variables = {
    CALLGATE_API_KEYS: apiKey,
    CALLGATE_LOG_TOKEN: token,
    CALLGATE_CONFIG: JSON.stringify({ log, limits }),
  };
  // An instance that stops loses its count of lost records, so one instance must handle all calls.
  return { variables, isOneInstance: true, outboundPort: collector.service.port };
}

async function ask(host: Host): Promise<Outcome> {
  return outcomeOf(await exchange(host.url, call));
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  const started = Date.now();
  while (!holds()) {
    assert.ok(Date.now() - started < 20_000, what());
    await delay(20);
  }
}

// The tests mostly wait, and each starts its own host.
describe("a collector", { concurrency: 3 }, () => {
  for (const { name, start } of runtimes) {
    test(`gets each record once, in batches, from ${name}`, async () => {
      await using collector = await Collector.start();
      const sink = { batch: 10, batchWaitMillis: 100 };
      await using host = await start(crm, settingsOf(collector, "best-effort", sink));
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(Array.from({ length: 13 }, async () => assert.deepEqual(await ask(host), allowed)));
      }
      await until(() => collector.events.length >= 65, () => `only ${collector.events.length} of 65 records came`);
      assert.deepEqual(collector.tally, { taken: 65, dropped: 0 });
      assert.equal(collector.events.length, 65);
      for (const { method, path, headers, body } of collector.service.received) {
        assert.deepEqual([method, path], ["POST", "/decisions"]);
        assert.equal(headers.authorization, `Bearer ${token}`);
        assert.equal(headers["content-type"], "application/cloudevents-batch+json");
        assert.ok((JSON.parse(body.toString()) as unknown[]).length <= 10);
      }
      assert.ok(collector.service.received.length < 65, "no record waits for a batch");
    });

    test(`that fails does not delay decisions of ${name}`, async () => {
      await using collector = await Collector.start();
      const sink = { batch: 100, batchWaitMillis: 50, attempts: 1 };
      await using host = await start(crm, settingsOf(collector, "best-effort", sink, { logQueue: 200 }));
      let decided = 0;
      const observe = async (what: string) => {
        const load = BackgroundLoad.start(host.url, crm);
        await delay(1_000);
        const { answered, p50, p99 } = await load.stop();
        decided += answered;
        console.log(`collector ${what}, ${name}: ${answered} calls, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
        assert.ok(p99 < timeoutMillis / 2, `calls wait for a collector that ${what}`);
      };
      await observe("takes all");
      for (const [what, fault] of Object.entries(faults)) {
        collector.behaviour = fault;
        await observe(what);
      }
      await collector.service.close();
      await observe("is down");
      await collector.service.open();
      collector.behaviour = took;
      // Each instance reports its lost records in the next record: none is missing, and none is counted twice.
      const started = Date.now();
      for (let sum = 0; sum !== decided; sum = collector.tally.taken + collector.tally.dropped) {
        assert.ok(sum < decided && Date.now() - started < 20_000, `${JSON.stringify(collector.tally)} of ${decided}`);
        await Promise.all(Array.from({ length: 4 }, async () => assert.deepEqual(await ask(host), allowed)));
        decided += 4;
        await delay(500);
      }
      assert.ok(collector.tally.dropped > 0);
    });

    test(`that fails denies calls if ${name} requires its records`, async () => {
      await using collector = await Collector.start();
      await using host = await start(crm, settingsOf(collector, "required", { timeoutMillis: 500 }));
      let lost = 0;
      const allows = async (what: string) => {
        const answer = await exchange(host.url, call);
        assert.deepEqual(outcomeOf(answer), allowed, what);
        const { decisionId } = JSON.parse(answer.body.toString()) as { decisionId: string };
        const event = collector.events.at(-1);
        assert.equal(event?.id, decisionId, "a response was sent before its record was accepted");
        return event.data.dropped ?? 0;
      };
      assert.equal(await allows("before all faults"), 0);
      for (const [what, fault] of Object.entries({ ...faults, ...endless })) {
        collector.behaviour = fault;
        for (const asked of [call, denied]) {
          const answer = await exchange(host.url, asked);
          assert.deepEqual(outcomeOf(answer), unavailable, what);
          assert.doesNotMatch(answer.body.toString(), /allow|amount|refund/i);
          lost += 1;
        }
        collector.behaviour = took;
        assert.equal(await allows(`after it ${what}`), lost, "the next record reports the lost records");
        lost = 0;
      }
      await collector.service.close();
      assert.deepEqual(await ask(host), unavailable, "is down");
      await collector.service.open();
      await allows("after it is down");
    });

    test(`gets no Allow record of a truncated call from ${name}`, async () => {
      await using collector = await Collector.start();
      await using host = await start(crm, settingsOf(collector, "required", {}));
      const { body = Buffer.alloc(0), headers } = call;
      const fields = Object.entries(headers).map(([field, value]) => `${field}: ${value}`);
      const declared = head("POST /evaluate HTTP/1.1", "host: callgate", ...fields, `content-length: ${body.length + 1}`);
      for (let round = 0; round < 20; round += 1) {
        const connection = await Connection.open(host.url);
        connection.send(declared + body.toString());
        await delay(round);
        connection.reset();
      }
      assert.deepEqual(await ask(host), allowed);
      await delay(500);
      const codes = collector.events.map(({ data }) => data.code).filter((code) => code !== "body_incomplete");
      assert.deepEqual(codes, ["allowed"]);
    });
  }
});
