/** A thousand fresh starts, which must give the same response. */

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

/** The first responses of instances, which must be equal except for the decision ID. */
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
    // Identical starts must not give identical random bytes.
    assert.equal(this.#ids.size, starts, "two decisions have the same id");
  }
}

describe("a thousand fresh starts", () => {
  test("of an isolate give one response on workerd", async () => {
    const answers = new FirstAnswers();
    // Each isolate loads the Worker itself, like one that Cloudflare starts; a process contains several.
    const isolates = 50;
    for (let process = 0; process < starts / isolates; process += 1) {
      await using worker = await startWorker(crm, { variables, isolates });
      assert.equal(worker.others.size, isolates - 1);
      for (const url of [worker.url, ...worker.others.values()]) await answers.ask(url);
    }
    answers.assertOne();
  });

  test("of an instance give one response on wasmtime", async () => {
    const answers = new FirstAnswers();
    await using spin = await startSpinApp(crm, { variables, options: ["--max-instance-reuse-count=1"] });
    for (let instance = 0; instance < starts; instance += 1) await answers.ask(spin.url);
    answers.assertOne();
  });
});
