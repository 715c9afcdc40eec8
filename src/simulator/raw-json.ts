// JSON numbers with every digit, as the KRW venues print them on their streams: more than a double holds.

import { type Exact, textOf } from "./exact.ts";

const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** Printed as the number by JSON.stringify; null without one. */
export function numberOf(value: Exact | undefined): object | null {
  return value === undefined ? null : rawJSON(textOf(value));
}
