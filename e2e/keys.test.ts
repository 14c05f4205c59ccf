/** A deployment that nobody gave a key lets nobody in, and says so to its operator. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertSameAnswer } from "./answers.ts";
import { askOf, controlCase } from "./cases.ts";
import { Contract } from "./contract.ts";
import { exchange } from "./exchange.ts";
import { type Hosts, startHosts } from "./hosts.ts";
import { crm } from "./setting.ts";

for (const [what, apiKeys] of [
  ["no key", undefined],
  ["an empty list of keys", " \n"],
] as const) {
  describe(`edges that are given ${what}`, () => {
    let hosts: Hosts;

    before(async () => {
      hosts = await startHosts(crm, apiKeys);
    });
    after(() => hosts?.[Symbol.asyncDispose]());

    test("refuse every call with 503 and Deny", async () => {
      const contract = await Contract.read(hosts.all[0].url);
      const ask = askOf(controlCase(crm));
      const [worker, spin] = hosts.all;
      const answers = [await exchange(worker.url, ask), await exchange(spin.url, ask)] as const;
      for (const answer of answers) {
        assert.equal(answer.status, 503);
        const said = JSON.parse(answer.body.toString()) as Record<string, unknown>;
        assert.equal(said["decision"], "Deny");
        // The operator learns which setting is missing.
        assert.match(String(said["detail"]), /CALLGATE_API_KEYS/);
        contract.assertForeseen(ask, answer);
      }
      assertSameAnswer(...answers);
    });

    test("still tell that they run", async () => {
      for (const { url } of hosts.all) {
        assert.equal((await exchange(url, { method: "GET", path: "/healthz", headers: {} })).status, 200);
      }
    });
  });
}
