/** Case files: one request per line, with the expected response and the reason. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { checkout } from "../../hosts/checkout.ts";
import { type Subject } from "./environment.ts";
import type { Answer, Ask } from "./exchange.ts";

/** A line of a case file. */
export interface Case {
  readonly name: string;
  readonly class: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** At most one of the three is present. */
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly bodyRepeat?: Repetition;
  readonly expect: Expectation;
  /** The purpose of the case. */
  readonly why: string;
}

/** A body that is too long to write out: prefix, `count` units, middle, `count2` second units, suffix. */
interface Repetition {
  readonly prefix: string;
  readonly unit: string;
  readonly count: number;
  readonly mid?: string;
  readonly unit2?: string;
  readonly count2?: number;
  readonly suffix: string;
}

/** The expected response; a missing member is not checked. */
interface Expectation {
  readonly status: number;
  readonly decision?: string;
  readonly code?: string;
  readonly rule?: string | null;
  readonly reason?: string;
  /** The decisions of a batch, in order. */
  readonly decisions?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The members of an expectation that have the same name in the response body. */
const repeated = ["decision", "code", "rule", "reason"] as const;
const known = new Set<string>([...repeated, "status", "decisions", "headers"]);

/** Reads the cases of the file at `path`, relative to the checkout root. */
export function readCases(path: string): readonly Case[] {
  const lines = readFileSync(join(checkout, path), "utf8").split("\n");
  const cases = lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Case);
  assert.ok(cases.length > 0, `\`${path}\` contains no case`);
  for (const { name, expect } of cases) {
    // An expectation that is not checked would look like a fulfilled one.
    const unknown = Object.keys(expect).filter((member) => !known.has(member));
    assert.deepEqual(unknown, [], `\`${path}\`: case \`${name}\` has an expectation that the suite cannot check`);
  }
  return cases;
}

/** The case that shows that a host of `subject` still decides: the first allowed call. */
export function controlCase(subject: Subject): Case {
  const [first] = subject.caseFiles;
  const control = readCases(first).find(({ path, expect }) => path === "/evaluate" && expect.decision === "Allow");
  assert.ok(control, `\`${first}\` contains no allowed call`);
  return control;
}

/** The request of a case. */
export function askOf(record: Case): Ask {
  const { method, path, headers = {} } = record;
  const body = bodyOf(record);
  return body === undefined ? { method, path, headers } : { method, path, headers, body };
}

function bodyOf({ body, bodyBase64, bodyRepeat }: Case): Buffer | undefined {
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, "base64");
  if (bodyRepeat !== undefined) {
    const { prefix, unit, count, mid = "", unit2 = "", count2 = 0, suffix } = bodyRepeat;
    return Buffer.from(prefix + unit.repeat(count) + mid + unit2.repeat(count2) + suffix);
  }
  return body === undefined ? undefined : Buffer.from(body);
}

/** Asserts that a response is the expected one. */
export function assertExpected({ expect, why }: Case, answer: Answer): void {
  const text = answer.body.toString();
  assert.equal(answer.status, expect.status, `${why}\n${text}`);
  const said = JSON.parse(text) as Record<string, unknown>;
  for (const member of repeated) {
    if (member in expect) assert.equal(said[member], expect[member], `\`${member}\`: ${why}\n${text}`);
  }
  if (expect.decisions !== undefined) {
    const decisions = (said["decisions"] as { decision: string }[]).map(({ decision }) => decision);
    assert.deepEqual(decisions, expect.decisions, why);
  }
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    assert.equal(answer.headers[name.toLowerCase()], value, `\`${name}\`: ${why}`);
  }
  // No failure may look like a permission to continue, whichever part a client checks.
  if (answer.status !== 200) assert.equal(said["decision"], "Deny", `an error must also contain Deny\n${text}`);
}
