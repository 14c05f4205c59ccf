/**
 * Measures how many calls a second the edges answer. Every figure is a line of JSON on standard output.
 *
 *     node bench/edges/throughput.ts --workerd FILE --wasmtime FILE [--quick] worker:NAME=DIR.. spin:NAME=FILE..
 *
 * `DIR` holds the bundle of a Worker and `FILE` is a Spin app; `NAME` is its column. Those of one platform are loaded
 * by turns, each for a few seconds, so that whatever slows the machine down for a while slows all of them; what comes
 * out are medians. All get the same call. The load comes from wrk on the same machine, over connections that stay open.
 */

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

import { type Runtime, startWasmtime, startWorkerd } from "../../e2e/runtimes.ts";
import { apiKey } from "../../e2e/setting.ts";

const { values: options, positionals } = parseArgs({
  options: {
    workerd: { type: "string" },
    wasmtime: { type: "string" },
    quick: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

/** The call of the examples, which the policy that ships allows. */
const call =
  '{ "tool": "process_refund", "args": { "order_id": "ORD-8821", "amount": 200 }, "role": "agent", ' +
  '"agentAttributes": { "user_id": "agt-099", "env": "production" }, "resourceAttributes": {} }';

/** Until its compilers have settled, a runtime answers at half its speed. */
const warmUpSeconds = options.quick ? 3 : 15;
const rounds = options.quick ? 3 : 11;
const roundSeconds = options.quick ? 1 : 3;
const connectionCounts = [1, 16];

/** One load of one server. Times are in nanoseconds. */
interface Round {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** What the server itself took for a request, on all cores; where the system tells. */
  readonly work: number | undefined;
}

const settings = { variables: { CALLGATE_API_KEYS: apiKey } };
const kinds = [
  { kind: "worker", start: (path: string) => startWorkerd(named(options.workerd, "--workerd"), path, settings) },
  { kind: "spin", start: (path: string) => startWasmtime(named(options.wasmtime, "--wasmtime"), path, settings) },
];
for (const { kind, start } of kinds) {
  const subjects = positionals.flatMap((argument) => {
    const [, name, path] = new RegExp(`^${kind}:([^=]+)=(.+)$`).exec(argument) ?? [];
    return name === undefined || path === undefined ? [] : [{ name, path }];
  });
  const servers: { name: string; server: Runtime }[] = [];
  try {
    for (const { name, path } of subjects) servers.push({ name, server: await start(path) });
    for (const { name, server } of servers) await check(name, server);
    for (const { server } of servers) load(server, 16, warmUpSeconds);
    for (const connections of connectionCounts) measure(kind, servers, connections);
  } finally {
    for (const { server } of servers) await server[Symbol.asyncDispose]();
  }
}

function measure(table: string, servers: readonly { name: string; server: Runtime }[], connections: number): void {
  const taken = servers.map(({ name, server }) => ({ name, server, rounds: [] as Round[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { server, rounds } of taken) rounds.push(load(server, connections, roundSeconds));
  }
  const rows: { row: string; unit: string; of: (round: Round) => number | undefined }[] = [
    { row: "calls a second", unit: "1/s", of: ({ rate }) => rate },
    { row: "p50", unit: "ns", of: ({ p50 }) => p50 },
    { row: "p99", unit: "ns", of: ({ p99 }) => p99 },
    { row: "work of the server for a call", unit: "ns", of: ({ work }) => work },
  ];
  for (const { row, unit, of } of rows) {
    for (const { name, rounds } of taken) {
      const values = rounds.map(of).filter((value) => value !== undefined);
      if (values.length === 0) continue;
      const at = connections === 1 ? "1 connection" : `${connections} connections`;
      console.log(JSON.stringify({ table, row: `${row}, ${at}`, column: name, value: median(values), unit }));
    }
  }
  // Whoever reads the ratios has to know how far they can be trusted.
  const first = taken[0];
  for (const { name, rounds } of taken.slice(1)) {
    const ratios = rounds.map(({ rate }, at) => rate / (first?.rounds[at]?.rate ?? Number.NaN));
    const [least, middle, most] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((of) => of.toFixed(2));
    const pair = `${name} against ${first?.name}`;
    console.error(`${table}, ${connections}: ${pair}, round by round: median ${middle}, from ${least} to ${most}`);
  }
}

/** Loads a server for some seconds. */
function load(server: Runtime, connections: number, seconds: number): Round {
  const before = server.work();
  const script = `${import.meta.dirname}/call.lua`;
  const wrk = spawnSync("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, server.url.href], {
    encoding: "utf8",
    env: { ...process.env, CALLGATE_API_KEYS: apiKey, CALLGATE_CALL: call },
  });
  if (wrk.error !== undefined) {
    throw new Error("`wrk` can't be started: install it, from `apt install wrk` or https://github.com/wg/wrk", {
      cause: wrk.error,
    });
  }
  const line = wrk.stdout.split("\n").find((line) => line.startsWith("{"));
  if (wrk.status !== 0 || line === undefined) throw new Error(`wrk failed: ${wrk.stderr}${wrk.stdout}`);
  const { requests, duration, p50, p99, failed } = JSON.parse(line) as Record<string, number>;
  if (!requests || !duration || failed !== 0) throw new Error(`not every call was answered well: ${line}`);
  const after = server.work();
  const work = before === undefined || after === undefined ? undefined : (after - before) / requests;
  return { rate: (requests / duration) * 1e6, p50: (p50 ?? 0) * 1e3, p99: (p99 ?? 0) * 1e3, work };
}

/** Sends the call once and holds the answer against what must come: callgate decides, and the peers say something. */
async function check(name: string, { url }: Runtime): Promise<void> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const answer = await fetch(new URL("/evaluate", url), { method: "POST", headers, body: call });
  const text = await answer.text();
  const isExpected = name === "callgate" ? text.startsWith('{"decision":"Allow"') : text !== "";
  if (answer.status !== 200 || !isExpected) throw new Error(`${name} answers ${answer.status}: ${text}`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function named(value: string | undefined, option: string): string {
  if (value === undefined) throw new Error(`\`${option}\` names no program`);
  return value;
}
