/** The parts of the responses that must be the same on all hosts. */

import assert from "node:assert/strict";

import { type Answer, type Ask, exchange } from "./exchange.ts";
import type { Hosts } from "./hosts.ts";

/** The headers that callgate sets. The hosts add others, such as a date. */
const ownHeaders = ["content-type", "cache-control", "x-content-type-options", "www-authenticate", "allow"];

/** A unique identifier of each decision. */
const decisionId = /("decisionId":")[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(")/g;

/** A body with every `decisionId` replaced by the same one. */
export function withoutDecisionIds(body: Buffer): string {
  // In Latin 1, each byte is a character, so bodies are compared byte for byte.
  return body.toString("latin1").replace(decisionId, "$1$2");
}

/**
 * Sends `ask` to every host and returns the response. The status, the body and callgate's headers must be the same for
 * all hosts. `check` can first assert conditions for each response.
 */
export async function askAll({ all }: Hosts, ask: Ask, check: (answer: Answer) => void = () => {}): Promise<Answer> {
  let first: Answer | undefined;
  for (const { name, url } of all) {
    const answer = await exchange(url, ask);
    try {
      check(answer);
    } catch (error) {
      throw new Error(`on ${name}`, { cause: error });
    }
    first ??= answer;
    assert.deepEqual(comparable(answer), comparable(first), `${name} responds differently from ${all[0]?.name}`);
  }
  assert.ok(first, "there is no host to ask");
  return first;
}

function comparable({ status, headers, body }: Answer) {
  return { status, headers: ownHeaders.map((name) => [name, headers[name]]), body: withoutDecisionIds(body) };
}
