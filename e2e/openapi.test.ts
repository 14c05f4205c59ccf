/** The document that describes the contract: valid, the same on both hosts, and in step with what they serve. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";

import { assertSameAnswer } from "./answers.ts";
import { Contract } from "./contract.ts";
import { type Answer, exchange } from "./exchange.ts";
import { type Hosts, startHosts } from "./hosts.ts";
import { apiKey, crm } from "./setting.ts";

describe("GET /openapi.json", () => {
  let hosts: Hosts;
  let answers: readonly [Answer, Answer];

  before(async () => {
    hosts = await startHosts(crm, apiKey);
    const ask = { method: "GET", path: "/openapi.json", headers: {} };
    const [worker, spin] = hosts.all;
    answers = [await exchange(worker.url, ask), await exchange(spin.url, ask)];
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  test("needs no key and is the same on both hosts", () => {
    for (const { status } of answers) assert.equal(status, 200);
    assertSameAnswer(...answers);
  });

  test("is a valid document of OpenAPI 3.1", async () => {
    const document = JSON.parse(answers[0].body.toString()) as { openapi: string };
    assert.match(document.openapi, /^3\.1\./);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(document);
    assert.ok(valid, JSON.stringify(errors, null, 2));
    assert.equal(validator.version, "3.1");
  });

  test("describes each of its paths as the hosts answer it", async () => {
    const contract = await Contract.read(hosts.all[0].url);
    const headers = { authorization: `Bearer ${apiKey}` };
    for (const path of Object.keys(contract.document.paths)) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        // Without a body a call is refused: that too has its place in the document.
        const ask = { method, path, headers };
        const [worker, spin] = hosts.all;
        const both = [await exchange(worker.url, ask), await exchange(spin.url, ask)] as const;
        for (const answer of both) contract.assertForeseen(ask, answer);
        assertSameAnswer(...both);
      }
    }
  });
});
