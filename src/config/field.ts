// What a setting is, and the kinds of text its value may be.

import * as v from "valibot";

export interface Field<T> {
  /** One or two sentences for operators. */
  readonly about: string;
  /** As it would stand in the environment; undefined: optional without a default. */
  readonly default?: string;
  readonly required?: boolean;
  /** Never printed; placeholders are refused. */
  readonly secret?: boolean;
  readonly schema: v.GenericSchema<string, T>;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends { schema: v.GenericSchema<string, infer T> }
  ? F extends { default: string } | { required: true }
    ? T
    : T | undefined
  : never;
export type Settings<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export const text = v.pipe(v.string(), v.minLength(1));
export const integer = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^-?\d{1,15}$/, `expected a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `expected at least ${min}`),
    v.maxValue(max, `expected at most ${max}`),
  );
export const onOff = v.pipe(
  v.picklist(["on", "off"], "expected on or off"),
  v.transform((value) => value === "on"),
);
export const url = (schemes: readonly string[]) =>
  v.pipe(
    v.string(),
    v.check(
      (value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)),
      `expected a URL beginning with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    ),
  );
export const httpUrl = v.pipe(
  url(["http", "https"]),
  v.transform((value) => value.replace(/\/+$/, "")),
);
export const listOf = (schema: v.GenericSchema<string, string>) =>
  v.pipe(
    v.string(),
    v.transform((value) => value.split(",").map((one) => one.trim())),
    v.array(schema),
  );
export const folder = v.pipe(
  v.string(),
  v.startsWith("/", "expected folders from / on, with commas between"),
);
export const secretText = v.pipe(
  v.string(),
  v.minLength(8, "expected at least 8 characters"),
  v.check(
    (value) => !/change.?me|placeholder|your[_-]|example|secret_here|^x+$|^<.*>$|password123/i.test(value),
    "expected a real value, was a placeholder",
  ),
);

/** What an operator has to say before orders are real. */

export const operatorToken = v.pipe(secretText, v.minLength(16, "expected at least 16 characters"));

export const amountKrw = v.pipe(
  v.string(),
  v.regex(/^\d{1,15}$/, "expected whole KRW"),
  v.check((value) => BigInt(value) > 0n, "expected more than 0"),
);

/** A share in percent, as exact text; its bounds in percent. */
export const percent = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,2}(\.\d{1,4})?$/, `expected a percentage from ${min} to ${max}`),
    v.check(
      (value) => Number(value) >= min && Number(value) <= max,
      `expected a percentage from ${min} to ${max}`,
    ),
  );
