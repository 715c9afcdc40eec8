// What the coins of open positions are called at their venues, as their entries were planned: for when the venues' lists
// do not say so any more, or not yet.

import { sql } from "drizzle-orm";
import { hedgedPositions, intents, positionEntries } from "../../../schema/tables/trading.ts";
import { PAIRS, type PairKey, type Venue } from "../../../schema/vocabulary.ts";
import { type Database, rowsOf } from "./database.ts";

export interface HeldSymbol {
  readonly venue: Venue;
  readonly symbol: string;
  /** Coins per contract; 1 at home. */
  readonly multiplier: number;
}

interface Row {
  readonly pair: PairKey;
  readonly domestic: string | null;
  readonly overseas: string | null;
  readonly multiplier: string | null;
}

/** One a venue, of the newest entry there. Rejects with StoreFault. */
export async function readHeldSymbols(database: Database, coin: string): Promise<readonly HeldSymbol[]> {
  const rows = await database.run("read symbols of a held coin", (executor) =>
    rowsOf<Row>(
      executor,
      sql`select distinct on (held.pair) held.pair, entry.terms->>'domesticSymbol' as domestic,
            entry.terms->>'overseasSymbol' as overseas, entry.terms->>'multiplier' as multiplier
          from ${hedgedPositions} as held
          join ${positionEntries} as part on part.position_id = held.position_id
          join ${intents} as entry on entry.intent_id = part.intent_id
          where held.coin = ${coin} and held.closed_at is null
          order by held.pair, part.at desc`,
    ),
  );
  const found = new Map<Venue, HeldSymbol>();
  for (const { pair, domestic, overseas, multiplier } of rows) {
    const venues = PAIRS.find(({ key }) => key === pair)!;
    if (domestic) found.set(venues.domestic, { venue: venues.domestic, symbol: domestic, multiplier: 1 });
    const coinsPerContract = Number(multiplier);
    if (overseas && coinsPerContract > 0)
      found.set(venues.overseas, { venue: venues.overseas, symbol: overseas, multiplier: coinsPerContract });
  }
  return [...found.values()];
}
