/** What of the answers of all hosts must be the same. */

import assert from "node:assert/strict";

import { type Answer, type Ask, exchange } from "./exchange.ts";
import type { Hosts } from "./hosts.ts";

/** The headers that callgate sets. The hosts add others, such as a date. */
const ownHeaders = ["content-type", "cache-control", "x-content-type-options", "www-authenticate", "allow"];

/** An identifier that is made anew for each decision. */
const decisionId = /("decisionId":")[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(")/g;

/** A body with every `decisionId` replaced by the same one. */
export function withoutDecisionIds(body: Buffer): string {
  // Latin 1 gives each byte a character, so that bodies are compared byte for byte.
  return body.toString("latin1").replace(decisionId, "$1$2");
}

/**
 * Sends `ask` to every host and returns the answer, which must be the same for all of them: status, body and the headers
 * that callgate sets. `check` may first assert what must be true of the answer of each.
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
    assert.deepEqual(comparable(answer), comparable(first), `${name} answers differently from ${all[0]?.name}`);
  }
  assert.ok(first, "there is no host to ask");
  return first;
}

function comparable({ status, headers, body }: Answer) {
  return { status, headers: ownHeaders.map((name) => [name, headers[name]]), body: withoutDecisionIds(body) };
}
