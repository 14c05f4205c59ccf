// What callgate needs of the Workers runtime, each need in one call from wasm.
//
// Bindings to the single methods would cross between wasm and JavaScript for every header and every member, and decode
// each name from the wasm's memory anew. Nothing is decided here: what a request means, wasm says.

/** The API keys, if they are set. */
export function apiKeys(env) {
  const keys = env.CALLGATE_API_KEYS;
  return typeof keys === "string" ? keys : undefined;
}

/** A variable or a secret, if it is set. */
export function textVariable(env, name) {
  const text = env[name];
  return typeof text === "string" ? text : undefined;
}

/**
 * The method, the URL and the headers that every request is asked for, one a line: none of them can hold a line feed.
 *
 * The line of a header that was sent starts with a colon, so that an empty one is told from none. `get` joins the values
 * of a header that was sent more than once.
 */
export function readHead(request, credentialHeader) {
  const { method, url, headers } = request;
  const line = (name) => {
    const value = headers.get(name);
    return value === null ? "\n" : `\n:${value}`;
  };
  return `${method}\n${url}${line(credentialHeader)}${line("content-type")}${line("content-encoding")}${line("content-length")}${line("traceparent")}`;
}

/** The value of one more header. */
export function readHeader(request, name) {
  return request.headers.get(name) ?? undefined;
}

/**
 * Reads the body, hands it to `answer` and promises what that returns.
 *
 * `answer` gets nothing where the body ended early, and more than `limit` bytes where it is too long: the rest of such a
 * body is not waited for.
 */
export async function readBody(request, isLengthKnown, limit, answer) {
  let body;
  try {
    // Of a body whose length was found to be in bounds, the runtime delivers no more than what was declared.
    body = isLengthKnown ? new Uint8Array(await request.arrayBuffer()) : await collect(request.body ?? [], limit);
  } catch {
    // The caller went away, or sent less than it declared.
  }
  return answer(body);
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

/** Makes the answer. `body` is a view of the wasm's memory, which changes before the runtime has sent it. */
export function respond(status, headers, traceparent, body) {
  const response = new Response(body.slice(), { status, headers });
  if (traceparent !== undefined) response.headers.set("traceparent", traceparent);
  return response;
}
