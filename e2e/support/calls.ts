/** Calls that a test writes itself, and their outcomes. */

import type { Answer, Ask } from "./exchange.ts";

/** A call that the default policy allows to an agent. */
export const refund = { tool: "process_refund", args: { amount: 200 } };

/** A call to `/evaluate` with additional headers. */
export function callWith(headers: Readonly<Record<string, string>>, call: object = refund): Ask {
  const body = Buffer.from(JSON.stringify(call));
  return { method: "POST", path: "/evaluate", headers: { "content-type": "application/json", ...headers }, body };
}

/** The header of a credential. */
export function bearer(credential: string): Record<string, string> {
  return { authorization: `Bearer ${credential}` };
}

/** The content of a response that a host must act on. */
export interface Outcome {
  readonly status: number;
  readonly decision: unknown;
  readonly code: unknown;
}

export function outcomeOf({ status, body }: Answer): Outcome {
  const { decision, code } = JSON.parse(body.toString()) as { decision: unknown; code: unknown };
  return { status, decision, code };
}

export const allowed: Outcome = { status: 200, decision: "Allow", code: "allowed" };
export const refused: Outcome = { status: 401, decision: "Deny", code: "unauthenticated" };

/** The outcome of a call that is rejected before it is decided. */
export function problem(status: number, code: string): Outcome {
  return { status, decision: "Deny", code };
}
