/** Invalid settings, which deny every call, and settings that change. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { compatibilityDate, shippedCompatibilityDate } from "../hosts/workerd.ts";
import { askAll } from "./support/answers.ts";
import { type Outcome, allowed, bearer, callWith, outcomeOf, problem, refund, refused } from "./support/calls.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { type Ask, exchange } from "./support/exchange.ts";
import { startHostsWith, startWorker, startWorkerAsShipped } from "./support/hosts.ts";
import { Issuer, authOf, claimsOf } from "./support/issuer.ts";
import { linearMemory, probe, settingsHeader } from "./support/probe.ts";

const call = callWith(bearer(apiKey), { ...refund, role: "agent" });
const issuer = new Issuer("EdDSA");
const invalid = problem(503, "config_invalid");

/** Invalid variables, and the position that the response names. */
const mistakes: readonly { variables: Readonly<Record<string, string>>; place: string; secret?: string }[] = [
  { variables: { CALLGATE_CONFIG: '{"logg":{}}' }, place: "logg" },
  { variables: { CALLGATE_CONFIG: '{"log":{"mode":"requierd"}}' }, place: "/log/mode" },
  { variables: { CALLGATE_CONFIG: '{"limits":{"bodyBytes":1}}' }, place: "/limits/bodyBytes" },
  { variables: { CALLGATE_CONFIG: '{"limits":{}' }, place: "JSON" },
  { variables: { CALLGATE_CONFIG: "" }, place: "blank" },
  { variables: { CALLGATE_CONFIG: " \n" }, place: "blank" },
  {
    variables: { CALLGATE_CONFIG: JSON.stringify({ auth: authOf(issuer, { algorithm: "none" }) }) },
    place: "/auth/algorithm",
  },
  {
    variables: { CALLGATE_CONFIG: JSON.stringify({ auth: authOf(issuer, { keysUrl: "http://127.0.0.1/" }) }) },
    place: "/auth/keysUrl",
  },
  {
    variables: { CALLGATE_CONFIG: JSON.stringify({ auth: authOf(new Issuer("HS256")) }), CALLGATE_JWT_SECRET: "too-short" },
    place: "CALLGATE_JWT_SECRET",
    secret: "too-short",
  },
  { variables: { CALLGATE_API_KEYS: "crm-host:too-short" }, place: "CALLGATE_API_KEYS", secret: "too-short" },
  { variables: { CALLGATE_API_KEYS: `crm-host:sha256:${digestOf("")}` }, place: "check for an unset variable" },
  { variables: { CALLGATE_API_KEYS: `${apiKey} sha256:${digestOf("\n")}` }, place: "key 2" },
];

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Empty credentials, which no invalid setting may turn into a key. */
const nothing = [{}, { authorization: "" }, { authorization: "Bearer " }, { authorization: "Basic eA==" }];

describe("invalid settings", { concurrency: 4 }, () => {
  for (const { variables, place, secret } of mistakes) {
    test(`deny every call and report ${place}`, async () => {
      await using hosts = await startHostsWith(crm, { variables: { CALLGATE_API_KEYS: apiKey, ...variables } });
      const contract = await Contract.readAll(hosts);
      const withNothing = nothing.map((headers) => callWith(headers, { ...refund, role: "agent" }));
      for (const ask of [call, callWith(bearer(issuer.token(claimsOf("agent"))), refund), ...withNothing]) {
        await askAll(hosts, ask, (answer) => {
          assert.deepEqual(outcomeOf(answer), invalid);
          const { detail } = JSON.parse(answer.body.toString()) as { detail: string };
          assert.ok(detail.includes(place), detail);
          if (secret !== undefined) assert.ok(!detail.includes(secret));
          contract.assertForeseen(ask, answer);
        });
      }
      for (const { url } of hosts.all) {
        for (const path of ["/healthz", "/openapi.json"]) {
          assert.equal((await exchange(url, { method: "GET", path, headers: {} })).status, 200);
        }
      }
    });
  }
});

describe("changed settings in a running isolate", () => {
  test("apply to the next call", async () => {
    await using worker = await startWorker(crm, { variables: {}, main: probe });
    const url = worker.others.get("Set");
    assert.ok(url);
    const token = callWith(bearer(issuer.token(claimsOf("agent"))), refund);
    const auth = JSON.stringify({ auth: authOf(issuer) });
    const short = JSON.stringify({ limits: { bodyBytes: 1_024 } });
    const long = callWith(bearer(apiKey), { ...refund, role: "agent", traceId: "x".repeat(2_000) });
    const changes: readonly { CALLGATE_CONFIG?: string; byKey: Outcome; byToken: Outcome; long: Outcome }[] = [
      { byKey: allowed, byToken: refused, long: allowed },
      { CALLGATE_CONFIG: auth, byKey: refused, byToken: allowed, long: refused },
      { CALLGATE_CONFIG: auth.slice(1), byKey: invalid, byToken: invalid, long: invalid },
      { CALLGATE_CONFIG: short, byKey: allowed, byToken: refused, long: problem(413, "body_too_large") },
      { CALLGATE_CONFIG: " ", byKey: invalid, byToken: invalid, long: invalid },
      { CALLGATE_CONFIG: "{}", byKey: allowed, byToken: refused, long: allowed },
    ];
    let settled: number | undefined;
    for (let round = 0; round < 40; round += 1) {
      for (const { byKey, byToken, long: byLong, ...set } of changes) {
        const more = { [settingsHeader]: JSON.stringify({ CALLGATE_API_KEYS: apiKey, ...set }) };
        const asked = async (ask: Ask): Promise<Outcome> =>
          outcomeOf(await exchange(url, { ...ask, headers: { ...ask.headers, ...more } }));
        assert.deepEqual(await asked(call), byKey);
        assert.deepEqual(await asked(token), byToken);
        assert.deepEqual(await asked(long), byLong);
      }
      if (round === 10) settled = await linearMemory(worker);
    }
    assert.equal(await linearMemory(worker), settled, "each change leaks memory");
  });
});

describe("a self-hosted workerd", () => {
  test("has the compatibility date of the deployed Worker", () => {
    assert.equal(shippedCompatibilityDate(), compatibilityDate());
  });

  test("reads the settings from its environment", async () => {
    const CALLGATE_CONFIG = JSON.stringify({ limits: { bodyBytes: 1_024 } });
    const long = callWith(bearer(apiKey), { ...refund, role: "agent", traceId: "x".repeat(2_000) });
    const starts: readonly { variables: Readonly<Record<string, string>>; call: Outcome; long: Outcome }[] = [
      { variables: {}, call: problem(503, "not_configured"), long: problem(503, "not_configured") },
      { variables: { CALLGATE_API_KEYS: apiKey }, call: allowed, long: allowed },
      { variables: { CALLGATE_API_KEYS: apiKey, CALLGATE_CONFIG }, call: allowed, long: problem(413, "body_too_large") },
    ];
    for (const { variables, ...expected } of starts) {
      await using worker = await startWorkerAsShipped(crm, { variables });
      assert.deepEqual(outcomeOf(await exchange(worker.url, call)), expected.call);
      assert.deepEqual(outcomeOf(await exchange(worker.url, long)), expected.long);
    }
  });
});
