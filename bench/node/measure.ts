/**
 * Measures the refund decision of the support desk in V8, by Cedar as wasm. Every figure is a line of JSON on standard
 * output.
 *
 *     node bench/node/measure.ts [--module FILE] [--quick]
 *
 * With the callgate module for ../v8/guest.ts, callgate is measured in the same run, in turns.
 */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";

const { values: options } = parseArgs({
  options: { module: { type: "string" }, quick: { type: "boolean", default: false } },
});

/** The call from a host, for an amount. */
const refund = (amount: number): Uint8Array =>
  new TextEncoder().encode(
    `{ "tool": "process_refund", "args": {"amount":${amount},"order_id":"ORD-8821"}, "role": "agent", ` +
      `"agentAttributes": { "user_id": "agt-099", "env": "production" }, "resourceAttributes": {} }`,
  );

/** A policy engine: from the bytes of a call to whether it is allowed. */
type Judge = (body: Uint8Array) => boolean;

const decoder = new TextDecoder();

/** Cedar, whose policies are parsed once and stay in the module. */
function cedar(): Judge {
  const policies = readFileSync(new URL("../peers/crm.cedar", import.meta.url), "utf8");
  const parsed = preparsePolicySet("crm", { staticPolicies: policies, templates: {}, templateLinks: [] });
  if (parsed.type !== "success") throw new Error(`Cedar refuses the policies: ${JSON.stringify(parsed.errors)}`);
  const resource = { type: "Server", id: "crm" };
  return (body) => {
    const call = JSON.parse(decoder.decode(body));
    const principal = { type: "Caller", id: call.agentAttributes.user_id };
    const answer = statefulIsAuthorized({
      principal,
      action: { type: "Action", id: call.tool },
      resource,
      context: {
        args: call.args,
        agentAttributes: call.agentAttributes,
        resourceAttributes: call.resourceAttributes,
      },
      preparsedPolicySetId: "crm",
      entities: [{ uid: principal, attrs: {}, parents: [{ type: "Role", id: call.role }] }],
    });
    if (answer.type !== "success") throw new Error(`Cedar failed: ${JSON.stringify(answer.errors)}`);
    return answer.response.decision === "allow";
  };
}

/** callgate, from the bytes of the call to the text of the response, whose start is checked. */
async function callgate(path: string): Promise<Judge> {
  const { Guest } = await import(new URL("../v8/guest.ts", import.meta.url).href);
  const guest = new Guest(new WebAssembly.Module(readFileSync(path)));
  return (body) => {
    const answer: string = guest.evaluate(body);
    return answer.startsWith('{"decision":"Allow"');
  };
}

/** Nanoseconds per call, measured for the given milliseconds. */
function turn(judge: Judge, body: Uint8Array, milliseconds: number): number {
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let at = 0; at < 16; at += 1) judge(body);
    calls += 16;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  return (elapsed * 1e6) / calls;
}

const judges: [row: string, judge: Judge][] = [];
if (options.module !== undefined) judges.push(["callgate", await callgate(options.module)]);
judges.push(["cedar-wasm", cedar()]);
const [allowed, refused] = [refund(200), refund(800)];
for (const [row, judge] of judges) {
  if (!judge(allowed) || judge(refused)) throw new Error(`${row} decides the refunds wrongly`);
}

const times = new Map<string, number[]>(judges.map(([row]) => [row, []]));
// V8 first compiles for a fast start, then recompiles hot code; the warm-up ends before the measurement.
for (const [, judge] of judges) turn(judge, allowed, options.quick ? 200 : 1_000);
for (let at = 0; at < (options.quick ? 5 : 25); at += 1) {
  for (const [row, judge] of judges) times.get(row)?.push(turn(judge, allowed, 40));
}
for (const [row, each] of times) {
  const sorted = each.toSorted((a, b) => a - b);
  const value = sorted[sorted.length >> 1];
  console.log(JSON.stringify({ table: "refund-v8", row, column: "from JSON text", value, unit: "ns" }));
}
