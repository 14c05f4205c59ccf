/** One request and its response, without any changes on the way. */

import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** The request. */
export interface Ask {
  readonly method: string;
  /** The target on the wire, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with its length, unless the headers contain `transfer-encoding`; without it, no body is sent. */
  readonly body?: Buffer;
}

/** The response. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; the values of a repeated header are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The time limit of a response, after which a host counts as hanging, in milliseconds. */
const timeLimit = 30_000;

/**
 * A longer body is held back for `patience` milliseconds, so that a host can reject it by its head.
 *
 * A host that rejects closes the connection, and writing to a closed connection causes an error before the response is
 * read.
 */
const longBody = 65_536;
const patience = 200;

/**
 * Sends `ask` to the host at `base` over a new connection.
 *
 * `fetch` does too much for a contract test: it normalizes paths, adds headers and follows redirects.
 */
export async function exchange(base: URL, ask: Ask): Promise<Answer> {
  const { method, path, body } = ask;
  const { hostname: host, port } = base;
  const isChunked = "transfer-encoding" in ask.headers;
  const length = body === undefined || isChunked ? {} : { "content-length": body.length };
  const outgoing = request({ host, port, method, path, headers: { ...length, ...ask.headers }, agent: false });
  outgoing.setTimeout(timeLimit, () => {
    outgoing.destroy(new Error(`no response to ${method} ${path} within ${timeLimit / 1000} seconds`));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    // Remains for the whole request: after a response, a failure to send the rest of the body is not an error.
    outgoing.on("error", reject);
  });

  let early: IncomingMessage | undefined;
  if (body !== undefined && body.length > longBody) {
    outgoing.flushHeaders();
    early = await Promise.race([answered, delay(patience, undefined)]);
  }
  if (early === undefined) outgoing.end(body);
  const incoming = early ?? (await answered);
  const answer = { status: incoming.statusCode ?? 0, headers: joined(incoming), body: await buffer(incoming) };
  outgoing.destroy();
  return answer;
}

function joined({ headersDistinct }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(", ")]));
}
