/**
 * Loads the Worker on workerd with maximum load, then longer with half of it, and reports whether it meets the
 * requirements.
 *
 *     node bench/edges/load.ts --workerd FILE [--quick] DIR
 *
 * `DIR` contains the bundle of the Worker. wrk runs on the same machine, so they share its cores.
 */

import { parseArgs } from "node:util";

import { startWorkerd } from "../../hosts/workerd.ts";
import { check, load, settings } from "./wrk.ts";

const {
  values: { workerd, quick },
  positionals: [bundle],
} = parseArgs({
  options: { workerd: { type: "string" }, quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (workerd === undefined || bundle === undefined) throw new Error("`--workerd` and a Worker directory are required");

const warmUpSeconds = quick ? 3 : 15;
const fullSeconds = quick ? 10 : 60;
const longSeconds = quick ? 20 : 600;
/** The number of parts of the long load; the memory of the first and the last part is compared. */
const parts = 10;

const limits = { rate: 6_000, p99: 50e6, growth: 1.05 };
/** The pause of a connection between two calls of the long load, in milliseconds. */
const pause = 20;
/** The approximate duration of a call at that rate. */
const callTime = 1;

const misses: string[] = [];
const server = await startWorkerd(workerd, bundle, settings);
try {
  await check("callgate", server);
  await load(server, { connections: 64, seconds: warmUpSeconds });

  const full = await load(server, { connections: 64, seconds: fullSeconds });
  console.log(`64 connections, ${fullSeconds} s: ${figures(full)}`);
  hold(full.rate >= limits.rate, `fewer than ${limits.rate} calls a second`);
  hold(full.p99 <= limits.p99, `p99 over ${limits.p99 / 1e6} ms`);
  hold(full.failed === 0, "calls that failed under full load");

  const connections = Math.round(((full.rate / 2) * (pause + callTime)) / 1_000);
  const memory: number[] = [];
  const sampler = setInterval(() => memory.push(server.memory()?.now ?? 0), 200);
  const half = await load(server, { connections, seconds: longSeconds, pause });
  clearInterval(sampler);
  console.log(`half that rate, ${longSeconds} s: ${figures(half)}`);
  hold(half.failed === 0, "calls that failed under half load");
  hold(Math.abs(half.rate / full.rate - 0.5) < 0.1, "a rate that is not half of the other");

  const size = Math.floor(memory.length / parts);
  const [first, last] = [mean(memory.slice(0, size)), mean(memory.slice(-size))];
  const growth = last / first;
  const most = Math.max(...memory);
  console.log(
    `memory of workerd: ${mebibytes(first)} in the first ${longSeconds / parts} s, ${mebibytes(last)} in the last, ` +
      `${mebibytes(most)} at the most; ratio ${growth.toFixed(3)}`,
  );
  hold(growth <= limits.growth, `memory that grows by more than ${Math.round((limits.growth - 1) * 100)} percent`);
} finally {
  await server[Symbol.asyncDispose]();
}
for (const miss of misses) console.error(`missed: ${miss}`);
// A short run tests the load itself, not the Worker.
if (misses.length > 0 && !quick) process.exitCode = 1;

function hold(holds: boolean, miss: string): void {
  if (!holds) misses.push(miss);
}

function figures({ rate, p50, p99, failed }: { rate: number; p50: number; p99: number; failed: number }): string {
  const times = `p50 ${(p50 / 1e6).toFixed(1)} ms, p99 ${(p99 / 1e6).toFixed(1)} ms`;
  return `${Math.round(rate)} calls a second, ${times}, ${failed} failed`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
