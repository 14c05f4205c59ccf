/** The OpenAPI document: valid, the same on every host, and consistent with the responses. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";

import { askAll } from "./support/answers.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { type Hosts, startHosts } from "./support/hosts.ts";

describe("GET /openapi.json", () => {
  let hosts: Hosts;

  before(async () => {
    hosts = await startHosts(crm, apiKey);
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  test("needs no key and is the same on every host", async () => {
    const { status } = await askAll(hosts, { method: "GET", path: "/openapi.json", headers: {} });
    assert.equal(status, 200);
  });

  test("is a valid document of OpenAPI 3.1", async () => {
    const { document } = await Contract.readAll(hosts);
    assert.match(document.openapi, /^3\.1\./);
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...document });
    assert.ok(valid, JSON.stringify(errors, null, 2));
    assert.equal(validator.version, "3.1");
  });

  test("describes the responses of each of its paths", async () => {
    const contract = await Contract.readAll(hosts);
    const headers = { authorization: `Bearer ${apiKey}` };
    for (const path of Object.keys(contract.document.paths)) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        // A call without a body is rejected, which the document must describe too.
        const ask = { method, path, headers };
        await askAll(hosts, ask, (answer) => contract.assertForeseen(ask, answer));
      }
    }
  });
});
