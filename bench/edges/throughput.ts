/**
 * Measures how many calls per second the edges handle. Every figure is a line of JSON on standard output.
 *
 *     node bench/edges/throughput.ts --workerd FILE --wasmtime FILE [--quick] worker:NAME=DIR.. spin:NAME=FILE..
 *
 * `DIR` contains the bundle of a Worker and `FILE` is a Spin app; `NAME` is its column. The apps of one platform are
 * loaded in turns of a few seconds, so that temporary slowdowns affect all of them; the results are medians. All get
 * the same call. wrk creates the load on the same machine, over persistent connections.
 */

import { parseArgs } from "node:util";

import { platforms } from "../../hosts/platforms.ts";
import type { Runtime } from "../../hosts/runtime.ts";
import { type Outcome, check, load, settings } from "./wrk.ts";

const named = Object.fromEntries(platforms.map(({ runtime }) => [runtime, { type: "string" } as const]));
const { values: options, positionals } = parseArgs({
  options: { ...named, quick: { type: "boolean", default: false } },
  allowPositionals: true,
});

/** The programs of the runtimes, by name. */
const programs = options as Readonly<Record<string, unknown>>;

/** Until its compilers have finished, a runtime has half its speed. */
const warmUpSeconds = options.quick ? 3 : 15;
const rounds = options.quick ? 3 : 11;
const roundSeconds = options.quick ? 1 : 3;
const connectionCounts = [1, 16];

for (const { edge, runtime, variable, start } of platforms) {
  const subjects = positionals.flatMap((argument) => {
    const [, name, path] = new RegExp(`^${edge}:([^=]+)=(.+)$`).exec(argument) ?? [];
    return name === undefined || path === undefined ? [] : [{ name, path }];
  });
  const servers: { name: string; server: Runtime }[] = [];
  try {
    for (const { name, path } of subjects) {
      const program = variable === undefined ? path : programOf(runtime);
      servers.push({ name, server: await start(program, path, settings) });
    }
    for (const { name, server } of servers) await check(name, server);
    for (const { server } of servers) await loadWell(server, 16, warmUpSeconds);
    for (const connections of connectionCounts) await measure(edge, servers, connections);
  } finally {
    for (const { server } of servers) await server[Symbol.asyncDispose]();
  }
}

async function measure(
  table: string,
  servers: readonly { name: string; server: Runtime }[],
  connections: number,
): Promise<void> {
  const taken = servers.map(({ name, server }) => ({ name, server, rounds: [] as Outcome[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { server, rounds } of taken) rounds.push(await loadWell(server, connections, roundSeconds));
  }
  const rows: { row: string; unit: string; of: (round: Outcome) => number | undefined }[] = [
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
  // Readers of the ratios need to know their precision.
  const first = taken[0];
  for (const { name, rounds } of taken.slice(1)) {
    const ratios = rounds.map(({ rate }, at) => rate / (first?.rounds[at]?.rate ?? Number.NaN));
    const [least, middle, most] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((of) => of.toFixed(2));
    const pair = `${name} against ${first?.name}`;
    console.error(`${table}, ${connections}: ${pair}, round by round: median ${middle}, from ${least} to ${most}`);
  }
}

/** Loads a server without a pause, for a round that counts only if every call succeeded. */
async function loadWell(server: Runtime, connections: number, seconds: number): Promise<Outcome> {
  const outcome = await load(server, { connections, seconds });
  if (outcome.failed !== 0) throw new Error(`${outcome.failed} calls failed`);
  return outcome;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function programOf(runtime: string): string {
  const program = programs[runtime];
  if (typeof program !== "string") throw new Error(`the option \`--${runtime}\` is missing; name the program`);
  return program;
}
