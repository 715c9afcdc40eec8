// What is listed where and in which state, as the last refresh of each venue left it: `instruments`, and beside it one
// document a venue in `settings` with what that table has no column for (warnings, delisting, wallets).

import { asc, like, sql } from "drizzle-orm";
import * as v from "valibot";
import { instruments, settings } from "../../../schema/tables/schedulerx.ts";
import type { Venue } from "../../../schema/vocabulary.ts";
import type { CoinListing, CoinListingStore, VenueRefresh } from "../../ports/store.ts";
import type { Database, Executor } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";

const KEY = "listings.";
const wallet = v.union([v.boolean(), v.literal("unknown")]);
/** By symbol, wallets by coin; what says nothing is left out. */
const notesSchema = v.object({
  warnings: v.record(v.string(), v.array(v.string())),
  delistAtMs: v.record(v.string(), v.number()),
  wallets: v.optional(v.record(v.string(), v.tuple([wallet, wallet]))),
});
type Notes = v.InferOutput<typeof notesSchema>;
const NO_NOTES: Notes = { warnings: {}, delistAtMs: {} };

export function createCoinListingStore(database: Database): CoinListingStore {
  return {
    coinListings: () =>
      atOneInstant(database, "read listings", async (executor) => {
        const documents = await executor
          .select()
          .from(settings)
          .where(like(settings.key, `${KEY}%`));
        const notes = new Map(documents.map(({ key, value }) => [key.slice(KEY.length), notesOf(value)]));
        const rows = await executor
          .select()
          .from(instruments)
          .orderBy(asc(instruments.coin), asc(instruments.venue), asc(instruments.symbol));
        return rows.map(({ venue, symbol, coin, multiplier, state, why, lastSeenAt }): CoinListing => {
          const { warnings, delistAtMs, wallets } = notes.get(venue) ?? NO_NOTES;
          const [deposit, withdraw] = wallets?.[coin] ?? ["unknown", "unknown"];
          return {
            ...{ venue: venue as Venue, symbol, coin, multiplier, state, why, deposit, withdraw },
            warnings: warnings[symbol] ?? [],
            delistAtMs: delistAtMs[symbol] ?? null,
            lastSeenAtMs: lastSeenAt.getTime(),
          };
        });
      }),
  };
}

/** A document that does not fit says nothing: what stands in `instruments` is told all the same. */
function notesOf(value: unknown): Notes {
  const parsed = v.safeParse(notesSchema, value);
  return parsed.success ? parsed.output : NO_NOTES;
}

/** Within the transaction of the refresh. Wallets that could not be read stay as they were read last. */
export async function keepListingNotes(executor: Executor, refresh: VenueRefresh): Promise<void> {
  const { venue, listings, wallets, atMs } = refresh;
  const notes: Notes = {
    warnings: Object.fromEntries(
      listings
        .filter(({ warnings }) => warnings.length > 0)
        .map(({ symbol, warnings }) => [symbol, [...warnings]]),
    ),
    delistAtMs: Object.fromEntries(
      listings.flatMap(({ symbol, delistAtMs }) => (delistAtMs === undefined ? [] : [[symbol, delistAtMs]])),
    ),
    ...(wallets.length > 0 && {
      wallets: Object.fromEntries(
        wallets.map(({ coin, deposit, withdraw }) => [coin, [deposit, withdraw] as const]),
      ),
    }),
  };
  const merged = sql`${settings.value} || excluded.value`;
  await executor
    .insert(settings)
    .values({ key: KEY + venue, value: notes, updatedAt: new Date(atMs) })
    .onConflictDoUpdate({
      target: settings.key,
      set: { value: merged, updatedAt: sql`excluded.updated_at` },
      setWhere: sql`${merged} is distinct from ${settings.value}`,
    });
}
