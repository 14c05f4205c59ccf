/** A connection whose every byte the test controls, and the responses on it. */

import { once } from "node:events";
import { type Socket, connect } from "node:net";

import type { Answer } from "./exchange.ts";

/** The state of a connection: open, closed by the host, or reset by the host. */
export type End = "open" | "closed" | "reset";

const headEnd = Buffer.from("\r\n\r\n");

/** A TCP connection to a host. */
export class Connection {
  readonly #socket: Socket;
  readonly #isHead: boolean;
  #received = Buffer.alloc(0);
  #end: End = "open";
  /** Called after data arrived or the connection ended. */
  #changed = () => {};

  private constructor(socket: Socket, isHead: boolean) {
    this.#socket = socket;
    this.#isHead = isHead;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    // An error shows in how the connection ended.
    socket.on("error", () => {
      this.#end = "reset";
    });
    socket.on("end", () => {
      if (this.#end === "open") this.#end = "closed";
      this.#changed();
    });
    socket.on("close", () => {
      if (this.#end === "open") this.#end = "closed";
      this.#changed();
    });
  }

  /** Opens a connection; `isHead` is set for HEAD requests, whose responses have no body. */
  static async open({ hostname, port }: URL, isHead = false): Promise<Connection> {
    // A side that has finished sending can still receive.
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new Connection(socket, isHead);
  }

  /** Sends bytes; text is sent as Latin 1, so that each character below U+0100 is a byte. */
  send(bytes: Buffer | string): void {
    if (this.#socket.writable) this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Closes the sending side, and continues to receive. */
  finish(): void {
    this.#socket.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection. */
  close(): void {
    this.#socket.destroy();
  }

  /** How the connection ended, if it did. */
  get end(): End {
    return this.#end;
  }

  /** All received data. */
  get received(): Buffer {
    return this.#received;
  }

  /** All complete responses. */
  answers(): readonly Answer[] {
    return readAnswers(this.#received, this.#end !== "open", this.#isHead);
  }

  /** Waits until there are `count` responses, the connection ended or `limit` milliseconds have passed. */
  async wait(count: number, limit: number): Promise<readonly Answer[]> {
    const deadline = Date.now() + limit;
    while (this.#end === "open" && this.answers().length < count && Date.now() < deadline) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        timer = setTimeout(resolve, deadline - Date.now());
      });
      clearTimeout(timer);
    }
    return this.answers();
  }
}

/** The head of a request, from its lines. */
export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Parses the responses (RFC 9112) of a connection. A response without a length ends with the connection. */
function readAnswers(received: Buffer, hasEnded: boolean, isHead: boolean): Answer[] {
  const answers: Answer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf(headEnd);
    if (end < 0) return answers;
    const [statusLine = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
    if (!status) throw new Error(`not an HTTP response: ${statusLine.slice(0, 200)}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? [];
      const key = name.toLowerCase();
      headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
    }
    const content = rest.subarray(end + headEnd.length);
    const body = isHead ? { content: Buffer.alloc(0), length: 0 } : readBody(status, headers, content, hasEnded);
    if (body === undefined) return answers;
    answers.push({ status, headers, body: body.content });
    rest = content.subarray(body.length);
  }
}

/** The body at the start of `content` and its length in bytes; nothing if the body is incomplete. */
function readBody(
  status: number,
  headers: Readonly<Record<string, string>>,
  content: Buffer,
  hasEnded: boolean,
): { content: Buffer; length: number } | undefined {
  if (status < 200 || status === 204 || status === 304) return { content: Buffer.alloc(0), length: 0 };
  if (headers["transfer-encoding"] === "chunked") return readChunks(content);
  const declared = headers["content-length"];
  if (declared === undefined) return hasEnded ? { content, length: content.length } : undefined;
  const length = Number(declared);
  return content.length < length ? undefined : { content: content.subarray(0, length), length };
}

function readChunks(content: Buffer): { content: Buffer; length: number } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = content.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(content.subarray(at, lineEnd).toString("latin1"), 16);
    const start = lineEnd + 2;
    const end = start + size;
    if (content.length < end + 2) return undefined;
    at = end + 2;
    if (size === 0) return { content: Buffer.concat(chunks), length: at };
    chunks.push(content.subarray(start, end));
  }
}
