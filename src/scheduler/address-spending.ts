// What is left of a venue's limit at each address: the sum over the processes behind it, as they told on the bus.

import type { Venue } from "../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../domain/venue-limits.ts";
import type { SeenProcesses } from "./seen.ts";

export interface AddressSpending {
  readonly address: string;
  /** Requests, or weight where the venue counts that; 0 while the address is banned. */
  readonly left: number;
  readonly capacity: number;
  readonly banMs: number;
}

/** By address. */
export function spendingByAddress(venue: Venue, processes: SeenProcesses): readonly AddressSpending[] {
  const { capacity } = VENUE_LIMITS[venue];
  return [...Map.groupBy(processes, ({ sourceAddress }) => sourceAddress)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, behind]) => {
      const spent = behind.reduce((sum, one) => sum + one.spent[venue], 0);
      const banMs = Math.max(...behind.map((one) => one.banMs[venue]));
      return { address, left: banMs > 0 ? 0 : Math.max(0, capacity - spent), capacity, banMs };
    });
}
