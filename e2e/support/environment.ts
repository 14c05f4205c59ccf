/** The paths of the files that `cargo xtask test` built. */

import { join } from "node:path";

import type { Platform } from "../../hosts/platforms.ts";

/** The key in the case files, which is also the key of the hosts. */
export const apiKey = "test-key-0123456789abcdef0123456789abcdef";

/** A policy with its edges and its cases. */
export interface Subject {
  /** The directory of its build below `CALLGATE_EDGES`. */
  readonly name: string;
  /** Its file, relative to the checkout root. */
  readonly policy: string;
  /** Its case files, relative to the checkout root. The first one contains an allowed call. */
  readonly caseFiles: readonly [string, ...string[]];
}

/** The default policy. */
export const crm: Subject = {
  name: "crm",
  policy: "policies/crm.json",
  caseFiles: ["testdata/http/crm.jsonl", "testdata/http/json.jsonl"],
};

/** The same support desk in the dialect `perso-1`. */
export const crmPerso: Subject = {
  name: "crm-perso",
  policy: "policies/crm-perso.json",
  caseFiles: ["testdata/http/crm-perso.jsonl"],
};

/** A policy that was written for perso, and perso's decisions. */
export const perso: Subject = {
  name: "perso",
  policy: "testdata/perso-1/policies/crm-demo.json",
  caseFiles: ["testdata/http/perso.jsonl"],
};

/** A policy with each kind of condition and operator. */
export const conditions: Subject = {
  name: "conditions",
  policy: "testdata/http/conditions.json",
  caseFiles: ["testdata/http/conditions.jsonl"],
};

/** A policy without a list of tools, with rules on prompts and resources. */
export const targets: Subject = {
  name: "targets",
  policy: "testdata/http/targets.json",
  caseFiles: ["testdata/http/targets.jsonl"],
};

/** The edge of a platform with the policy of `subject`. */
export function edgeOf({ build }: Pick<Platform, "build">, subject: Subject): string {
  return join(setting("CALLGATE_EDGES"), subject.name, build);
}

/** The runtime of a platform. */
export function programOf(platform: Pick<Platform, "build" | "variable">, subject: Subject): string {
  return platform.variable === undefined ? edgeOf(platform, subject) : setting(platform.variable);
}

/** The program that generates requests from an OpenAPI document. */
export function schemathesis(): string {
  return setting("CALLGATE_SCHEMATHESIS");
}

/** The command line of callgate. */
export function callgate(): string {
  return setting("CALLGATE_BIN");
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`\`${name}\` is not set; run \`cargo xtask test\`, which builds its value`);
  return value;
}
