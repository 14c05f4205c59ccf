/** The engine without a host: `callgate eval`. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

import { checkout } from "../../hosts/checkout.ts";
import { type Subject, callgate } from "./environment.ts";

/** The response of the native command line to the call in `body`. */
export async function evaluate(subject: Subject, body: Buffer): Promise<Buffer> {
  const child = spawn(callgate(), ["eval", "--policy", subject.policy], { cwd: checkout, stdio: "pipe" });
  // A command that exits early closes its input; its error message matters then, not the closed input.
  child.stdin.on("error", () => {});
  child.stdin.end(body);
  const [output, complaint] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  assert.equal(output.at(-1), "\n".charCodeAt(0), `\`callgate eval\` printed no line: ${complaint}`);
  return output.subarray(0, -1);
}
