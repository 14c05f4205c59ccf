/** Calls that a test writes itself, and what becomes of them. */

import type { Answer, Ask } from "./exchange.ts";

/** What the policy that ships allows to an agent. */
export const refund = { tool: "process_refund", args: { amount: 200 } };

/** A call to `/evaluate` with headers beside that of its type. */
export function callWith(headers: Readonly<Record<string, string>>, call: object = refund): Ask {
  const body = Buffer.from(JSON.stringify(call));
  return { method: "POST", path: "/evaluate", headers: { "content-type": "application/json", ...headers }, body };
}

/** The header of a credential. */
export function bearer(credential: string): Record<string, string> {
  return { authorization: `Bearer ${credential}` };
}

/** What an answer says, as far as a host must act on it. */
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

/** The outcome of a call that is refused before it is decided. */
export function problem(status: number, code: string): Outcome {
  return { status, decision: "Deny", code };
}
