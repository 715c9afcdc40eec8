// Instruments on either database: Karbit's `coins_exchanges` (our duty by its contract) and our own `instruments`,
// brought up to date together, one transaction a venue. Only the rows of that venue's exchange are ever touched, and
// the exchange is found by its English name: ids differ from install to install.

import { and, asc, eq, inArray, ne, notInArray, sql } from "drizzle-orm";
import { coinsExchanges, exchanges } from "../../../schema/tables/karbit.ts";
import { instruments } from "../../../schema/tables/schedulerx.ts";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import type { Listing } from "../../domain/instrument.ts";
import type {
  InstrumentState,
  InstrumentStore,
  VenueRefresh,
  VenueRefreshResult,
} from "../../ports/store.ts";
import { keepListingNotes } from "./coin-listings.ts";
import { type CoinPlan, type CoinRow, planCoins } from "./coin-plan.ts";
import type { Database, Executor } from "./database.ts";
import { toStoreFault } from "./fault.ts";

/** First key of the advisory locks under which a venue is refreshed; the second is the venue's index. */
const REFRESH_LOCK_KEY = 0x696e7374;
const FOREIGN_KEY_VIOLATION = "23503";

export function createInstrumentStore(database: Database): InstrumentStore {
  return {
    async refreshVenue(refresh) {
      if (refresh.listings.length === 0) return refusal("empty");
      return await database.transaction(`refresh ${refresh.venue}`, (executor) =>
        refreshVenue(executor, refresh),
      );
    },
    async instruments() {
      const rows = await database.run("read instruments", (executor) =>
        executor.select().from(instruments).orderBy(asc(instruments.venue), asc(instruments.symbol)),
      );
      return rows.map(({ firstSeenAt, lastSeenAt, venue, why, ...row }) => ({
        ...row,
        venue: venue as Venue,
        why: why ?? undefined,
        firstSeenAtMs: firstSeenAt.getTime(),
        lastSeenAtMs: lastSeenAt.getTime(),
      }));
    },
  };
}

async function refreshVenue(executor: Executor, refresh: VenueRefresh): Promise<VenueRefreshResult> {
  const venueIndex = VENUES.indexOf(refresh.venue);
  await executor.execute(sql`select pg_advisory_xact_lock(${REFRESH_LOCK_KEY}::int, ${venueIndex}::int)`);
  const [exchange] = await executor
    .select({ id: exchanges.id })
    .from(exchanges)
    .where(eq(exchanges.engName, refresh.venue));
  if (exchange === undefined) return refusal("exchange-unknown");

  const stored = await executor
    .select()
    .from(coinsExchanges)
    .where(eq(coinsExchanges.exchangeId, exchange.id));
  const plan = planCoins(
    stored.map((row) => ({ ...row, depositYn: row.depositYn ?? false, withdrawYn: row.withdrawYn ?? false })),
    refresh,
  );
  await upsertCoins(executor, exchange.id, [...plan.inserts, ...plan.updates]);
  const referencedCoins = await deleteCoins(executor, exchange.id, plan.deletes);
  await upsertInstruments(executor, refresh);
  if (plan.heldBack.length === 0) await markDelisted(executor, refresh);
  await keepListingNotes(executor, refresh);
  return resultOf(plan, referencedCoins);
}

async function upsertCoins(executor: Executor, exchangeId: number, rows: readonly CoinRow[]): Promise<void> {
  if (rows.length === 0) return;
  await executor
    .insert(coinsExchanges)
    .values(
      rows.map(({ coinSymbol, displayName, depositYn, withdrawYn, netType }) => ({
        exchangeId,
        coinSymbol,
        displayName,
        depositYn,
        withdrawYn,
        netType,
      })),
    )
    .onConflictDoUpdate({
      target: [coinsExchanges.exchangeId, coinsExchanges.coinSymbol],
      set: {
        displayName: sql`excluded.display_name`,
        depositYn: sql`excluded.deposit_yn`,
        withdrawYn: sql`excluded.withdraw_yn`,
        netType: sql`excluded.net_type`,
      },
    });
}

/** Returns the coins a row of another table holds on to; those are switched off instead. */
async function deleteCoins(
  executor: Executor,
  exchangeId: number,
  coins: readonly string[],
): Promise<string[]> {
  if (coins.length === 0 || (await tryDelete(executor, exchangeId, coins))) return [];
  const referenced: string[] = [];
  for (const coin of coins) {
    if (!(await tryDelete(executor, exchangeId, [coin]))) referenced.push(coin);
  }
  await executor
    .update(coinsExchanges)
    .set({ depositYn: false, withdrawYn: false })
    .where(
      and(
        coinsOf(exchangeId, referenced),
        sql`(${coinsExchanges.depositYn} is not false or ${coinsExchanges.withdrawYn} is not false)`,
      ),
    );
  return referenced;
}

/** All or none, within a savepoint: false when a foreign key forbids it. */
async function tryDelete(executor: Executor, exchangeId: number, coins: readonly string[]): Promise<boolean> {
  try {
    await executor.transaction(async (savepoint) => {
      await savepoint.delete(coinsExchanges).where(coinsOf(exchangeId, coins));
    });
    return true;
  } catch (error) {
    const fault = toStoreFault("delete coins", error);
    if (fault.code === FOREIGN_KEY_VIOLATION) return false;
    throw fault;
  }
}

function coinsOf(exchangeId: number, coins: readonly string[]) {
  return and(eq(coinsExchanges.exchangeId, exchangeId), inArray(coinsExchanges.coinSymbol, [...coins]));
}

async function upsertInstruments(executor: Executor, refresh: VenueRefresh): Promise<void> {
  const seenAt = new Date(refresh.atMs);
  const bySymbol = new Map(refresh.listings.map((listing) => [listing.symbol, listing]));
  await executor
    .insert(instruments)
    .values(
      [...bySymbol.keys()].sort().map((symbol) => {
        const listing = bySymbol.get(symbol)!;
        const why = refresh.quarantined.get(symbol) ?? null;
        const state = stateOf(listing, why);
        const { coin, multiplier } = listing;
        return {
          venue: refresh.venue,
          symbol,
          coin,
          multiplier,
          state,
          why,
          firstSeenAt: seenAt,
          lastSeenAt: seenAt,
        };
      }),
    )
    .onConflictDoUpdate({
      target: [instruments.venue, instruments.symbol],
      set: {
        coin: sql`excluded.coin`,
        multiplier: sql`excluded.multiplier`,
        state: sql`excluded.state`,
        why: sql`excluded.why`,
        lastSeenAt: sql`excluded.last_seen_at`,
      },
      // Where only the time has moved, once an hour is enough: a thousand rows need not be rewritten every 5 minutes.
      setWhere: sql`(${instruments.coin}, ${instruments.multiplier}, ${instruments.state}, ${instruments.why})
        is distinct from (excluded.coin, excluded.multiplier, excluded.state, excluded.why)
        or ${instruments.lastSeenAt} <= excluded.last_seen_at - interval '1 hour'`,
    });
}

function stateOf(listing: Listing, why: string | null): InstrumentState {
  if (why !== null) return "quarantined";
  return listing.tradable ? "active" : "halted";
}

async function markDelisted(executor: Executor, refresh: VenueRefresh): Promise<void> {
  const symbols = refresh.listings.map((listing) => listing.symbol);
  await executor
    .update(instruments)
    .set({ state: "delisted", why: null })
    .where(
      and(
        eq(instruments.venue, refresh.venue),
        ne(instruments.state, "delisted"),
        notInArray(instruments.symbol, symbols),
      ),
    );
}

function refusal(refused: "empty" | "exchange-unknown"): VenueRefreshResult {
  return {
    refused,
    insertedCoins: [],
    updatedCoins: [],
    deletedCoins: [],
    referencedCoins: [],
    heldBackCoins: [],
    overlongCoins: [],
  };
}

function resultOf(plan: CoinPlan, referencedCoins: readonly string[]): VenueRefreshResult {
  return {
    refused: undefined,
    insertedCoins: plan.inserts.map((row) => row.coinSymbol),
    updatedCoins: plan.updates.map((row) => row.coinSymbol),
    deletedCoins: plan.deletes.filter((coin) => !referencedCoins.includes(coin)),
    referencedCoins,
    heldBackCoins: plan.heldBack,
    overlongCoins: plan.overlong,
  };
}
