/** Where the checkout is. */

import { resolve } from "node:path";

/** The top of the checkout. */
export const checkout = resolve(import.meta.dirname, "..");
