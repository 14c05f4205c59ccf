// What callgate needs of the Workers runtime, each need in one call from wasm.
//
// Bindings to the single methods would cross between wasm and JavaScript for every header and every member, and decode
// each name from the wasm's memory anew. Nothing is decided here: what a request means, wasm says.
//
// Where something is waited for, an object of the wasm waits for it. JavaScript owns that object: the runtime forgets a
// request whose caller goes away, whatever was waited for, and what is forgotten is freed in the wasm too.

/** The names of the settings, which the wasm knows. */
let settings = [];

/** Takes the names of the settings, one a line; called before anything else. */
export function nameSettings(names) {
  settings = names.split("\n");
}

/** The values of the settings, for each time that they were other ones. */
const known = [];

/**
 * Which of the known values `env` has.
 *
 * The runtime can go on with an isolate whose secrets were changed, and even serve both from it, so they are compared for
 * each request; here, where that takes no copy.
 */
export function settingsOf(env) {
  const at = known.findIndex((values) => settings.every((name, index) => values[index] === env[name]));
  return at >= 0 ? at : known.push(settings.map((name) => env[name])) - 1;
}

/** A value of a setting. What is set to another thing than text is read as its text, since to pass over it would be to
 * take a deployment for one where nothing is set. */
export function setting(at, name) {
  const value = known[at][settings.indexOf(name)];
  return value === undefined || value === null ? undefined : String(value);
}

/** The names of headers as the wasm gave them last, and as a list. */
let [namesText, headerNames] = ["", []];

/**
 * The method, the URL and the headers of the given names (one a line), each on a line: none of them can hold a line feed.
 *
 * The line of a header that was sent starts with a colon, so that an empty one is told from none. `get` joins the values
 * of a header that was sent more than once.
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
 * Reads the body, hands it to `waiting` and promises what that answers.
 *
 * `waiting` gets nothing where the body ended early, and more than `limit` bytes where it is too long: the rest of such a
 * body is not waited for.
 */
export async function readBody(request, isLengthKnown, limit, waiting) {
  let body;
  try {
    // Of a body whose length was found to be in bounds, the runtime delivers no more than what was declared.
    body = isLengthKnown ? new Uint8Array(await request.arrayBuffer()) : await collect(request.body ?? [], limit);
  } catch {
    // The caller went away, or sent less than it declared.
  }
  return waiting.resume(body);
}

/** Fetches the token issuer's keys, and promises the response that follows from them. */
export async function fetchKeys(url, limit, timeout, waiting) {
  let keys;
  try {
    // A redirection would lead to an address that nobody configured.
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

/** How long what is bound to the Worker may take, in milliseconds. */
const bindingTimeout = 5_000;

/** What `promise` gives, or a failure where that takes too long: no binding takes a time limit, and a caller waits. */
async function inTime(promise) {
  let timer;
  const end = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it took too long")), bindingTimeout);
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

/** Writes a line to standard output, which Workers Logs keep. */
export function writeLine(line) {
  console.log(line);
}

/** Writes a message to standard error. */
export function warn(message) {
  console.error(message);
}

/** Writes a data point; the runtime tells no failure but that of the binding. */
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

/** What a queue takes at once, in messages and in bytes, with room for what the runtime adds. */
const [queueMessages, queueBytes] = [100, 200_000];

/**
 * Sends records to a queue, one a message, and promises whether it has all of them.
 *
 * They are sent as text: as JSON they would be written anew, and the digits of a number are a part of a hash chain.
 */
export async function sendToQueue(env, binding, lines) {
  try {
    for (let at = 0; at < lines.length; ) {
      const messages = [];
      for (let bytes = 0; at < lines.length && messages.length < queueMessages; at += 1) {
        // A character of UTF-16 has at most three bytes.
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

/** Lets the runtime wait for a promise that no answer waits for. */
export function waitUntil(context, promise) {
  context.waitUntil(promise);
}

/** Does what `sender` says next, until it has nothing more to send. */
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
