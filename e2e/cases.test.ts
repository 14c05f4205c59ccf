/** Every case file over HTTP on both hosts, which must answer as the case says and as each other. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertSameAnswer, withoutDecisionIds } from "./answers.ts";
import { type Case, askOf, assertExpected, controlCase, readCases } from "./cases.ts";
import { Contract } from "./contract.ts";
import { evaluate } from "./evaluation.ts";
import { exchange } from "./exchange.ts";
import { type Hosts, startHosts } from "./hosts.ts";
import { type Subject, apiKey, conditions, crm, crmPerso, perso, targets } from "./setting.ts";

for (const subject of [crm, crmPerso, perso, conditions, targets]) {
  const control = controlCase(subject);

  describe(`the edges that embed ${subject.policy}`, () => {
    let hosts: Hosts;
    let contract: Contract;

    before(async () => {
      hosts = await startHosts(subject, apiKey);
      contract = await Contract.read(hosts.all[0].url);
    });
    after(() => hosts?.[Symbol.asyncDispose]());

    for (const path of subject.caseFiles) {
      const cases = readCases(path);
      let passed = 0;

      describe(path, () => {
        // The reporter counts the tests of all files together.
        after(() => console.log(`${path}: ${passed} of ${cases.length} cases answered as expected by both hosts`));

        for (const record of cases) {
          test(record.name, async () => {
            await check(subject, hosts, contract, record);
            // No request leaves anything behind: the next one is answered as ever.
            for (const { url } of hosts.all) assertExpected(control, await exchange(url, askOf(control)));
            passed += 1;
          });
        }
      });
    }
  });
}

/** Sends a case to both hosts, which must answer as it says, as the contract says, and as the command line does. */
async function check(subject: Subject, hosts: Hosts, contract: Contract, record: Case): Promise<void> {
  const ask = askOf(record);
  const [worker, spin] = hosts.all;
  const answers = [await exchange(worker.url, ask), await exchange(spin.url, ask)] as const;
  for (const [index, answer] of answers.entries()) {
    try {
      assertExpected(record, answer);
      contract.assertForeseen(ask, answer);
    } catch (error) {
      throw new Error(`on ${hosts.all[index]?.name}`, { cause: error });
    }
  }
  assertSameAnswer(...answers);

  if (ask.method === "POST" && ask.path === "/evaluate" && answers[0].status === 200) {
    assert.ok(ask.body);
    const native = await evaluate(subject, ask.body);
    assert.equal(withoutDecisionIds(native), withoutDecisionIds(answers[0].body), "the command line differs");
  }
}
