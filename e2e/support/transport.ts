/** Requests byte for byte that no HTTP client would send, with the expected responses and the reasons. */

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
  /** The data to send over one connection, in parts. Each character is a byte. */
  readonly send: readonly (string | Repetition)[];
  /** Whether the sender closes its side after the data. */
  readonly finish?: boolean;
  /** The responses on the connection, in order: `answers` for all hosts, or responses by runtime name. */
  readonly expect: Readonly<Record<string, Expected>>;
  /** The purpose of the case. */
  readonly why: string;
}

interface Repetition {
  readonly text: string;
  readonly count: number;
}

type Expected = readonly ExpectedAnswer[];

/** callgate's responses have a decision or an error code; others come from the runtime. */
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

/** The bytes of a case. */
export function bytesOf({ send }: TransportCase): Buffer {
  return Buffer.from(
    send.map((piece) => (typeof piece === "string" ? piece : piece.text.repeat(piece.count))).join(""),
    "latin1",
  );
}

/** The expectation of a case for a host. */
export function expectedOf({ name, expect }: TransportCase, host: Host): Expected {
  const expected = expect["answers"] ?? expect[host.name];
  assert.ok(expected, `the case \`${name}\` has no response for ${host.name}`);
  return expected;
}

/** Asserts that the responses of a host are exactly the expected ones. */
export function assertAnswers(record: TransportCase, host: Host, answers: readonly Answer[]): void {
  const expected = expectedOf(record, host);
  const said = answers.map((answer, at) => summaryOf(answer, expected[at]));
  assert.deepEqual(said, expected, `${host.name}: ${record.why}`);
}

/** The expected members of a response, and every decision. */
function summaryOf({ status, body }: Answer, expected: ExpectedAnswer | undefined): ExpectedAnswer {
  const text = body.toString();
  let said: Record<string, unknown> = {};
  try {
    said = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // The runtimes' own responses are not JSON, and must not look like a decision either.
    assert.doesNotMatch(text, /allow/i);
  }
  const decision = status === 200 && "decision" in said ? { decision: String(said["decision"]) } : {};
  // No failure may look like a permission to continue, whichever part a client checks.
  if (status !== 200 && "decision" in said) assert.equal(said["decision"], "Deny", text);
  const code = expected?.code === undefined ? {} : { code: String(said["code"]) };
  return { status, ...decision, ...code };
}
