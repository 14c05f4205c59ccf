/**
 * Measures callgate as wasm in V8. Every figure is a line of JSON on standard output.
 *
 *     node bench/v8/measure.ts [--modules DIR] [--quick] [time | start | memory]..
 *
 * `callgate-bench-wasm build` creates the modules and the calls. If `PERSO_WASM` names the perso module, it is measured
 * too.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Guest, Perso } from "./guest.ts";

const { values: options, positionals } = parseArgs({
  options: {
    modules: { type: "string", default: "target/bench-modules" },
    quick: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

/** The calls from the files next to the modules. */
interface Calls {
  readonly refunds: readonly { readonly row: string; readonly module: string; readonly body: string; readonly withoutDigest: string }[];
  readonly exactTool: string;
  readonly sizes: readonly number[];
}

const calls = JSON.parse(readFileSync(join(options.modules, "calls.json"), "utf8")) as Calls;
const encoder = new TextEncoder();

const measurements: Record<string, () => void> = { time, start, memory };
for (const name of positionals.length > 0 ? positionals : Object.keys(measurements)) {
  const measure = measurements[name];
  if (measure === undefined) throw new Error(`unknown measurement \`${name}\``);
  measure();
}

/** The duration of a call, from its bytes to the text of the response. */
function time(): void {
  const perso = startPerso();
  for (const { row, module, body, withoutDigest } of calls.refunds) {
    const guest = new Guest(compile(module));
    const [bytes, short] = [encoder.encode(body), encoder.encode(withoutDigest)];
    const asks: [column: string, ask: () => string, times: number[]][] = [
      ["callgate, V8", () => guest.evaluate(bytes), []],
      ["no digest, V8", () => guest.evaluate(short), []],
    ];
    if (perso !== undefined) {
      const call = JSON.parse(body);
      const tool = encoder.encode(call.tool);
      const args = encoder.encode(JSON.stringify(call.args));
      const attributes = { agent_attrs: call.agentAttributes, resource_attrs: call.resourceAttributes };
      const context = encoder.encode(JSON.stringify({ role: call.role, ...attributes }));
      asks.push(["perso, V8", () => perso.evaluate(tool, args, context), []]);
    }
    // V8 first compiles for a fast start, then recompiles hot code; the warm-up ends before the measurement.
    for (const [, ask] of asks) {
      expectAllow(ask());
      turn(ask, 300);
    }
    for (let at = 0; at < (options.quick ? 3 : 15); at += 1) {
      for (const [, ask, times] of asks) times.push(turn(ask, 40));
    }
    for (const [column, , times] of asks) print("wasm", row, column, median(times), "ns");
  }
}

/** Nanoseconds per call, measured for the given milliseconds. */
function turn(ask: () => unknown, milliseconds: number): number {
  const started = performance.now();
  let rounds = 0;
  let elapsed = 0;
  do {
    for (let at = 0; at < 16; at += 1) ask();
    rounds += 16;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  return (elapsed * 1e6) / rounds;
}

function startPerso(): Perso | undefined {
  const path = process.env["PERSO_WASM"];
  if (path === undefined || path === "") return undefined;
  const policy = readFileSync(join(import.meta.dirname, "../../policies/crm-perso.json"));
  return new Perso(new WebAssembly.Module(readFileSync(path)), policy);
}

/** An engine with a wrong decision could be fast for the wrong reason. */
function expectAllow(answer: string): void {
  if (!answer.startsWith('{"decision":"Allow"')) throw new Error(`not allowed: ${answer}`);
}

/** From a compiled module to its first decision, with policies of every size. */
function start(): void {
  const body = encoder.encode(calls.exactTool);
  const modules = calls.sizes.map((rules) => ({ rules, module: compile(`rules-${rules}`), times: [] as number[] }));
  for (let at = 0; at < (options.quick ? 10 : 100); at += 1) {
    for (const { module, times } of modules) {
      const started = performance.now();
      const answer = new Guest(module).evaluate(body);
      times.push((performance.now() - started) * 1e6);
      expectAllow(answer);
    }
  }
  for (const { rules, times } of modules) {
    print("start", `${rules.toLocaleString("en")} rules`, "V8", median(times), "ns");
  }
}

/** Linear memory after few calls and after many. */
function memory(): void {
  const largest = 256 * 1024;
  const guest = new Guest(compile("crm"));
  const around = emptyNote();
  const report = (row: string): void => print("memory", row, "V8", guest.memoryBytes, "B");
  report("at the start");
  let seed = 0x5eed;
  const random = (bound: number): number => {
    // A linear congruential generator: the same lengths in every run.
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * bound);
  };
  const send = (count: number, length: () => number): void => {
    for (let at = 0; at < count; at += 1) {
      const note = "x".repeat(Math.max(0, length() - around.length));
      const body = encoder.encode(around.replace('"note":""', `"note":"${note}"`));
      // Every fourth body is truncated, which is detected only at its end.
      guest.evaluate(at % 4 === 3 ? body.subarray(0, -1) : body);
    }
  };
  const mixed = (): number => random(largest / 2 ** random(19)) + 1;
  send(1_000, mixed);
  report("after 1,000 calls");
  send(99_000, mixed);
  report("after 100,000 calls");
  send(100, () => largest);
  report("after the largest accepted bodies");
  send(100, () => largest + 1);
  report("after bodies that are too large");
}

/** A refund with an empty note for the padding. */
function emptyNote(): string {
  const refund = calls.refunds[0];
  if (refund === undefined) throw new Error("there is no refund file next to the modules");
  return refund.body.replace('"args": {', '"args": {"note":"",');
}

function compile(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(join(options.modules, `${name}.wasm`)));
}

/** The median of some figures, which is robust against a few slow turns. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function print(table: string, row: string, column: string, value: number, unit: string): void {
  console.log(JSON.stringify({ table, row, column, value, unit }));
}
