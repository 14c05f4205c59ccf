/** Callers with a token: which are accepted, with which identity, and that no others are. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askAll } from "./support/answers.ts";
import { allowed, bearer, callWith, outcomeOf, problem, refund, refused } from "./support/calls.ts";
import { Contract } from "./support/contract.ts";
import { apiKey, crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { type Hosts, runtimes, startHostsWith, startSpinApp, startWorker } from "./support/hosts.ts";
import { Issuer, algorithms, claimsOf, now, tokenByText, unsigned, variablesOf } from "./support/issuer.ts";

/** Credentials that must be rejected, by their errors. */
function forgeries(issuer: Issuer): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const { algorithm, keyId } = issuer;
  const claims = claimsOf("agent");
  const { exp: _, ...endless } = claims;
  const { aud: __, ...forNobody } = claims;
  const signed = (changed: object, header?: object) => bearer(issuer.token({ ...claims, ...changed }, { ...header }));
  const usual = { alg: algorithm, kid: keyId };
  const genuine = issuer.token(claims);
  const [head, body, signature] = genuine.split(".");
  const twice = `{"sub":"a",${JSON.stringify(claims).slice(1)}`;
  const forger = new Issuer(algorithm);
  const none = ["none", "None", "NONE", "nOnE"].map((alg) => [`alg ${alg}`, bearer(unsigned(claims, { alg, kid: keyId }))]);
  return {
    "no credential": {},
    "no token": bearer("once"),
    "an API key": bearer(apiKey),
    "another scheme": { authorization: `Basic ${genuine}` },
    "a token in another header": { "cf-access-jwt-assertion": genuine },
    "wrong aud": signed({ aud: "other" }, usual),
    "no aud": bearer(issuer.token(forNobody)),
    "wrong iss": signed({ iss: "https://idp.example.com/" }, usual),
    "no exp": bearer(issuer.token(endless)),
    "an exp that is a string": signed({ exp: String(now() + 600) }, usual),
    expired: signed({ exp: now() - 60 }, usual),
    "not yet valid": signed({ nbf: now() + 300 }, usual),
    "no roles": signed({ roles: [] }, usual),
    "an empty subject": signed({ sub: "" }, usual),
    ...(Object.fromEntries(none) as Record<string, Record<string, string>>),
    "HS256 signed with the text of the public key": bearer(
      tokenByText(issuer.publicText, claims, { alg: "HS256", kid: keyId }),
    ),
    "HS256 signed with the key set": bearer(tokenByText(JSON.stringify(issuer.keys), claims, { alg: "HS256" })),
    "another algorithm in the header": bearer(issuer.token(claims, { alg: algorithm === "ES256" ? "RS256" : "ES256" })),
    "a duplicate claim": bearer(issuer.token(twice)),
    "a header with a duplicate algorithm": bearer(
      issuer.token(claims, `{"alg":"none","alg":"${algorithm}","kid":"${keyId}"}`),
    ),
    "an extension that must be known": bearer(issuer.token(claims, { ...usual, crit: ["exp"] })),
    // HS256 has no key set, so `kid` is ignored.
    ...(algorithm === "HS256" ? {} : { "an unknown kid": bearer(issuer.token(claims, { ...usual, kid: "k2" })) }),
    "a key in the header": bearer(forger.token(claims, { ...usual, jwk: forger.keys.keys[0] ?? {} })),
    "signed with another key": bearer(forger.token(claims)),
    "other claims": bearer(`${head}.${issuer.token(claimsOf("admin")).split(".")[1]}.${signature}`),
    "no signature": bearer(`${head}.${body}.`),
    "a fourth part": bearer(`${genuine}.${signature}`),
    "a longer signature": bearer(`${genuine}AAAA`),
    "longer than 8 KiB": signed({ more: "x".repeat(8_192) }, usual),
    "sent twice": { authorization: `Bearer ${genuine}, Bearer ${genuine}` },
  };
}

describe("tokens", { concurrency: 3 }, () => {
  for (const algorithm of algorithms) {
    describe(`edges that accept tokens of ${algorithm}`, () => {
      let hosts: Hosts;
      const issuer = new Issuer(algorithm);
      const agent = issuer.token(claimsOf("agent"));

      before(async () => {
        hosts = await startHostsWith(crm, { variables: variablesOf(issuer) });
      });
      after(() => hosts?.[Symbol.asyncDispose]());

      test("accept a caller with the role of the token", async () => {
        const contract = await Contract.readAll(hosts);
        for (const [call, expected] of [
          [refund, allowed],
          [{ ...refund, args: { amount: 800 } }, { status: 200, decision: "Deny", code: "condition_failed" }],
          // Repeating the token's roles is allowed.
          [{ ...refund, role: "agent" }, allowed],
          [{ ...refund, roles: ["agent"] }, allowed],
          [{ ...refund, role: "manager" }, problem(400, "roles_differ")],
          [{ ...refund, roles: ["agent", "admin"] }, problem(400, "roles_differ")],
        ] as const) {
          const ask = callWith(bearer(agent), call);
          const answer = await askAll(hosts, ask);
          assert.deepEqual(outcomeOf(answer), expected, JSON.stringify(call));
          contract.assertForeseen(ask, answer);
        }
      });

      test("read attributes from the token and not from the body", async () => {
        const read = { tool: "access_pii" };
        for (const [claims, call, expected] of [
          [{ mfa: true }, read, allowed],
          [{ mfa: false }, read, { status: 200, decision: "Deny", code: "condition_failed" }],
          [{}, read, { status: 200, decision: "Deny", code: "condition_unknown" }],
          [{}, { ...read, agentAttributes: { mfa_verified: true } }, problem(400, "attributes_not_supported")],
          [{ mfa: true }, { ...read, agentAttributes: {} }, problem(400, "attributes_not_supported")],
        ] as const) {
          const answer = await askAll(hosts, callWith(bearer(issuer.token({ ...claimsOf("manager"), ...claims })), call));
          assert.deepEqual(outcomeOf(answer), expected, JSON.stringify({ claims, call }));
        }
      });

      test("reject every other credential with the same response", async () => {
        const answers = new Map<string, string[]>();
        for (const [wrong, headers] of Object.entries(forgeries(issuer))) {
          const answer = await askAll(hosts, callWith(headers));
          assert.deepEqual(outcomeOf(answer), refused, wrong);
          assert.equal(answer.headers["www-authenticate"], 'Bearer realm="callgate"', wrong);
          const { date: _, ...others } = answer.headers;
          const text = JSON.stringify([others, answer.body.toString("latin1")]);
          answers.set(text, [...(answers.get(text) ?? []), wrong]);
          assert.deepEqual(outcomeOf(await askAll(hosts, callWith(bearer(agent)))), allowed, `after ${wrong}`);
        }
        assert.equal(answers.size, 1, "the response reveals the error");
      });
    });
  }

  describe("single-use tokens", () => {
    const issuer = new Issuer("EdDSA");
    const variables = variablesOf(issuer, { singleUse: true });
    const once = () => callWith(bearer(issuer.token({ ...claimsOf("agent"), jti: crypto.randomUUID() })));

    for (const { name, start } of runtimes) {
      test(`are rejected the second time on ${name}`, async () => {
        // On a busy machine, a pause of a second could otherwise end the instance that remembers the token.
        await using host = await start(crm, { variables, isOneInstance: true });
        for (let round = 0; round < 20; round += 1) {
          const ask = once();
          assert.deepEqual(outcomeOf(await exchange(host.url, ask)), allowed);
          assert.deepEqual(outcomeOf(await exchange(host.url, ask)), refused);
          assert.deepEqual(outcomeOf(await exchange(host.url, ask)), refused);
        }
        const unnamed = callWith(bearer(issuer.token(claimsOf("agent"))));
        assert.deepEqual(outcomeOf(await exchange(host.url, unnamed)), refused, "no jti");
      });
    }

    test("are accepted once among ten concurrent calls in an isolate", async () => {
      await using worker = await startWorker(crm, { variables });
      const ask = once();
      const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(worker.url, ask)));
      const statuses = answers.map((answer) => outcomeOf(answer).status).toSorted();
      assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 401)]);
    });

    test("are accepted once by each instance", async () => {
      // As documented, each instance has its own memory, and this host creates one per request.
      await using host = await startSpinApp(crm, { variables, options: ["--max-instance-reuse-count=1"] });
      const ask = once();
      assert.deepEqual(outcomeOf(await exchange(host.url, ask)), allowed);
      assert.deepEqual(outcomeOf(await exchange(host.url, ask)), allowed);
    });
  });

  describe("tokens of Cloudflare Access", () => {
    test("have their own header", async () => {
      const issuer = new Issuer("RS256");
      const team = "https://my-team.cloudflareaccess.com";
      const settings = { header: "cf-access-jwt-assertion", issuer: team, audience: "4714c1358e65fe4b408ad6d432a5f878" };
      const claims = { subject: "/email", roles: "/custom/groups" };
      await using hosts = await startHostsWith(crm, { variables: variablesOf(issuer, { ...settings, claims }) });
      const token = (audience: string) =>
        issuer.token({
          iss: team,
          aud: [audience],
          exp: now() + 600,
          nbf: now() - 1,
          iat: now() - 1,
          type: "app",
          email: "ada@example.com",
          sub: "7335d417-61da-459d-899c-0a01c76a2f94",
          custom: { groups: ["agent", "staff"] },
        });
      const own = token(settings.audience);
      const asked = async (headers: Record<string, string>) => outcomeOf(await askAll(hosts, callWith(headers)));
      assert.deepEqual(await asked({ "cf-access-jwt-assertion": own }), allowed);
      const beside = { authorization: "Bearer what-the-origin-needs" };
      assert.deepEqual(await asked({ "cf-access-jwt-assertion": own, ...beside }), allowed);
      assert.deepEqual(await asked(bearer(own)), refused);
      assert.deepEqual(await asked({ "cf-access-jwt-assertion": `Bearer ${own}` }), refused);
      assert.deepEqual(await asked({ "cf-access-jwt-assertion": token("of another application") }), refused);
    });
  });
});
