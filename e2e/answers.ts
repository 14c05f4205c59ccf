/** What of two answers must be the same. */

import assert from "node:assert/strict";

import type { Answer } from "./exchange.ts";

/** The headers that callgate sets. The hosts add others, such as a date. */
const ownHeaders = ["content-type", "cache-control", "x-content-type-options", "www-authenticate", "allow"];

/** An identifier that is made anew for each decision. */
const decisionId = /("decisionId":")[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(")/g;

/** A body with every `decisionId` replaced by the same one. */
export function withoutDecisionIds(body: Buffer): string {
  // Latin 1 gives each byte a character, so that bodies are compared byte for byte.
  return body.toString("latin1").replace(decisionId, "$1$2");
}

/** Asserts that two hosts gave the same answer: status, body and the headers that callgate sets. */
export function assertSameAnswer(one: Answer, other: Answer): void {
  assert.deepEqual(comparable(one), comparable(other), "the hosts answer differently");
}

function comparable({ status, headers, body }: Answer) {
  return { status, headers: ownHeaders.map((name) => [name, headers[name]]), body: withoutDecisionIds(body) };
}
