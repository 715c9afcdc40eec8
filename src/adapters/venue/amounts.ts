// Amounts and instants in the venues' answers about orders and money, as exact decimals. Stricter than parsed.ts for
// lists: nothing is skipped, a row that does not fit makes the whole answer unreadable.

import * as v from "valibot";
import { Decimal } from "../../domain/decimal.ts";
import { type Body, check, decimal, type Parsed, readJson, then } from "./parsed.ts";

/** No amount of money or coins has more digits; without a bound a short text could make a very long number. */
const DIGITS_MAX = 60;

/** Any sign: profits, fees, funding. */
export const amount = v.pipe(
  decimal,
  v.maxLength(DIGITS_MAX),
  v.transform((text) => Decimal.of(text)),
);

/** Zero or more: quantities, balances. */
export const quantity = v.pipe(
  amount,
  v.check((value) => !value.isNegative, "an amount of 0 or more"),
);

/** Above zero: prices, quantities of fills, steps. */
export const aboveZero = v.pipe(
  amount,
  v.check((value) => value.isPositive, "an amount above 0"),
);

/** Left out, null or empty where it does not apply. */
export function absent<T>(schema: v.GenericSchema<unknown, T>) {
  const nothing = v.pipe(
    v.union([v.literal(""), v.null()]),
    v.transform(() => undefined),
  );
  return v.optional(v.union([nothing, schema]));
}

/** "2026-07-04T14:39:04+09:00" as epoch ms; the zone is required, for Bithumb and Upbit differ in what they mean by none. */
export const instant = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/),
  v.transform((text) => Date.parse(text)),
  v.check((atMs) => Number.isFinite(atMs), "a date and time"),
);

/** Checks a body against one schema. */
export function parseAs<T>(schema: v.GenericSchema<unknown, T>, body: Body): Parsed<T> {
  return then(readJson(body), (value) => check(schema, value));
}
