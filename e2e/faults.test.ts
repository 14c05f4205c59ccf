/** Faults around a host: callers that stall or disconnect, and a host that is killed. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { BackgroundLoad, type Tally } from "./support/background-load.ts";
import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Host, runtimes, startWorker } from "./support/hosts.ts";
import { probe } from "./support/probe.ts";
import { Connection, head } from "./support/raw.ts";

const control = controlCase(crm);
const call = askOf(control);
const body = call.body ?? Buffer.alloc(0);
const settings = { variables: { CALLGATE_API_KEYS: apiKey } };

/** The lines of the head of an authenticated call. */
const lines = [
  "POST /evaluate HTTP/1.1",
  "host: callgate",
  `authorization: Bearer ${apiKey}`,
  "content-type: application/json",
];
const declared = head(...lines, `content-length: ${body.length}`);
const chunked = head(...lines, "transfer-encoding: chunked");

/** The time limit for the response to a truncated request on a busy machine, in milliseconds. */
const answerLimit = 20_000;

// The tests mostly wait, and each starts its own hosts.
describe("a fault", { concurrency: true }, () => {
  for (const { name, start } of runtimes) {
    test(`bodies of one byte a second do not delay other callers on ${name}`, async () => {
      await using host = await start(crm, settings);
      const load = BackgroundLoad.start(host.url, crm);
      const connections = await openMany(host, 20);
      for (const connection of connections) connection.send(declared);
      for (const byte of body.subarray(0, 30)) {
        for (const connection of connections) connection.send(Buffer.of(byte));
        await delay(1_000);
      }
      await assertIncomplete(connections);
      tell(`20 bodies of one byte a second, ${name}`, await load.stop());
      await stillDecides(host);
    });

    test(`chunks without an end do not delay other callers on ${name}`, async () => {
      await using host = await start(crm, settings);
      const load = BackgroundLoad.start(host.url, crm);
      const connections = await openMany(host, 100);
      // The allowed call is complete, except for the final chunk.
      const chunk = `${body.length.toString(16)}\r\n${body.toString()}\r\n`;
      for (const connection of connections) connection.send(chunked + chunk);
      await delay(5_000);
      await assertIncomplete(connections);
      tell(`100 bodies without a last chunk, ${name}`, await load.stop());
      await stillDecides(host);
    });

    test(`callers that disconnect do not delay other callers on ${name}`, async () => {
      await using host = await start(crm, settings);
      const load = BackgroundLoad.start(host.url, crm);
      const broken = [declared.slice(0, 40), declared, declared + body.subarray(0, -1).toString(), chunked + "40\r\n{"];
      for (let round = 0; round < 50; round += 1) {
        const connections = await openMany(host, 20);
        for (const [at, connection] of connections.entries()) connection.send(broken[at % broken.length] ?? "");
        // Some disconnect before the host has read anything, and some later.
        await delay(round % 10);
        for (const connection of connections) {
          assert.deepEqual(connection.answers(), [], "a truncated call got a response");
          connection.reset();
        }
      }
      tell(`1,000 connections broken within a call, ${name}`, await load.stop());
      await stillDecides(host);
    });

    test(`idle connections do not delay other callers on ${name}`, async () => {
      const count = Math.min(5_000, openFiles() - 500);
      // Some runtimes accept 1,000 connections by default, and the next one waits.
      await using host = await start(crm, { ...settings, connections: 2 * count });
      const idle: Connection[] = [];
      while (idle.length < count) idle.push(...(await openMany(host, 50)));
      // Some send nothing at all, and some stop within the head.
      for (const connection of idle.slice(0, count / 2)) connection.send(declared.slice(0, 60));
      const load = BackgroundLoad.start(host.url, crm);
      await delay(3_000);
      const tally = await load.stop();
      for (const connection of idle) connection.close();
      tell(`${count} idle connections, ${name}`, tally);
      await stillDecides(host);
    });

    test(`the host is killed and started again under load on ${name}`, async () => {
      const port = await freePort();
      let host = await start(crm, { ...settings, port });
      try {
        const load = BackgroundLoad.start(host.url, crm, { count: 8, mayFail: true });
        for (let round = 0; round < 5; round += 1) {
          const before = load.answered;
          while (load.answered < before + 200) await delay(10);
          const half = await Connection.open(host.url);
          half.send(declared + body.subarray(0, -1).toString());
          await host.kill();
          await half.wait(1, answerLimit);
          assert.deepEqual(half.answers(), [], "a call got a response from a host that was killed during it");
          half.close();
          host = await start(crm, { ...settings, port });
          // The first call after the start is decided.
          await stillDecides(host);
        }
        tell(`killed 5 times under 8 callers, ${name}`, await load.stop());
      } finally {
        await host[Symbol.asyncDispose]();
      }
    });
  }

  test("a trap in the Worker's wasm ends what waits, and the next call is decided by a new instance", async () => {
    await using worker = await startWorker(crm, { ...settings, main: probe });
    const trap = worker.others.get("Trap");
    assert.ok(trap);
    for (let round = 0; round < 3; round += 1) {
      const waiting = await Connection.open(worker.url);
      waiting.send(`${chunked}${body.length.toString(16)}\r\n${body.toString()}\r\n`);
      // A call that is answered shows that the one before it has arrived.
      await stillDecides(worker);
      assert.equal((await exchange(trap, call)).status, 500);
      await stillDecides(worker);
      waiting.send("0\r\n\r\n");
      const [answer] = await waiting.wait(1, answerLimit);
      waiting.close();
      // The memory that the call waited in is gone.
      assert.equal(answer?.status, 500);
    }
  });
});

function openMany(host: Host, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(host.url)));
}

/** Ends the started requests: none may have a response yet, and all are denied as incomplete. */
async function assertIncomplete(connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) {
    assert.deepEqual(connection.answers(), [], "a truncated call got a response");
    connection.finish();
  }
  for (const connection of connections) {
    const [answer] = await connection.wait(1, answerLimit);
    connection.close();
    assert.equal(answer?.status, 400);
    const { decision, code } = JSON.parse(answer.body.toString()) as { decision: string; code: string };
    assert.deepEqual({ decision, code }, { decision: "Deny", code: "body_incomplete" });
  }
}

async function stillDecides({ url }: Host): Promise<void> {
  assertExpected(control, await exchange(url, call));
}

function tell(fault: string, { answered, unanswered, p50, p99 }: Tally): void {
  const lost = unanswered === 0 ? "" : `, ${unanswered} failed to connect`;
  console.log(`${fault}: ${answered} other calls answered${lost}, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
}

/**
 * A port that is not assigned to outgoing connections: a connection made while the host is down could otherwise take
 * the host's port, and even connect to itself.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, "127.0.0.1");
    // A port that is in use causes an error, and another one is tried.
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}

/** The limit on open files and connections of a process; a common value if the system does not report it. */
function openFiles(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}
