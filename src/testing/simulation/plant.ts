// Defects planted into the code under test from outside, to see that the simulation finds them. Nothing is planted in
// an ordinary run.

import type { Clock } from "../../ports/clock.ts";
import type { Journal } from "../../ports/journal.ts";
import type { TradingVenue } from "../../ports/trading-venue.ts";
import type { RunDeps } from "../../trading/run-entry.ts";

export interface Plant {
  readonly venue?: <V extends TradingVenue>(venue: V) => V;
  readonly journal?: (journal: Journal, clock: Clock) => Journal;
  readonly nextEntryStep?: RunDeps["nextEntryStep"];
}
