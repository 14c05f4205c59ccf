/** Bodies without a declared length, and bodies beyond the limit. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askAll } from "./support/answers.ts";
import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { type Ask, exchange } from "./support/exchange.ts";
import { type Host, type Hosts, startHosts } from "./support/hosts.ts";

/** The maximum length of a body, in bytes. */
const bodyLimit = 262_144;

describe("a body", () => {
  const control = controlCase(crm);
  const call = askOf(control);
  const chunked = { ...call.headers, "transfer-encoding": "chunked" };
  let hosts: Hosts;
  let contract: Contract;

  before(async () => {
    hosts = await startHosts(crm, apiKey);
    contract = await Contract.readAll(hosts);
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  /** Sends `ask` to every host; all must respond alike, as documented, and with `status`. */
  async function check(ask: Ask, status: number): Promise<void> {
    await askAll(hosts, ask, (answer) => {
      assert.equal(answer.status, status, answer.body.toString());
      contract.assertForeseen(ask, answer);
    });
  }

  async function stillDecides({ url }: Host): Promise<void> {
    assertExpected(control, await exchange(url, call));
  }

  test("without a declared length is read to its end", () => check({ ...call, headers: chunked }, 200));

  test("without a declared length is refused once it is too long", async () => {
    await check({ ...call, headers: chunked, body: Buffer.alloc(bodyLimit + 1, " ") }, 413);
    for (const host of hosts.all) await stillDecides(host);
  });

  test("of the longest kind is read without a declared length too", async () => {
    assert.ok(call.body);
    const padded = Buffer.concat([call.body, Buffer.alloc(bodyLimit - call.body.length, " ")]);
    await check({ ...call, headers: chunked, body: padded }, 200);
  });
});
