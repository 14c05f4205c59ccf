/**
 * Requests that schemathesis makes of what each host says of itself in `/openapi.json`, valid ones and others.
 *
 * It holds each answer against that document: an error must say Deny, and what the document allows must be taken. Once it
 * has gone, the next call must be decided as ever.
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
    // It leaves files where it runs.
    cwd: dirname(schemathesis()),
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CALLGATE_API_KEY: apiKey },
  });
  // The two run at the same time, and what they say is told one after the other.
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  console.log(`\nschemathesis against ${name}\n${await text(child.stdout)}`);
  assert.equal(await ended, 0, `schemathesis finds a mistake of ${name}`);
  assertExpected(control, await exchange(url, askOf(control)));
}

/**
 * The document as it holds where callers have keys, as here: the roles stand in the call.
 *
 * It is written for callers with tokens too, whose roles may be left out, and a schema can't tell who calls.
 */
function withRoles(document: { components: { schemas: { Call: { allOf: object[] } } } }): object {
  const { allOf } = document.components.schemas.Call;
  const atMostOne = JSON.stringify({ not: { required: ["role", "roles"] } });
  const at = allOf.findIndex((part) => JSON.stringify(part) === atMostOne);
  assert.notEqual(at, -1, "the document says no more that `role` and `roles` exclude each other");
  allOf[at] = { oneOf: [{ required: ["role"] }, { required: ["roles"] }] };
  return document;
}
