/** The largest accepted and rejected bodies, and their memory use. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { apiKey, crm } from "./support/environment.ts";
import { type Answer, type Ask, exchange } from "./support/exchange.ts";
import { type Host, type Hosts, startHostsWith } from "./support/hosts.ts";
import { linearMemory, probe } from "./support/probe.ts";
import { Connection, head } from "./support/raw.ts";

/** The maximum length of a body, in bytes. */
const bodyLimit = 262_144;
/** The memory limit for any instance, in bytes. */
const memoryLimit = 64 * 1_024 * 1_024;
/** The number of concurrent calls per instance of the WASI host by default. */
const concurrency = 16;

const control = controlCase(crm);
const call = askOf(control);

/** Arguments of one kind that fill a body up to `length` bytes. */
const kinds: Readonly<Record<string, (length: number) => string>> = {
  "one string": (length) => `"${"x".repeat(length - 2)}"`,
  "one string of escapes": (length) => `"${"\\u0041".repeat(Math.floor((length - 2) / 6))}"`,
  "an array of numbers": (length) => `[${"0,".repeat(Math.floor((length - 3) / 2))}0]`,
  "an array of empty objects": (length) => `[${"{},".repeat(Math.floor((length - 4) / 3))}{}]`,
  "an object of many names": (length) => object(length),
  "arrays up to the depth": (length) => `[${`${"[".repeat(28)}${"]".repeat(28)},`.repeat(Math.floor((length - 3) / 57))}0]`,
  "a number of many digits": (length) => `0.${"9".repeat(length - 2)}`,
};

function object(length: number): string {
  const members = Array.from({ length: Math.floor((length - 2) / 12) }, (_, at) => `"${at.toString(36).padStart(7, "_")}":0`);
  return `{${members.join(",")}}`;
}

/** An allowed call of view_customer with `value` among its arguments. */
function callWith(value: string): Buffer {
  return Buffer.from(`{"tool":"view_customer","role":"agent","args":{"a":${value}}}`);
}
const frame = callWith("").length;

describe("a large body", () => {
  let hosts: Hosts;
  /** workerd does not limit memory, so the suite checks its size. */
  let worker: Host;

  before(async () => {
    hosts = await startHostsWith(crm, { variables: { CALLGATE_API_KEYS: apiKey }, main: probe, memoryLimit });
    const found = hosts.all.find(({ others }) => others.has("Memory"));
    assert.ok(found, "no host was started with the probe");
    worker = found;
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  async function stillDecides(): Promise<void> {
    for (const { url } of hosts.all) assertExpected(control, await exchange(url, call));
    assert.ok((await linearMemory(worker)) < memoryLimit);
  }

  for (const [kind, value] of Object.entries(kinds)) {
    test(`of ${kind} is decided, many at a time`, async () => {
      const body = callWith(value(bodyLimit - frame));
      assert.ok(body.length <= bodyLimit && body.length > bodyLimit - 64, `the body has ${body.length} bytes`);
      for (const { url } of hosts.all) {
        const asked = Array.from({ length: 2 * concurrency }, () => exchange(url, { ...call, body }));
        const said = new Set((await Promise.all(asked)).map((answer) => `${answer.status} ${codeOf(answer.body)}`));
        assert.equal(said.size, 1, [...said].join(", "));
        // The replacement for the tool's own arguments is undeclared, which is a decision too.
        assert.match([...said][0] ?? "", /^200 (allowed|undeclared_argument|condition_failed|condition_unknown)$/);
      }
      await stillDecides();
    });
  }

  test("of a hundred calls is decided, many at a time", async () => {
    const calls = Array.from({ length: 100 }, () => callWith(`"${"x".repeat(2_500)}"`).toString());
    const ask: Ask = { ...call, path: "/evaluate/batch", body: Buffer.from(`{"calls":[${calls.join(",")}]}`) };
    for (const { url } of hosts.all) {
      const answers = await Promise.all(Array.from({ length: 2 * concurrency }, () => exchange(url, ask)));
      for (const { status } of answers) assert.equal(status, 200);
    }
    await stillDecides();
  });

  test("with a delayed last byte is decided, many at a time", async () => {
    const body = callWith(`"${"x".repeat(bodyLimit - frame - 2)}"`);
    assert.equal(body.length, bodyLimit);
    const begun = Buffer.concat([beginning(`content-length: ${body.length}`), body.subarray(0, -1)]);
    for (const { url } of hosts.all) {
      const connections = await Promise.all(Array.from({ length: 4 * concurrency }, () => Connection.open(url)));
      for (const connection of connections) connection.send(begun);
      // By then, each instance has as many requests as it accepts concurrently.
      await delay(500);
      for (const connection of connections) connection.send(body.subarray(-1));
      for (const connection of connections) {
        const [answer] = await connection.wait(1, 20_000);
        connection.close();
        assert.equal(answer?.status, 200);
      }
    }
    await stillDecides();
  });

  for (const [kind, length] of [
    ["one string", 30_000_000],
    ["an array of numbers", 6_000_000],
    ["an object of many names", 30_000_000],
  ] as const) {
    const value = kinds[kind];
    assert.ok(value);
    const body = callWith(value(length));

    test(`of ${length / 1e6} MB of ${kind} is refused by its length`, async () => {
      for (const { url } of hosts.all) {
        const { status, body: said } = await exchange(url, { ...call, body });
        assert.equal(`${status} ${codeOf(said)}`, "413 body_too_large");
      }
      await stillDecides();
    });

    test(`of ${length / 1e6} MB of ${kind} is refused while it arrives`, async () => {
      for (const host of hosts.all) {
        const { answer, sent } = await sendInChunks(host, body);
        assert.equal(`${answer?.status} ${codeOf(answer?.body)}`, "413 body_too_large", host.name);
        console.log(`${length / 1e6} MB of ${kind} in chunks, ${host.name}: refused after ${sent} bytes`);
      }
      await stillDecides();
    });
  }

  test("without a key is refused before it arrives", async () => {
    const body = Buffer.alloc(30_000_000, " ");
    for (const host of hosts.all) {
      const { answer, sent } = await sendInChunks(host, body, {});
      assert.equal(`${answer?.status} ${codeOf(answer?.body)}`, "401 unauthenticated", host.name);
      assert.ok(sent <= bodyLimit, `${host.name} read ${sent} bytes`);
    }
    await stillDecides();
  });

  test("that never arrives leaks nothing on workerd", async () => {
    const begun = Buffer.concat([beginning("content-length: 100"), Buffer.from("{")]);
    const sizes: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let turn = 0; turn < 30; turn += 1) {
        const connections = await Promise.all(Array.from({ length: 50 }, () => Connection.open(worker.url)));
        for (const connection of connections) connection.send(begun);
        // By then, the Worker waits for the rest.
        await delay(10);
        for (const connection of connections) connection.reset();
      }
      await stillDecides();
      sizes.push(await linearMemory(worker));
    }
    // Memory grows in pages of 64 KiB. Garbage temporarily takes one or two pages; if each caller leaked its call, the
    // last rounds would have taken eight.
    const [first = 0, last = 0] = [sizes.at(0), sizes.at(-1)];
    assert.ok(last - first <= 2 * 65_536, `the linear memory grows: ${sizes.join(", ")}`);
  });

  test("leaves no instance with 64 MiB", async () => {
    await stillDecides();
    const linear = ((await linearMemory(worker)) / 1_048_576).toFixed(1);
    const resident = hosts.all.map((host) => `${host.name} ${((host.memory()?.now ?? 0) / 1_048_576).toFixed(0)} MiB`);
    console.log(`after all large bodies: ${linear} MiB of linear memory on workerd; resident: ${resident.join(", ")}`);
  });
});

/** The head of a call with the body framing `framing`. */
function beginning(framing: string, headers = call.headers): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(head("POST /evaluate HTTP/1.1", "host: callgate", ...lines, framing));
}

/** Sends a body until the host responds or closes the connection. */
async function sendInChunks(host: Host, body: Buffer, headers = call.headers): Promise<{ answer: Answer | undefined; sent: number }> {
  const connection = await Connection.open(host.url);
  connection.send(beginning("transfer-encoding: chunked", headers));
  const size = 65_536;
  let sent = 0;
  while (sent < body.length && connection.end === "open" && connection.answers().length === 0) {
    const chunk = body.subarray(sent, sent + size);
    connection.send(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]));
    sent += chunk.length;
    await connection.wait(1, 5);
  }
  const [answer] = await connection.wait(1, 20_000);
  connection.close();
  return { answer, sent };
}

function codeOf(body: Buffer | undefined): unknown {
  return body === undefined ? undefined : (JSON.parse(body.toString()) as Record<string, unknown>)["code"];
}
