/** Callers that continue during a fault elsewhere; each of their calls must be decided correctly. */

import assert from "node:assert/strict";

import { askOf, readCases } from "./cases.ts";
import type { Subject } from "./environment.ts";
import { type Answer, type Ask, exchange } from "./exchange.ts";

/** The outcome of the calls. */
export interface Tally {
  /** The calls that were decided. */
  readonly answered: number;
  /** The calls that failed to connect. */
  readonly unanswered: number;
  /** The response times, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Callers of one host, which alternate allowed and denied calls until they are stopped. */
export class BackgroundLoad {
  readonly #callers: readonly Promise<void>[];
  readonly #times: number[] = [];
  #unanswered = 0;
  #isStopping = false;

  private constructor(url: URL, count: number, mayFail: boolean, pairs: readonly Pair[]) {
    this.#callers = Array.from({ length: count }, (_, at) => this.#call(url, at, mayFail, pairs));
    // A caller that detects an error ends early, and `stop` reports it.
    for (const caller of this.#callers) caller.catch(() => {});
  }

  /** Starts `count` callers; `mayFail` means that the host may stop in between. */
  static start(url: URL, subject: Subject, { count = 4, mayFail = false } = {}): BackgroundLoad {
    return new BackgroundLoad(url, count, mayFail, pairsOf(subject));
  }

  /** The number of decided calls so far. */
  get answered(): number {
    return this.#times.length;
  }

  /** Stops the callers and returns the outcome. Fails if a call was decided incorrectly, or not at all. */
  async stop(): Promise<Tally> {
    this.#isStopping = true;
    await Promise.all(this.#callers);
    const times = this.#times.toSorted((a, b) => a - b);
    const quantile = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
    assert.ok(times.length > 0, "no call was decided");
    return { answered: times.length, unanswered: this.#unanswered, p50: quantile(0.5), p99: quantile(0.99) };
  }

  async #call(url: URL, first: number, mayFail: boolean, pairs: readonly Pair[]): Promise<void> {
    for (let at = first; !this.#isStopping; at += 1) {
      const pair = pairs[at % pairs.length];
      assert.ok(pair);
      const started = performance.now();
      let answer: Answer;
      try {
        answer = await exchange(url, pair.ask);
      } catch (error) {
        if (!mayFail) throw new Error("a call of another caller failed", { cause: error });
        this.#unanswered += 1;
        // A caller of a stopped host pauses before it tries again.
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      assert.equal(answer.status, 200, answer.body.toString());
      const { decision } = JSON.parse(answer.body.toString()) as { decision: string };
      assert.equal(decision, pair.decision, "a call of another caller was decided incorrectly");
      this.#times.push(performance.now() - started);
    }
  }
}

interface Pair {
  readonly ask: Ask;
  readonly decision: string;
}

/** The first cases of a subject with one decision and with the other. */
function pairsOf(subject: Subject): readonly Pair[] {
  const cases = readCases(subject.caseFiles[0]).filter(({ path, expect }) => path === "/evaluate" && expect.status === 200);
  return ["Allow", "Deny"].map((decision) => {
    const found = cases.find(({ expect }) => expect.decision === decision);
    assert.ok(found, `\`${subject.caseFiles[0]}\` contains no call with the decision ${decision}`);
    return { ask: askOf(found), decision };
  });
}
