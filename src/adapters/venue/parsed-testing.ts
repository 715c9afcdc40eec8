// For tests of parsers: the value, or why there is none.

import type { Parsed } from "./parsed.ts";

export function valueIn<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`expected a value: ${JSON.stringify(parsed.issues)}`);
  return parsed.value;
}
