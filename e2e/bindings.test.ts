/** Cloudflare bindings of a Worker: a queue for records, and a rate limit. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { allowed, bearer, callWith, outcomeOf, problem, refund, refused } from "./support/calls.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Host, startSpinApp, startWorker } from "./support/hosts.ts";
import { type Behaviour, StubService, breakOff, hang, reply } from "./support/stub-service.ts";

const otherKey = "other-key-0123456789abcdef0123456789abcdef";
const body = { ...refund, role: "agent" };
const call = callWith(bearer(apiKey), body);

function variablesOf(config: object): Record<string, string> {
  return { CALLGATE_API_KEYS: `crm-host:${apiKey} desk:${otherKey}`, CALLGATE_CONFIG: JSON.stringify(config) };
}

async function ask(host: Host, asked = call) {
  return outcomeOf(await exchange(host.url, asked));
}

// The tests mostly wait, and each starts its own hosts.
describe("Worker bindings", { concurrency: true }, () => {
  describe("a queue of records", { concurrency: true }, () => {
    const took = reply(200, { metadata: { metrics: { backlogCount: 1, backlogBytes: 1 } } });
    const variables = (mode: string) => variablesOf({ log: { mode, sink: { type: "queue", binding: "DECISIONS" } } });
    const unavailable = problem(503, "log_unavailable");

    interface Event {
      readonly id: string;
      readonly data: { readonly decision: string; readonly dropped?: number };
    }

    /** The records that the runtime sent to a queue. */
    function eventsOf({ received }: StubService): readonly Event[] {
      return received.flatMap(({ body: sent }) => {
        const { messages } = JSON.parse(sent.toString()) as { messages: { body: string; contentType: string }[] };
        return messages.map(({ body: text, contentType }) => {
          assert.equal(contentType, "text");
          return JSON.parse(Buffer.from(text, "base64").toString()) as Event;
        });
      });
    }

    test("gets a message for each record", async () => {
      await using service = await StubService.start(took);
      const bindings = { DECISIONS: { type: "queue", to: service.port } } as const;
      await using worker = await startWorker(crm, { variables: variables("required"), bindings });
      const calls = Array.from({ length: 100 }, (_, at) => ({ ...body, args: { amount: at % 2 === 0 ? 200 : 800 } }));
      const answer = await exchange(worker.url, { ...callWith(bearer(apiKey), { calls }), path: "/evaluate/batch" });
      const { decisions } = JSON.parse(answer.body.toString()) as { decisions: { decisionId: string; decision: string }[] };
      assert.equal(decisions.length, 100);
      assert.deepEqual(
        eventsOf(service).map(({ id, data }) => [id, data.decision]),
        decisions.map(({ decisionId, decision }) => [decisionId, decision]),
      );
    });

    test("that fails denies calls if it is required, and no longer after it recovers", async () => {
      await using service = await StubService.start(took);
      const bindings = { DECISIONS: { type: "queue", to: service.port } } as const;
      await using worker = await startWorker(crm, { variables: variables("required"), bindings });
      const faults: readonly Behaviour[] = [reply(500), reply(429), breakOff, hang];
      for (const fault of faults) {
        service.behaviour = fault;
        assert.deepEqual(await ask(worker), unavailable);
        service.behaviour = took;
        assert.deepEqual(await ask(worker), allowed);
        assert.equal(eventsOf(service).at(-1)?.data.dropped, 1);
      }
      await service.close();
      assert.deepEqual(await ask(worker), unavailable);
      await service.open();
      assert.deepEqual(await ask(worker), allowed);
    });

    test("that fails does not delay calls if it is not required", async () => {
      await using service = await StubService.start(hang);
      const bindings = { DECISIONS: { type: "queue", to: service.port } } as const;
      await using worker = await startWorker(crm, { variables: variables("best-effort"), bindings });
      for (const fault of [hang, reply(500), breakOff]) {
        service.behaviour = fault;
        const started = performance.now();
        for (let round = 0; round < 5; round += 1) assert.deepEqual(await ask(worker), allowed);
        assert.ok(performance.now() - started < 4_000, "a call waits for the queue");
      }
    });

    test("that is missing denies calls if it is required", async () => {
      await using worker = await startWorker(crm, { variables: variables("required") });
      assert.deepEqual(await ask(worker), unavailable);
      await using spin = await startSpinApp(crm, { variables: variables("required") });
      assert.deepEqual(await ask(spin), unavailable);
      await using another = await startSpinApp(crm, { variables: variables("best-effort") });
      assert.deepEqual(await ask(another), allowed);
    });
  });

  describe("a rate limit", { concurrency: 4 }, () => {
    const variables = variablesOf({ rateLimit: { binding: "RATE" } });
    const unavailable = problem(503, "rate_limit_unavailable");

    /** An entry point that acts as the binding and returns the promise of `answer` for a key. */
    function limiter(answer: string) {
      return {
        main: {
          entryPoints: [],
          modules: {
            "main.js": `
              import { WorkerEntrypoint } from "cloudflare:workers";
              import Edge from "./index.js";
              export default Edge;
              const counts = new Map();
              export class Rate extends WorkerEntrypoint {
                async limit({ key }) {
                  const count = (counts.get(key) ?? 0) + 1;
                  counts.set(key, count);
                  ${answer}
                }
              }
            `,
          },
        },
        bindings: { RATE: { type: "service", to: "Rate" } },
      } as const;
    }

    test("denies a caller beyond it, and no other", async () => {
      await using worker = await startWorker(crm, { variables, ...limiter("return { success: count <= 3 };") });
      const another = callWith(bearer(otherKey), body);
      for (let count = 1; count <= 3; count += 1) assert.deepEqual(await ask(worker), allowed);
      const contract = await Contract.read(worker.url);
      for (let count = 1; count <= 3; count += 1) {
        const answer = await exchange(worker.url, call);
        assert.deepEqual(outcomeOf(answer), problem(429, "rate_limited"));
        contract.assertForeseen(call, answer);
      }
      assert.deepEqual(await ask(worker, another), allowed);
      // Unauthenticated callers do not count.
      for (let count = 1; count <= 5; count += 1) {
        assert.deepEqual(await ask(worker, callWith(bearer(`${otherKey}x`), body)), refused);
      }
      assert.deepEqual([await ask(worker, another), await ask(worker, another)], [allowed, allowed]);
      assert.deepEqual(await ask(worker, another), problem(429, "rate_limited"));
    });

    for (const [what, answer] of [
      ["fails", 'throw new Error("down");'],
      ["returns nothing", "return {};"],
      ["returns a value that is not a boolean", 'return { success: "yes" };'],
      ["never returns", "await new Promise(() => setTimeout(() => {}, 3_600_000));"],
    ] as const) {
      test(`denies calls if the binding ${what}`, async () => {
        await using worker = await startWorker(crm, { variables, ...limiter(answer) });
        assert.deepEqual(await ask(worker), unavailable);
      });
    }

    test("denies calls if the binding is missing", async () => {
      await using worker = await startWorker(crm, { variables });
      assert.deepEqual(await ask(worker), unavailable);
      for (const rateLimit of [{ binding: "RATE" }, { store: "default", calls: 10, periodSeconds: 60 }]) {
        await using spin = await startSpinApp(crm, { variables: variablesOf({ rateLimit }) });
        assert.deepEqual(await ask(spin), unavailable);
      }
      await using another = await startWorker(crm, {
        variables: variablesOf({ rateLimit: { store: "default", calls: 10, periodSeconds: 60 } }),
      });
      assert.deepEqual(await ask(another), unavailable);
    });

    test("does not delay other calls", async () => {
      const slow = "if (count > 1) await new Promise((done) => setTimeout(done, 3_000)); return { success: true };";
      await using worker = await startWorker(crm, { variables, ...limiter(slow) });
      assert.deepEqual(await ask(worker), allowed);
      const waiting = ask(worker);
      await delay(50);
      const started = performance.now();
      assert.deepEqual(await ask(worker, callWith(bearer(otherKey), body)), allowed);
      assert.ok(performance.now() - started < 2_500, "a call waits for another one's count");
      assert.deepEqual(await waiting, allowed);
    });
  });
});
