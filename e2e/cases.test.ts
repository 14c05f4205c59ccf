/**
 * Runs every case file over HTTP on every host; each response must match the case, and all hosts must respond alike.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askAll, withoutDecisionIds } from "./support/answers.ts";
import { type Case, askOf, assertExpected, controlCase, readCases } from "./support/cases.ts";
import { Contract } from "./support/contract.ts";
import { type Subject, apiKey, conditions, crm, crmPerso, perso, targets } from "./support/environment.ts";
import { evaluate } from "./support/evaluation.ts";
import { exchange } from "./support/exchange.ts";
import { type Hosts, startHosts } from "./support/hosts.ts";

for (const subject of [crm, crmPerso, perso, conditions, targets]) {
  const control = controlCase(subject);

  describe(`the edges that embed ${subject.policy}`, () => {
    let hosts: Hosts;
    let contract: Contract;

    before(async () => {
      hosts = await startHosts(subject, apiKey);
      contract = await Contract.readAll(hosts);
    });
    after(() => hosts?.[Symbol.asyncDispose]());

    for (const path of subject.caseFiles) {
      const cases = readCases(path);
      let passed = 0;

      describe(path, () => {
        // The test reporter counts all files together.
        after(() => console.log(`${path}: ${passed} of ${cases.length} cases answered as expected by all hosts`));

        for (const record of cases) {
          test(record.name, async () => {
            await check(subject, hosts, contract, record);
            // No request affects the next one.
            for (const { url } of hosts.all) assertExpected(control, await exchange(url, askOf(control)));
            passed += 1;
          });
        }
      });
    }
  });
}

/** Sends a case to every host; the responses must match the case, the contract and the command line. */
async function check(subject: Subject, hosts: Hosts, contract: Contract, record: Case): Promise<void> {
  const ask = askOf(record);
  const answer = await askAll(hosts, ask, (each) => {
    assertExpected(record, each);
    contract.assertForeseen(ask, each);
  });

  if (ask.method === "POST" && ask.path === "/evaluate" && answer.status === 200) {
    assert.ok(ask.body);
    const native = await evaluate(subject, ask.body);
    assert.equal(withoutDecisionIds(native), withoutDecisionIds(answer.body), "the command line differs");
  }
}
