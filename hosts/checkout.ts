/** The path of the checkout. */

import { resolve } from "node:path";

/** The checkout root. */
export const checkout = resolve(import.meta.dirname, "..");
