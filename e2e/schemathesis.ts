/**
 * Runs schemathesis against each host's `/openapi.json`, with valid and invalid requests.
 *
 * It compares each response with the document: an error must contain Deny, and a documented request must be accepted.
 * Afterward, the next call must be decided as usual.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

import { askOf, assertExpected, controlCase } from "./support/cases.ts";
import { apiKey, crm, schemathesis } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Host, startHosts } from "./support/hosts.ts";

const control = controlCase(crm);
await using hosts = await startHosts(crm, apiKey);
await Promise.all(hosts.all.map(check));

async function check({ name, url }: Host): Promise<void> {
  const configuration = join(import.meta.dirname, "schemathesis/schemathesis.toml");
  const file = join(dirname(schemathesis()), `openapi-${name}.json`);
  const { body } = await exchange(url, { method: "GET", path: "/openapi.json", headers: {} });
  await writeFile(file, JSON.stringify(withRoles(JSON.parse(body.toString()))));
  const options = ["--config-file", configuration, "run", file, "--url", url.href];
  const child = spawn(schemathesis(), options, {
    // It writes files into its working directory.
    cwd: dirname(schemathesis()),
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CALLGATE_API_KEY: apiKey },
  });
  // Both runs are concurrent, and their output is printed one after the other.
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  console.log(`\nschemathesis against ${name}\n${await text(child.stdout)}`);
  assert.equal(await ended, 0, `schemathesis found an error of ${name}`);
  assertExpected(control, await exchange(url, askOf(control)));
}

/**
 * The document for callers with API keys: the roles are in the call.
 *
 * It also describes callers with tokens, for whom the roles are optional, and a schema cannot distinguish callers.
 */
function withRoles(document: { components: { schemas: { Call: { allOf: object[] } } } }): object {
  const { allOf } = document.components.schemas.Call;
  const atMostOne = JSON.stringify({ not: { required: ["role", "roles"] } });
  const at = allOf.findIndex((part) => JSON.stringify(part) === atMostOne);
  assert.notEqual(at, -1, "the document no longer states that `role` and `roles` exclude each other");
  allOf[at] = { oneOf: [{ required: ["role"] }, { required: ["roles"] }] };
  return document;
}
