// Amounts for tests and operators: whatever holds exact decimals, with texts in their place.

import { textOf } from "./exact.ts";

export type Plain<Value> = Value extends bigint
  ? string
  : Value extends readonly (infer Member)[]
    ? Plain<Member>[]
    : Value extends object
      ? { [Name in keyof Value]: Plain<Value[Name]> }
      : Value;

/** A copy with every exact decimal as its text. */
export function plain<Value>(value: Value): Plain<Value> {
  if (typeof value === "bigint") return textOf(value) as Plain<Value>;
  if (Array.isArray(value)) return value.map((member) => plain(member)) as Plain<Value>;
  if (typeof value !== "object" || value === null) return value as Plain<Value>;
  const members = Object.entries(value).map(([name, member]) => [name, plain(member)]);
  return Object.fromEntries(members) as Plain<Value>;
}
