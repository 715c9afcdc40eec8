// What is wrong with a key, in words for its owner.

import { VenueReadFault } from "../../ports/trading-venue.ts";

const ENDS_SOON_MS = 7 * 86_400_000;

/** Said of a key that ends within a week. `endsAtMs`: NaN when it has no end. */
export function keyEndsSoon(endsAtMs: number, nowMs: number): string | undefined {
  if (!(endsAtMs - nowMs < ENDS_SOON_MS)) return undefined;
  return `the key ends on ${new Date(endsAtMs).toISOString().slice(0, 10)}`;
}

export function withoutGaps(faults: readonly (string | undefined)[]): string[] {
  return faults.filter((fault) => fault !== undefined);
}

/** What `ask` finds, or, where the venue refuses the key itself, that in words. Other faults are thrown on. */
export async function keyFaultsOr(
  wordsByCode: Readonly<Record<string, string>>,
  ask: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  try {
    return await ask();
  } catch (fault) {
    const rejection = fault instanceof VenueReadFault ? fault.rejection : undefined;
    if (rejection?.kind !== "key") throw fault;
    return [keyRefused(wordsByCode, rejection.code, rejection.message)];
  }
}

export function keyRefused(
  wordsByCode: Readonly<Record<string, string>>,
  code: string,
  message: string,
): string {
  return wordsByCode[code] ?? `the venue refuses the key: ${code} ${message}`.trim();
}
