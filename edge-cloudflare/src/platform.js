// The Workers runtime functions that callgate uses, one call from wasm for each step.
//
// Bindings to the individual methods would cross between wasm and JavaScript for every header and member, and decode
// each name from wasm memory again. This file makes no decisions.
//
// Each wait has a wasm object that JavaScript owns. If a caller disconnects, the runtime drops its request at any wait,
// and the wasm object is freed too.

/** The names of the settings, from the wasm. */
let settings = [];

/** Sets the names of the settings, one per line; called first. */
export function nameSettings(names) {
  settings = names.split("\n");
}

/** The distinct sets of setting values so far. */
const known = [];

/**
 * The index of the values in `env` among the known values.
 *
 * The runtime can keep an isolate after its secrets change, and even serve both versions from it. So the values are
 * compared for each request, here because that needs no copy.
 */
export function settingsOf(env) {
  const at = known.findIndex((values) => settings.every((name, index) => values[index] === env[name]));
  return at >= 0 ? at : known.push(settings.map((name) => env[name])) - 1;
}

/**
 * A value of a setting. A value that is not a string is read as its text, because ignoring it would treat the setting
 * as unset.
 */
export function setting(at, name) {
  const value = known[at][settings.indexOf(name)];
  return value === undefined || value === null ? undefined : String(value);
}

/** The last header names from the wasm, as text and as a list. */
let [namesText, headerNames] = ["", []];

/**
 * The method, the URL and the headers of the given names (one per line), each on a line; none of them can contain a
 * line feed.
 *
 * The line of a present header starts with a colon, to distinguish an empty header from a missing one. `get` joins the
 * values of a repeated header.
 */
export function readHead(request, names) {
  if (names !== namesText) [namesText, headerNames] = [names, names.split("\n")];
  const { method, url, headers } = request;
  let head = `${method}\n${url}`;
  for (const name of headerNames) {
    const value = headers.get(name);
    head += value === null ? "\n" : `\n:${value}`;
  }
  return head;
}

/** The value of one more header. */
export function readHeader(request, name) {
  return request.headers.get(name) ?? undefined;
}

/**
 * Reads the body, passes it to `waiting` and promises the result.
 *
 * `waiting` gets nothing if the body ended early, and more than `limit` bytes if the body is too long, because the rest
 * is not read.
 */
export async function readBody(request, isLengthKnown, limit, waiting) {
  let body;
  try {
    // The runtime delivers at most the declared length, which is within the limit.
    body = isLengthKnown ? new Uint8Array(await request.arrayBuffer()) : await collect(request.body ?? [], limit);
  } catch {
    // The caller disconnected, or sent less than it declared.
  }
  return waiting.resume(body);
}

/** Fetches the token issuer's keys, and promises the response that follows from them. */
export async function fetchKeys(url, limit, timeout, waiting) {
  let keys;
  try {
    // A redirection could lead to an address that nobody configured.
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    if (response.status === 200) keys = await collect(response.body ?? [], limit);
    else await response.body?.cancel();
  } catch {
    // Keys from an earlier fetch may be sufficient.
  }
  return waiting.resume(keys);
}

const algorithms = {
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** Promises whether the signature of a token is genuine. */
export async function verify(algorithm, jwk, signature, input) {
  // The wasm's memory can change before the key is imported.
  const [signatureBytes, inputBytes] = [signature.slice(), input.slice()];
  try {
    const parameters = algorithms[algorithm];
    const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), parameters, false, ["verify"]);
    return await crypto.subtle.verify(parameters, key, signatureBytes, inputBytes);
  } catch {
    // The runtime rejects the key or the signature.
    return false;
  }
}

/** The timeout of a binding, in milliseconds. */
const bindingTimeout = 5_000;

/**
 * The result of `promise`, or a failure after the timeout: bindings have no time limit of their own, and a caller
 * waits.
 */
async function inTime(promise) {
  let timer;
  const end = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the binding timed out")), bindingTimeout);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** Promises whether a rate-limiting binding permits one more call of `key`; undefined if it does not answer. */
export async function limitRate(env, binding, key) {
  try {
    const { success } = await inTime(env[binding].limit({ key }));
    return typeof success === "boolean" ? success : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a line to standard output, which Workers Logs stores. */
export function writeLine(line) {
  console.log(line);
}

/** Writes a message to standard error. */
export function warn(message) {
  console.error(message);
}

/** Writes a data point; the runtime reports no failure except a missing binding. */
export function writeDataPoint(env, binding, index, blobs, doubles) {
  try {
    env[binding].writeDataPoint({ indexes: [index], blobs, doubles: Array.from(doubles) });
    return true;
  } catch {
    return false;
  }
}

/** Sends records to a collector, and promises whether they were delivered. */
export async function post(url, token, contentType, view, timeout) {
  try {
    const headers = { "content-type": contentType };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    // The wasm's memory can change before the runtime has sent it.
    const body = view.slice();
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The limits of one queue batch in messages and bytes, with room for the runtime's overhead. */
const [queueMessages, queueBytes] = [100, 200_000];

/**
 * Sends records to a queue, one per message, and promises whether all of them were accepted.
 *
 * They are sent as text, because JSON would be serialized again, and the digits of a number are part of a hash chain.
 */
export async function sendToQueue(env, binding, lines) {
  try {
    for (let at = 0; at < lines.length; ) {
      const messages = [];
      for (let bytes = 0; at < lines.length && messages.length < queueMessages; at += 1) {
        // A UTF-16 code unit has at most three bytes in UTF-8.
        bytes += lines[at].length * 3;
        if (bytes > queueBytes && messages.length > 0) break;
        messages.push({ body: lines[at], contentType: "text" });
      }
      await inTime(env[binding].sendBatch(messages));
    }
    return true;
  } catch {
    return false;
  }
}

/** Promises the response that follows from a promised answer. */
export async function resume(answer, waiting) {
  return waiting.resume(await answer);
}

/** Makes the runtime wait for a promise that no response waits for. */
export function waitUntil(context, promise) {
  context.waitUntil(promise);
}

/** Performs the steps of `sender` until it has nothing to send. */
export function sendLater(context, sender) {
  const send = async () => {
    for (let next; (next = sender.next()) !== undefined; ) {
      if (typeof next === "number") await sleep(next);
      else sender.conclude(await next);
    }
    sender.free();
  };
  context.waitUntil(send());
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function collect(stream, limit) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > limit) break;
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

/** Makes headers from lines of a name, a colon and a value. */
export function makeHeaders(lines) {
  return new Headers(lines.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** Makes the response. `body` is a view of the wasm's memory, which can change before the runtime has sent it. */
export function respond(status, headers, traceparent, body) {
  const response = new Response(body.slice(), { status, headers });
  if (traceparent !== undefined) response.headers.set("traceparent", traceparent);
  return response;
}
