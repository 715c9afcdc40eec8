// What is done alike at every venue that wants requests signed by its own clock: after a refusal because of time the
// clock is measured anew.

import type { PlaceOutcome, VenueOrder } from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import type { ClockOffset } from "./clock-offset.ts";
import type { Parsed } from "./parsed.ts";
import type { Call, VenueCaller } from "./venue-caller.ts";

export interface ClockedParts {
  readonly caller: VenueCaller;
  readonly offset: ClockOffset;
}

/** One signed or public read. Rejects with VenueReadFault; after one because of time the next measures it first. */
export async function readOne<T>(
  { caller, offset, readTimeoutMs }: ClockedParts & { readonly readTimeoutMs: number },
  call: Call,
  parse: (text: string) => Parsed<T>,
  timeoutMs = readTimeoutMs,
): Promise<T> {
  if (call.signed !== false) await offset.ready(timeoutMs);
  try {
    return await caller.read(call, parse, timeoutMs);
  } catch (fault) {
    if (fault instanceof VenueReadFault && fault.rejection?.kind === "clock") offset.distrust();
    throw fault;
  }
}

/** What is to be learnt and said of an order that was sent, whatever became of it. */
export function notePlaced(
  { caller, offset }: ClockedParts,
  { clientOrderId, symbol }: VenueOrder,
  outcome: PlaceOutcome,
): void {
  if (outcome.kind === "rejected" && outcome.rejection.kind === "clock") offset.distrust();
  if (outcome.kind === "unknown") {
    const { venue, log } = caller;
    log.warn("order outcome unknown", { venue, symbol, clientOrderId, why: outcome.why });
  }
}
