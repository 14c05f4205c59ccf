/** A thousand fresh starts, which must give one answer. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { withoutDecisionIds } from "./support/answers.ts";
import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { startSpinApp, startWorker } from "./support/hosts.ts";

const control = controlCase(crm);
const call = askOf(control);
const variables = { CALLGATE_API_KEYS: apiKey };
const starts = 1_000;

/** The first answers of instances, which must be alike but for the id of the decision. */
class FirstAnswers {
  readonly #bodies = new Set<string>();
  readonly #ids = new Set<unknown>();

  async ask(url: URL): Promise<void> {
    const answer = await exchange(url, call);
    assertExpected(control, answer);
    this.#bodies.add(withoutDecisionIds(answer.body));
    this.#ids.add((JSON.parse(answer.body.toString()) as Record<string, unknown>)["decisionId"]);
  }

  assertOne(): void {
    assert.equal(this.#bodies.size, 1, [...this.#bodies].join("\n"));
    // What starts alike must not draw alike.
    assert.equal(this.#ids.size, starts, "two decisions have one id");
  }
}

describe("a thousand fresh starts", () => {
  test("of an isolate give one answer on workerd", async () => {
    const answers = new FirstAnswers();
    // Each isolate loads the Worker by itself, as one does that Cloudflare starts; a process holds some of them.
    const isolates = 50;
    for (let process = 0; process < starts / isolates; process += 1) {
      await using worker = await startWorker(crm, { variables, isolates });
      assert.equal(worker.others.size, isolates - 1);
      for (const url of [worker.url, ...worker.others.values()]) await answers.ask(url);
    }
    answers.assertOne();
  });

  test("of an instance give one answer on wasmtime", async () => {
    const answers = new FirstAnswers();
    await using spin = await startSpinApp(crm, { variables, options: ["--max-instance-reuse-count=1"] });
    for (let instance = 0; instance < starts; instance += 1) await answers.ask(spin.url);
    answers.assertOne();
  });
});
