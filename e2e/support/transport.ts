/** Requests byte for byte: what no HTTP client would send, with what must be answered and why. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { checkout } from "../../hosts/checkout.ts";
import type { Answer } from "./exchange.ts";
import type { Host } from "./hosts.ts";

/** A line of the case file. */
export interface TransportCase {
  readonly name: string;
  readonly class: string;
  /** What is sent over one connection, one piece behind the other. Each character is a byte. */
  readonly send: readonly (string | Repetition)[];
  /** Whether the sender says at once that nothing more comes. */
  readonly finish?: boolean;
  /** What comes back over the connection, in order: from all hosts alike as `answers`, or by the name of the runtime. */
  readonly expect: Readonly<Record<string, Expected>>;
  /** What the case shows. */
  readonly why: string;
}

interface Repetition {
  readonly text: string;
  readonly count: number;
}

type Expected = readonly ExpectedAnswer[];

/** callgate's answers have a decision or the code of an error; others are the runtime's own. */
interface ExpectedAnswer {
  readonly status: number;
  readonly decision?: string;
  readonly code?: string;
}

/** Reads the cases of `testdata/http/transport.jsonl`. */
export function readTransportCases(): readonly TransportCase[] {
  const lines = readFileSync(join(checkout, "testdata/http/transport.jsonl"), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as TransportCase);
}

/** The bytes that a case sends. */
export function bytesOf({ send }: TransportCase): Buffer {
  return Buffer.from(
    send.map((piece) => (typeof piece === "string" ? piece : piece.text.repeat(piece.count))).join(""),
    "latin1",
  );
}

/** What a case expects of a host. */
export function expectedOf({ name, expect }: TransportCase, host: Host): Expected {
  const expected = expect["answers"] ?? expect[host.name];
  assert.ok(expected, `the case \`${name}\` does not say what ${host.name} answers`);
  return expected;
}

/** Asserts that the answers of a host are those that a case expects, and that no other one came. */
export function assertAnswers(record: TransportCase, host: Host, answers: readonly Answer[]): void {
  const expected = expectedOf(record, host);
  const said = answers.map((answer, at) => summaryOf(answer, expected[at]));
  assert.deepEqual(said, expected, `${host.name}: ${record.why}`);
}

/** What is expected of an answer, as far as an expectation goes, and every decision. */
function summaryOf({ status, body }: Answer, expected: ExpectedAnswer | undefined): ExpectedAnswer {
  const text = body.toString();
  let said: Record<string, unknown> = {};
  try {
    said = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // The runtimes' own answers are no JSON, and must not look like a decision either.
    assert.doesNotMatch(text, /allow/i);
  }
  const decision = status === 200 && "decision" in said ? { decision: String(said["decision"]) } : {};
  // No failure may be read as leave to go on, whatever a client looks at.
  if (status !== 200 && "decision" in said) assert.equal(said["decision"], "Deny", text);
  const code = expected?.code === undefined ? {} : { code: String(said["code"]) };
  return { status, ...decision, ...code };
}
