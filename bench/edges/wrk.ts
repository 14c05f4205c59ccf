/** Load from wrk, on the same machine and over persistent connections. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import type { Runtime } from "../../hosts/runtime.ts";

/** The key of the servers and the calls. */
export const apiKey = "test-key-0123456789abcdef0123456789abcdef";

/** The start settings of a server. */
export const settings = { variables: { CALLGATE_API_KEYS: apiKey } };

/** The call of the examples, which the default policy allows. */
export const call =
  '{ "tool": "process_refund", "args": { "order_id": "ORD-8821", "amount": 200 }, "role": "agent", ' +
  '"agentAttributes": { "user_id": "agt-099", "env": "production" }, "resourceAttributes": {} }';

/** The load on a server. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** The average pause of each connection between two calls, in milliseconds; without it, there is no pause. */
  readonly pause?: number;
}

/** The result of a load. Times are in nanoseconds. */
export interface Outcome {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** The calls without a response, or with another status than 200. */
  readonly failed: number;
  /** The CPU time of the server for a request, on all cores, if the system reports it. */
  readonly work: number | undefined;
}

/** Loads a server with the same call repeatedly. */
export async function load(server: Runtime, { connections, seconds, pause = 0 }: Load): Promise<Outcome> {
  const before = server.work();
  const script = `${import.meta.dirname}/call.lua`;
  const wrk = spawn("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, server.url.href], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CALLGATE_API_KEYS: apiKey, CALLGATE_CALL: call, CALLGATE_PAUSE: `${pause}` },
  });
  const [output, [status]] = await Promise.all([text(wrk.stdout), once(wrk, "exit") as Promise<[number | null]>]).catch(
    (cause: unknown) => {
      throw new Error("cannot run `wrk`; install it, for example with `apt install wrk`", { cause });
    },
  );
  const line = output.split("\n").find((line) => line.startsWith("{"));
  if (status !== 0 || line === undefined) throw new Error(`wrk failed: ${output}`);
  const { requests = 0, duration = 0, p50 = 0, p99 = 0, failed = 0 } = JSON.parse(line) as Record<string, number>;
  if (requests === 0 || duration === 0) throw new Error(`no call was answered: ${line}`);
  const after = server.work();
  const work = before === undefined || after === undefined ? undefined : (after - before) / requests;
  return { rate: (requests / duration) * 1e6, p50: p50 * 1e3, p99: p99 * 1e3, failed, work };
}

/** Sends the call once and checks the response: callgate must allow it, and the peers must respond. */
export async function check(name: string, { url }: Runtime): Promise<void> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const answer = await fetch(new URL("/evaluate", url), { method: "POST", headers, body: call });
  const text = await answer.text();
  const isExpected = name === "callgate" ? text.startsWith('{"decision":"Allow"') : text !== "";
  if (answer.status !== 200 || !isExpected) throw new Error(`${name} answers ${answer.status}: ${text}`);
}
