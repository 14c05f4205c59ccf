/**
 * Key discovery: while the keys cannot be fetched, every call is denied; after a successful fetch, calls are decided.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { describe, test } from "node:test";

import { allowed, bearer, callWith, outcomeOf, problem, refused } from "./support/calls.ts";
import { crm } from "./support/environment.ts";
import { exchange } from "./support/exchange.ts";
import { startSpinApp, startWorker } from "./support/hosts.ts";
import { Issuer, claimsOf, variablesOf } from "./support/issuer.ts";
import { type Behaviour, StubService, breakOff, hang, reply, stall } from "./support/stub-service.ts";

const issuer = new Issuer("ES256");
const keysUrl = "https://idp.example.com/certs/keys.json?v=1";
const variables = variablesOf(issuer, { keysUrl });
const agent = callWith(bearer(issuer.token(claimsOf("agent"))));
const publish = reply(200, issuer.keys);
const unavailable = problem(503, "keys_unavailable");

/** Possible responses in place of keys. */
const faults: Readonly<Record<string, Behaviour>> = {
  "answers 500": reply(500, issuer.keys),
  "answers 404": reply(404, issuer.keys),
  "answers 204": reply(204),
  "redirects to itself": reply(302, issuer.keys, { location: keysUrl }),
  "redirects forever": reply(308, "", { location: "https://elsewhere.example.com/" }),
  "returns nothing": reply(200),
  "returns a page": reply(200, "<!doctype html><title>Sign in</title>", { "content-type": "text/html" }),
  "returns a list": reply(200, [issuer.keys.keys[0] ?? {}]),
  "returns no key": reply(200, { keys: [] }),
  "returns keys of another type": reply(200, new Issuer("EdDSA").keys),
  "returns a duplicate member": reply(200, `{"keys":[],"keys":${JSON.stringify(issuer.keys.keys)}}`),
  "returns more than 64 KiB": reply(200, `${JSON.stringify(issuer.keys)}${" ".repeat(65_536)}`),
  "declares a longer body than it sends": (response) => {
    response.writeHead(200, { "content-length": 10_000 }).write(JSON.stringify(issuer.keys));
    setTimeout(() => response.destroy(), 50);
  },
  "closes the connection": breakOff,
};

describe("key discovery", { concurrency: true }, () => {
  test("fetches the keys from the configured address once", async () => {
    await using service = await StubService.start(publish);
    await using worker = await startWorker(crm, { variables, outboundPort: service.port });
    for (let call = 0; call < 10; call += 1) assert.deepEqual(outcomeOf(await exchange(worker.url, agent)), allowed);
    assert.deepEqual(
      service.received.map(({ method, host, path, headers }) => [method, host, path, headers.authorization]),
      [["GET", "idp.example.com", "/certs/keys.json?v=1", undefined]],
    );

    // Many tokens with unknown keys do not cause a fetch each.
    for (let call = 0; call < 20; call += 1) {
      const forged = new Issuer("ES256", `k${call + 2}`).token(claimsOf("agent"));
      assert.deepEqual(outcomeOf(await exchange(worker.url, callWith(bearer(forged)))), refused);
    }
    assert.equal(service.received.length, 1);

    // Cached keys are used while the address is down.
    await service.close();
    assert.deepEqual(outcomeOf(await exchange(worker.url, agent)), allowed);
  });

  test("denies calls without keys, and decides them after the next fetch", async () => {
    await using service = await StubService.start(publish);
    // Each isolate fetches keys itself, so that each fault affects an isolate without keys.
    const [first, ...names] = ["down", ...Object.keys(faults)] as const;
    await using worker = await startWorker(crm, { variables, outboundPort: service.port, isolates: names.length + 1 });
    for (const [at, name] of names.entries()) {
      const url = worker.others.get(String(at));
      const fault = faults[name];
      assert.ok(url && fault);
      for (let call = 0; call < 3; call += 1) {
        service.behaviour = fault;
        assert.deepEqual(outcomeOf(await exchange(url, agent)), unavailable, `while it ${name}`);
      }
      service.behaviour = publish;
      assert.deepEqual(outcomeOf(await exchange(url, agent)), allowed, `after it ${name}`);
    }

    await service.close();
    assert.deepEqual(outcomeOf(await exchange(worker.url, agent)), unavailable, `while it is ${first}`);
    await service.open();
    assert.deepEqual(outcomeOf(await exchange(worker.url, agent)), allowed, `after it is ${first}`);
  });

  test("delays no call for more than five seconds, and no other isolate", async () => {
    await using service = await StubService.start(hang);
    await using worker = await startWorker(crm, { variables, outboundPort: service.port, isolates: 3 });
    const [, silent, endless] = [worker.url, ...worker.others.values()];
    assert.ok(silent && endless);
    const started = performance.now();
    const many = async (url: URL) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => exchange(url, agent)));
      for (const answer of answers) assert.deepEqual(outcomeOf(answer), unavailable);
      return performance.now() - started;
    };
    const waiting = [many(silent)];
    await service.asked(8);
    service.behaviour = stall;
    waiting.push(many(endless));
    await service.asked(16);
    service.behaviour = publish;
    assert.deepEqual(outcomeOf(await exchange(worker.url, agent)), allowed);
    for (const took of await Promise.all(waiting)) assert.ok(took < 15_000, `the responses took ${took} ms`);
    // However many calls wait, at most eight fetches happen in half a minute.
    assert.equal(service.received.length, 17);
  });

  test("accepts no keys over an untrusted connection", async () => {
    // The WASI host trusts only its built-in authorities, so no test server has a trusted certificate.
    await using service = await StubService.start(publish);
    await using silent = await Silent.start();
    const at = (port: number) => ({ variables: variablesOf(issuer, { keysUrl: `https://127.0.0.1:${port}/` }) });
    for (const [port, name] of [
      [service.port, "does not use TLS"],
      [silent.port, "is silent"],
    ] as const) {
      await using spin = await startSpinApp(crm, at(port));
      const started = performance.now();
      assert.deepEqual(outcomeOf(await exchange(spin.url, agent)), unavailable, name);
      const took = performance.now() - started;
      assert.ok(took < 15_000, `the response took ${took} ms if the server ${name}`);
    }
    assert.deepEqual(service.received, []);
    await service.close();
    await using spin = await startSpinApp(crm, at(service.port));
    assert.deepEqual(outcomeOf(await exchange(spin.url, agent)), unavailable, "is down");
  });
});

/** A server that accepts connections and never responds. */
class Silent implements AsyncDisposable {
  readonly #server = createServer((socket) => void socket.on("error", () => {}).resume());
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<Silent> {
    const silent = new Silent();
    silent.#server.on("connection", (socket) => silent.#sockets.add(socket));
    silent.#server.listen(0, "127.0.0.1");
    await once(silent.#server, "listening");
    return silent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}
