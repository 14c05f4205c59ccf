/** Accepted API keys: none if none is set, and only the new ones after a change. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askAll } from "./support/answers.ts";
import { askOf, controlCase } from "./support/cases.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Hosts, startHosts, startWorker } from "./support/hosts.ts";
import { keysHeader, linearMemory, probe } from "./support/probe.ts";

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

    test("deny every call with 503", async () => {
      const contract = await Contract.readAll(hosts);
      const ask = askOf(controlCase(crm));
      await askAll(hosts, ask, (answer) => {
        assert.equal(answer.status, 503);
        const said = JSON.parse(answer.body.toString()) as Record<string, unknown>;
        assert.equal(said["decision"], "Deny");
        // The error names the missing setting.
        assert.match(String(said["detail"]), /CALLGATE_API_KEYS/);
        contract.assertForeseen(ask, answer);
      });
    });

    test("still report that they run", async () => {
      for (const { url } of hosts.all) {
        assert.equal((await exchange(url, { method: "GET", path: "/healthz", headers: {} })).status, 200);
      }
    });
  });
}

const otherKey = "other-key-0123456789abcdef0123456789abcdef";

/** The response to a key, by the configured keys. */
const changes = [
  { set: apiKey, old: 200, new: 401 },
  { set: `${apiKey} ${otherKey}`, old: 200, new: 200 },
  { set: otherKey, old: 401, new: 200 },
  { set: undefined, old: 503, new: 503 },
  { set: apiKey, old: 200, new: 401 },
] as const;

/** The status of a call with `key`; an unauthenticated call must be denied. */
async function statusWith(url: URL, key: string, more: Readonly<Record<string, string>> = {}): Promise<number> {
  const call = askOf(controlCase(crm));
  const headers = { ...call.headers, authorization: `Bearer ${key}`, ...more };
  const { status, body } = await exchange(url, { ...call, headers });
  const { decision } = JSON.parse(body.toString()) as { decision: string };
  assert.equal(decision, status === 200 ? "Allow" : "Deny");
  return status;
}

describe("changed keys", () => {
  test("apply after the next start", async () => {
    for (const { set, old, new: fresh } of changes) {
      await using hosts = await startHosts(crm, set);
      for (const { url } of hosts.all) {
        assert.deepEqual([await statusWith(url, apiKey), await statusWith(url, otherKey)], [old, fresh]);
      }
    }
  });

  test("apply at once in a running isolate", async () => {
    await using worker = await startWorker(crm, { variables: {}, main: probe });
    const url = worker.others.get("Keyed");
    assert.ok(url);
    let settled: number | undefined;
    for (let round = 0; round < 100; round += 1) {
      for (const { set, old, new: fresh } of changes) {
        const headers: Record<string, string> = set === undefined ? {} : { [keysHeader]: set };
        assert.deepEqual([await statusWith(url, apiKey, headers), await statusWith(url, otherKey, headers)], [old, fresh]);
      }
      if (round === 10) settled = await linearMemory(worker);
    }
    assert.equal(await linearMemory(worker), settled, "each change leaks memory");
  });
});
