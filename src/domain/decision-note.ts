// The note that is kept with a decision: what it went by, and at its end the break-even of the round trip as it was
// expected then (specification 2): `rate=1396 target=1390 breakEvenPct=0.31`.

import { Decimal } from "./decimal.ts";

const DECIMALS = 4;
const AT_END = /(?:^| )breakEvenPct=(-?\d+(?:\.\d+)?)$/;

/** `breakEven` is a ratio; undefined where nothing is known of the coin. */
export function decisionNote(context: string, breakEven: Decimal | undefined): string {
  if (!breakEven) return context;
  const percent = breakEven.times(Decimal.of(100)).rounded(DECIMALS, "half-up");
  return `${context} breakEvenPct=${percent}`.trimStart();
}

/** The break-even in percent, as text; null where the note has none. */
export function breakEvenPctOf(note: string): string | null {
  return AT_END.exec(note)?.[1] ?? null;
}
