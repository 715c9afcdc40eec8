// What a venue's refusals say about a key.

import type { KeyFindingCode } from "../../../schema/vocabulary.ts";
import { type KeyFinding, keyFinding } from "../../domain/key-finding.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";

const ENDS_SOON_MS = 7 * 86_400_000;

/** Of a key that ends within a week. `endsAtMs`: NaN when it has no end. */
export function keyEndsSoon(endsAtMs: number, nowMs: number): KeyFinding | undefined {
  if (!(endsAtMs - nowMs < ENDS_SOON_MS)) return undefined;
  return keyFinding("ends-soon", new Date(endsAtMs).toISOString().slice(0, 10));
}

export function withoutGaps(findings: readonly (KeyFinding | undefined)[]): KeyFinding[] {
  return findings.filter((finding) => finding !== undefined);
}

/** What `ask` finds, or, where the venue refuses the key itself, that. Other faults are thrown on. */
export async function keyFaultsOr(
  codes: Readonly<Record<string, KeyFindingCode>>,
  ask: () => Promise<readonly KeyFinding[]>,
): Promise<readonly KeyFinding[]> {
  try {
    return await ask();
  } catch (fault) {
    const rejection = fault instanceof VenueReadFault ? fault.rejection : undefined;
    if (rejection?.kind !== "key") throw fault;
    return [keyRefused(codes, rejection.code, rejection.message)];
  }
}

/** `codes`: what the venue's own codes or names mean. */
export function keyRefused(
  codes: Readonly<Record<string, KeyFindingCode>>,
  code: string,
  message: string,
): KeyFinding {
  const known = codes[code];
  return known ? keyFinding(known) : keyFinding("refused", `${code} ${message}`.trim());
}
