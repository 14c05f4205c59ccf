/** An external service that an edge calls, with the behavior that a test selects. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** A received request. */
export interface Received {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The behavior for a request. */
export type Behaviour = (response: ServerResponse, received: Received) => void;

/** Responds with a status, a body and headers. */
export function reply(status: number, body: string | object = "", headers: Record<string, string> = {}): Behaviour {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (response) => void response.writeHead(status, headers).end(text);
}

/** Never responds, and keeps the connection open. */
export const hang: Behaviour = () => {};

/** Starts a response that never ends. */
export const stall: Behaviour = (response) => void response.writeHead(200).write('{"keys":[');

/** Closes the connection without a response. */
export const breakOff: Behaviour = (response) => void response.destroy();

/** The time limit for the edge's requests on a busy machine, in milliseconds. */
const askLimit = 20_000;

/** A local server. */
export class StubService implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #port = 0;
  readonly received: Received[] = [];
  behaviour: Behaviour;

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    // Some tests disconnect during a request.
    this.#server.on("clientError", (_, socket) => socket.destroy());
  }

  static async start(behaviour: Behaviour): Promise<StubService> {
    const service = new StubService(behaviour);
    await service.open();
    return service;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; after `close`, at the same port. */
  async open(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Resets all connections and accepts no others. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Waits until this number of requests arrived. Fails after a timeout. */
  async asked(count: number): Promise<void> {
    const started = Date.now();
    while (this.received.length < count) {
      assert.ok(Date.now() - started < askLimit, `received ${this.received.length} requests instead of ${count}`);
      await delay(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    let body: Buffer;
    try {
      body = await buffer(request);
    } catch {
      return;
    }
    const { method = "", url: path = "", headers } = request;
    const received = { method, host: headers.host ?? "", path, headers, body };
    this.received.push(received);
    this.behaviour(response, received);
  }
}
