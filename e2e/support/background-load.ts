/** Callers that go on while something goes wrong elsewhere: each of their calls must be decided rightly. */

import assert from "node:assert/strict";

import { askOf, readCases } from "./cases.ts";
import type { Subject } from "./environment.ts";
import { type Answer, type Ask, exchange } from "./exchange.ts";

/** What became of the calls. */
export interface Tally {
  /** The calls that were answered, each with its own decision. */
  readonly answered: number;
  /** The calls that found nobody to answer them. */
  readonly unanswered: number;
  /** How long the answers took, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Callers of one host, which call in turns what is allowed and what is denied until they are asked to stop. */
export class BackgroundLoad {
  readonly #callers: readonly Promise<void>[];
  readonly #times: number[] = [];
  #unanswered = 0;
  #isStopping = false;

  private constructor(url: URL, count: number, mayFail: boolean, pairs: readonly Pair[]) {
    this.#callers = Array.from({ length: count }, (_, at) => this.#call(url, at, mayFail, pairs));
    // A caller that finds something wrong ends early, which is told by `stop`.
    for (const caller of this.#callers) caller.catch(() => {});
  }

  /** Starts `count` callers; `mayFail` says that the host goes away in between. */
  static start(url: URL, subject: Subject, { count = 4, mayFail = false } = {}): BackgroundLoad {
    return new BackgroundLoad(url, count, mayFail, pairsOf(subject));
  }

  /** How many calls were answered so far. */
  get answered(): number {
    return this.#times.length;
  }

  /** Ends the callers and tells what became of their calls. Fails where one was decided wrongly, or not at all. */
  async stop(): Promise<Tally> {
    this.#isStopping = true;
    await Promise.all(this.#callers);
    const times = this.#times.toSorted((a, b) => a - b);
    const quantile = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
    assert.ok(times.length > 0, "no call was answered");
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
        if (!mayFail) throw new Error("a call of somebody else was not answered", { cause: error });
        this.#unanswered += 1;
        // Who calls a host that is gone does not try again at once.
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      assert.equal(answer.status, 200, answer.body.toString());
      const { decision } = JSON.parse(answer.body.toString()) as { decision: string };
      assert.equal(decision, pair.decision, "a call of somebody else was decided wrongly");
      this.#times.push(performance.now() - started);
    }
  }
}

interface Pair {
  readonly ask: Ask;
  readonly decision: string;
}

/** The first cases of a subject that are decided one way and the other. */
function pairsOf(subject: Subject): readonly Pair[] {
  const cases = readCases(subject.caseFiles[0]).filter(({ path, expect }) => path === "/evaluate" && expect.status === 200);
  return ["Allow", "Deny"].map((decision) => {
    const found = cases.find(({ expect }) => expect.decision === decision);
    assert.ok(found, `\`${subject.caseFiles[0]}\` holds no call that is decided ${decision}`);
    return { ask: askOf(found), decision };
  });
}
