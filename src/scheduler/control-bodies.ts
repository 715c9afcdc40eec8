// What the operator's port takes.

import * as v from "valibot";
import { NO_WHY } from "./unsaid.ts";

/** The database's texts hold all but NUL. */
const words = v.pipe(v.string(), v.maxLength(300), v.regex(/^[^\0]*$/));
const why = v.optional(words, NO_WHY);
const coin = v.pipe(v.string(), v.regex(/^[A-Z0-9]{1,20}$/));

export const SWITCH = v.variant("scope", [
  v.object({ scope: v.literal("global"), why }),
  v.object({ scope: v.literal("user"), subject: v.pipe(v.string(), v.regex(/^\d{1,9}$/)), why }),
  v.object({ scope: v.literal("coin"), subject: coin, why }),
]);
export const HALT = v.object({ why });
export const FORCE = v.object({ userId: v.pipe(v.number(), v.integer(), v.minValue(1)), coin });
const PRICE = v.pipe(v.string(), v.regex(/^\d{1,12}(\.\d{1,12})?$/));
/** Prices are texts of exact decimals per coin, net of fees. */
export const SETTLE = v.object({
  ...{ ...FORCE.entries, priceKrw: PRICE, priceUsdt: PRICE, why },
  unseen: v.optional(v.boolean(), false),
  ownCoins: v.optional(v.boolean(), false),
  oddRate: v.optional(v.boolean(), false),
});
export const CLOSING = v.object({ note: v.optional(words, "") });
export const LOG_LEVEL = v.object({ level: v.picklist(["debug", "info", "warn", "error"]) });
