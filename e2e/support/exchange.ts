/** One request and its answer, with nothing added or taken away on the way. */

import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** What is sent. */
export interface Ask {
  readonly method: string;
  /** The target as it goes on the wire, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with its length, unless the headers say `transfer-encoding`; without one, no body is sent. */
  readonly body?: Buffer;
}

/** What comes back. */
export interface Answer {
  readonly status: number;
  /** By name in lower case; the values of a header that came more than once are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A host that answers within this time is slow, one that does not hangs. In milliseconds. */
const timeLimit = 30_000;

/**
 * A body of more bytes than this is held back for `patience` milliseconds, so that a host can refuse it by its head.
 *
 * A host that refuses closes the connection, and what is sent into a closed connection ends in an error, which would
 * come before the answer.
 */
const longBody = 65_536;
const patience = 200;

/**
 * Sends `ask` to the host at `base` over a connection of its own.
 *
 * `fetch` would do more than a test of a contract can bear: it normalises paths, adds headers and follows redirects.
 */
export async function exchange(base: URL, ask: Ask): Promise<Answer> {
  const { method, path, body } = ask;
  const { hostname: host, port } = base;
  const isChunked = "transfer-encoding" in ask.headers;
  const length = body === undefined || isChunked ? {} : { "content-length": body.length };
  const outgoing = request({ host, port, method, path, headers: { ...length, ...ask.headers }, agent: false });
  outgoing.setTimeout(timeLimit, () => {
    outgoing.destroy(new Error(`no answer to ${method} ${path} within ${timeLimit / 1000} seconds`));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    // Stays for the life of the request: once there is an answer, a failure to send the rest of a body is none.
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
