/** HTTP requests that no client would send, over connections whose every byte the test controls. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Host, type Hosts, startHosts } from "./support/hosts.ts";
import { Connection, head } from "./support/raw.ts";
import { type TransportCase, assertAnswers, bytesOf, expectedOf, readTransportCases } from "./support/transport.ts";

/** The time limit for the responses on a busy machine, in milliseconds. */
const answerLimit = 20_000;

describe("a request byte for byte", () => {
  const control = controlCase(crm);
  let hosts: Hosts;

  before(async () => {
    hosts = await startHosts(crm, apiKey);
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  async function stillDecides({ url }: Host): Promise<void> {
    assertExpected(control, await exchange(url, askOf(control)));
  }

  for (const record of readTransportCases()) {
    test(record.name, async () => {
      for (const host of hosts.all) {
        await check(host, record);
        await stillDecides(host);
      }
    });

    if (record.finish) {
      test(`${record.name}, with the connection broken`, async () => {
        for (const host of hosts.all) {
          const connection = await Connection.open(host.url);
          connection.send(bytesOf(record));
          // Responses before the reset belong to complete calls.
          await connection.wait(expectedOf(record, host).length, 20);
          connection.reset();
          const allowed = connection.answers().filter(({ body }) => body.includes('"decision":"Allow"'));
          const expected = expectedOf(record, host).filter(({ decision }) => decision === "Allow");
          assert.ok(allowed.length <= expected.length, `${host.name} allows an incomplete call`);
          await stillDecides(host);
        }
      });
    }
  }

  test("with the method HEAD has a response without a decision", async () => {
    for (const host of hosts.all) {
      const connection = await Connection.open(host.url, true);
      connection.send(head("HEAD /evaluate HTTP/1.1", "host: callgate", `authorization: Bearer ${apiKey}`));
      const [answer] = await connection.wait(1, answerLimit);
      connection.close();
      assert.equal(answer?.status, 405);
      assert.equal(connection.received.indexOf("decision"), -1);
      await stillDecides(host);
    }
  });
});

/** Sends a case to a host, which must respond exactly as expected. */
async function check(host: Host, record: TransportCase): Promise<void> {
  const expected = expectedOf(record, host);
  const connection = await Connection.open(host.url);
  try {
    connection.send(bytesOf(record));
    if (record.finish) connection.finish();
    await connection.wait(expected.length, answerLimit);
    // If the host read one more request, it would respond before it sees the end.
    connection.finish();
    const answers = await connection.wait(Number.POSITIVE_INFINITY, answerLimit);
    assertAnswers(record, host, answers);
    assert.notEqual(connection.end, "open", `${host.name} keeps a connection open that its caller closed`);
  } finally {
    connection.close();
  }
}
