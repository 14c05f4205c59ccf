/** Decision records on standard output: one per decision, with the same content as the response. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { allowed, bearer, callWith, outcomeOf, problem, refund } from "./support/calls.ts";
import { apiKey, callgate, crm } from "./support/environment.ts";
import { type Answer, type Ask, exchange } from "./support/exchange.ts";
import { runtimes, startSpinApp, startWorker } from "./support/hosts.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
const key = bearer(apiKey);

function variablesOf(log: object): Record<string, string> {
  return { CALLGATE_API_KEYS: `crm-host:${apiKey}`, CALLGATE_CONFIG: JSON.stringify({ log }) };
}

/** A call that was recorded. */
interface Event {
  readonly id: string;
  readonly subject?: string;
  readonly traceparent: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A host's standard output. */
class Output {
  readonly lines: string[] = [];
  readonly onLine = (line: string) => void this.lines.push(line);

  /** The next `count` lines. Fails if there are fewer or more. */
  async take(count: number): Promise<readonly string[]> {
    const started = Date.now();
    while (this.lines.length < count && Date.now() - started < 20_000) await delay(5);
    // An extra line would arrive now.
    await delay(50);
    const lines = this.lines.splice(0);
    assert.equal(lines.length, count, lines.join("\n"));
    return lines;
  }
}

/** The content that a response and its record share. */
function shared(said: Readonly<Record<string, unknown>>) {
  const { decisionId, decision, code, rule = null, policy } = said;
  return { decisionId, decision, code, rule, policy };
}

for (const { name, start } of runtimes) {
  describe(`standard output of ${name}`, { concurrency: true }, () => {
    test("has one record for each decision, with the same content as the response", async () => {
      const output = new Output();
      const variables = variablesOf({ mode: "best-effort", sink: { type: "stdout" } });
      await using host = await start(crm, { variables, onLine: output.onLine });
      const ask = (call: object, more = {}) => exchange(host.url, callWith({ ...key, ...more }, call));

      for (const call of [refund, { ...refund, args: { amount: 800 } }, { tool: "no_such_tool" }]) {
        const full = { ...call, role: "agent", server: "crm", traceId: "run-7" };
        const answer = await ask(full, { traceparent });
        assert.equal(answer.headers["traceparent"]?.split("-")[1], trace);
        const [line = ""] = await output.take(1);
        const { data, ...event } = JSON.parse(line) as Event;
        const answered = JSON.parse(answer.body.toString()) as Record<string, unknown>;
        assert.deepEqual(shared(data), shared(answered));
        const { roles, principal, server, run, tool, traceId, argsDigest } = data;
        assert.deepEqual(
          { roles, principal, server, run, tool, traceId, argsDigest },
          {
            roles: ["agent"],
            principal: "crm-host",
            server: "crm",
            run: "run-7",
            tool: call.tool,
            traceId: trace,
            argsDigest: answered["argsDigest"],
          },
        );
        assert.deepEqual([event.id, event.subject], [answered["decisionId"], call.tool]);
        assert.equal(event.traceparent.split("-")[1], trace);
        assert.ok(!line.includes("amount"), "an argument is recorded");
      }

      // Without a trace, a new one starts, and the response contains it.
      const answer = await ask({ ...refund, role: "agent" });
      const begun = (JSON.parse((await output.take(1))[0] ?? "") as Event).traceparent;
      assert.equal(answer.headers["traceparent"], begun);
    });

    test("has records of rejected calls, and none of unauthenticated requests", async () => {
      const output = new Output();
      const variables = variablesOf({ mode: "required", sink: { type: "stdout" } });
      await using host = await start(crm, { variables, onLine: output.onLine });
      const recorded = async (ask: Ask) => {
        const { status } = await exchange(host.url, ask);
        const [line = ""] = await output.take(1);
        const { decision, code, tool } = (JSON.parse(line) as Event).data;
        return { status, decision, code, tool };
      };
      const call = callWith(key, { ...refund, role: "agent" });
      const refusal = (status: number, code: string) => ({ ...problem(status, code), tool: undefined });
      assert.deepEqual(await recorded({ ...call, body: Buffer.from("{") }), refusal(400, "invalid_json"));
      assert.deepEqual(await recorded({ ...call, body: Buffer.alloc(300_000) }), refusal(413, "body_too_large"));
      const typed = { ...call, headers: { ...call.headers, "content-type": "text/plain" } };
      assert.deepEqual(await recorded(typed), refusal(415, "unsupported_media_type"));

      await exchange(host.url, { ...call, headers: { "content-type": "application/json" } });
      await exchange(host.url, { ...call, headers: { ...call.headers, ...bearer(`${apiKey}x`) } });
      for (const path of ["/policy", "/healthz", "/openapi.json", "/nothing"]) {
        await exchange(host.url, { method: "GET", path, headers: key });
      }
      await output.take(0);

      const calls = [200, 800, 5].map((amount) => ({ ...refund, args: { amount }, role: "agent" }));
      const batch = await exchange(host.url, { ...callWith(key, { calls }), path: "/evaluate/batch" });
      const { decisions } = JSON.parse(batch.body.toString()) as { decisions: Record<string, unknown>[] };
      const events = (await output.take(3)).map((line) => JSON.parse(line) as Event);
      assert.deepEqual(events.map(({ data }) => shared(data)), decisions.map(shared));
      assert.equal(new Set(events.map(({ data }) => data["traceId"])).size, 1, "a batch is one trace");
    });

    test("has complete lines and valid chains for concurrent calls", async () => {
      const output = new Output();
      const log = { mode: "required", format: "opa", arguments: "masked", mask: ["note"], chain: true };
      await using host = await start(crm, { variables: variablesOf(log), onLine: output.onLine });
      const args = { amount: 200, note: "a secret\nof two lines" };
      const calls = Array.from({ length: 200 }, (_, at) =>
        callWith(key, { ...refund, args: { ...args, order_id: `ünïcode "${at}"` }, role: "agent" }),
      );
      const answers: Answer[] = [];
      const caller = async () => {
        for (let call = calls.pop(); call !== undefined; call = calls.pop()) answers.push(await exchange(host.url, call));
      };
      await Promise.all(Array.from({ length: 16 }, caller));
      const lines = await output.take(200);
      const ids = lines.map((line) => (JSON.parse(line) as Record<string, unknown>)["decision_id"]);
      const answered = answers.map(({ body }) => (JSON.parse(body.toString()) as Record<string, unknown>)["decisionId"]);
      assert.deepEqual(ids.toSorted(), answered.toSorted());
      assert.ok(lines.every((line) => line.includes('"amount":200') && !line.includes("secret")));

      assert.equal(await verify(lines), 0);
      // A changed record is found, and so is a record that is removed from the middle of a chain.
      const second = lines.map(chainOf).find(({ sequence }) => sequence === 1);
      assert.ok(second, "no instance responded twice");
      const isFirst = (line: string) => chainOf(line).id === second.id && chainOf(line).sequence === 0;
      assert.equal(await verify(lines.map((line) => (isFirst(line) ? line.replace('"Allow"', '"Deny"') : line))), 1);
      assert.equal(await verify(lines.filter((line) => !isFirst(line))), 1);
    });
  });
}

describe("closed standard output", { concurrency: true }, () => {
  const call = callWith(key, { ...refund, role: "agent" });
  const settings = (mode: string) => ({ variables: variablesOf({ mode }), isOutputClosed: true });

  test("denies calls on wasmtime only if records are required", async () => {
    for (const [mode, expected] of [
      ["required", problem(503, "log_unavailable")],
      ["best-effort", allowed],
    ] as const) {
      await using host = await startSpinApp(crm, settings(mode));
      for (let round = 0; round < 3; round += 1) assert.deepEqual(outcomeOf(await exchange(host.url, call)), expected);
    }
  });

  test("is not reported to the Worker, which continues", async () => {
    // Cloudflare's runtime stores the output itself, so it cannot be closed.
    await using host = await startWorker(crm, settings("required"));
    for (let round = 0; round < 3; round += 1) assert.deepEqual(outcomeOf(await exchange(host.url, call)), allowed);
  });
});

/** The position of a record in its chain. */
function chainOf(line: string): { readonly id: string; readonly sequence: number } {
  const { result } = JSON.parse(line) as { result: { chain: { id: string; sequence: number } } };
  return result.chain;
}

/** The exit code of `callgate log verify` for lines: 0 if no chain is broken, 1 if one is. */
async function verify(lines: readonly string[]): Promise<number | null> {
  const child = spawn(callgate(), ["log", "verify"], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.on("error", () => {});
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}
