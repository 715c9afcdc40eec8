// Who trades (src/ports/traders.ts): Karbit's users, strategies and keys, read as its contract says (3.2, 3.3, 3.7),
// with consent and exit terms from our own table. Karbit's rows are never written here. A strategy is found through
// `active_strategy_id` alone: earlier ones may still be marked active.

import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import { exchanges, strategies, userExchanges, users } from "../../../schema/tables/karbit.ts";
import { traderTerms } from "../../../schema/tables/trading-state.ts";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { type Strategy, strategyOf } from "../../domain/strategy.ts";
import type { KeyState, Trader, TraderStore } from "../../ports/traders.ts";
import type { SecretPlace, SecretReader } from "../secrets.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";

type StrategyColumns = typeof strategies.$inferSelect;
type TermColumns = typeof traderTerms.$inferSelect;
type KeyColumns = Pick<typeof userExchanges.$inferSelect, "userId" | "apiKey" | "apiSecret" | "isActive"> & {
  readonly venue: string;
};

const PAGE_ROWS = 100;

/** The strategy its user points at; also one of somebody else's, which is told and not traded. */
const pointedAt = and(eq(strategies.id, users.activeStrategyId), eq(strategies.isActive, true));
const ofVenues = inArray(exchanges.engName, [...VENUES]);

/** Without `secrets` (no key is set, so nothing can trade live) every stored key counts as unreadable. */
export function createTraderStore(database: Database, secrets: SecretReader | undefined): TraderStore {
  return {
    traders() {
      return atOneInstant(database, "read traders", (executor) => readTraders(executor, secrets));
    },

    async keysOf(userId) {
      return keyStates(await database.run("read keys", (executor) => keysOf(executor, userId)), secrets);
    },

    async credentials(userId, venue, { evenSwitchedOff = false } = {}) {
      const rows = await database.run("read a key", (executor) => keysOf(executor, userId));
      const row = rows.find((one) => one.venue === venue && (one.isActive || evenSwitchedOff));
      const [apiKey, secret] = row ? textsOf(row, secrets) : [];
      return apiKey === undefined || secret === undefined ? undefined : { apiKey, secret };
    },

    async revision() {
      return await database.run("read the revision of traders", readRevision);
    },

    async setConsent(userId, consent, atMs) {
      const columns = { liveConsent: consent, consentAt: new Date(atMs) };
      await database.run("set consent", (executor) => setTerms(executor, userId, columns));
    },

    async setExitTerms(userId, { stopRate, holdingMsMax }, atMs) {
      if (stopRate !== undefined && !stopRate.isPositive) {
        throw new RangeError(`expected a stop rate above 0, was ${stopRate}`);
      }
      if (holdingMsMax !== undefined && !(Number.isSafeInteger(holdingMsMax) && holdingMsMax > 0)) {
        throw new RangeError(`expected a holding time above 0 ms, was ${holdingMsMax}`);
      }
      const columns = {
        stopRate: stopRate?.toString() ?? null,
        holdingMsMax: holdingMsMax ?? null,
        exitTermsAt: new Date(atMs),
      };
      await database.run("set exit terms", (executor) => setTerms(executor, userId, columns));
    },
  };
}

/** By pages: ten thousand at once would keep everything else in the process waiting. */
async function readTraders(
  executor: Executor,
  secrets: SecretReader | undefined,
): Promise<{ readonly traders: readonly Trader[]; readonly faults: readonly string[] }> {
  const traders: Trader[] = [];
  const faults: string[] = [];
  for (let page = await readPage(executor, 0); page.length > 0; ) {
    const userIds = page.map(({ userId }) => userId);
    const keys = await selectKeys(executor).where(and(inArray(userExchanges.userId, userIds), ofVenues));
    const keysBy = Map.groupBy(keys, ({ userId }) => userId);
    for (const { userId, strategy, terms } of page) {
      try {
        traders.push({
          userId,
          strategy: tradedOf(userId, strategy),
          keys: keyStates(keysBy.get(userId) ?? [], secrets),
          ...termsOf(terms),
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        faults.push(`user ${userId}, strategy ${strategy.id}: ${error.message}`);
      }
    }
    page = page.length < PAGE_ROWS ? [] : await readPage(executor, userIds.at(-1)!);
  }
  return { traders, faults };
}

async function readPage(executor: Executor, afterUserId: number) {
  return await executor
    .select({ userId: users.id, strategy: strategies, terms: traderTerms })
    .from(users)
    .innerJoin(strategies, pointedAt)
    .leftJoin(traderTerms, eq(traderTerms.userId, users.id))
    .where(gt(users.id, afterUserId))
    .orderBy(asc(users.id))
    .limit(PAGE_ROWS);
}

function selectKeys(executor: Executor) {
  const { userId, apiKey, apiSecret, isActive } = userExchanges;
  return executor
    .select({ userId, apiKey, apiSecret, isActive, venue: exchanges.engName })
    .from(userExchanges)
    .innerJoin(exchanges, eq(exchanges.id, userExchanges.exchangeId));
}

async function keysOf(executor: Executor, userId: number): Promise<KeyColumns[]> {
  return await selectKeys(executor).where(and(eq(userExchanges.userId, userId), ofVenues));
}

/** Both texts, each undefined where it is missing or cannot be read. */
function textsOf({ userId, venue, apiKey, apiSecret }: KeyColumns, secrets: SecretReader | undefined) {
  const read = (stored: string | null, field: SecretPlace["field"]) =>
    stored ? secrets?.read(stored, { userId, venue, field }) : undefined;
  return [read(apiKey, "api_key"), read(apiSecret, "api_secret")] as const;
}

function keyStates(
  rows: readonly KeyColumns[],
  secrets: SecretReader | undefined,
): Readonly<Record<Venue, KeyState>> {
  const stateOf = (venue: Venue): KeyState => {
    const row = rows.find((one) => one.venue === venue);
    if (!row?.apiKey || !row.apiSecret) return "missing";
    if (!row.isActive) return "switched-off";
    return textsOf(row, secrets).every((text) => text !== undefined) ? "usable" : "unreadable";
  };
  return {
    upbit: stateOf("upbit"),
    bithumb: stateOf("bithumb"),
    bybit: stateOf("bybit"),
    binance: stateOf("binance"),
  };
}

/** Karbit's numeric columns take "NaN" as well, as a form that was left empty gives it: that is no amount. */
export const figureText = (stored: string): string => (stored === "NaN" ? "0" : stored);

/** Throws RangeError for what cannot be traded. */
function tradedOf(userId: number, row: StrategyColumns): Strategy {
  if (row.userId !== userId) {
    throw new RangeError(`expected a strategy of this user, was one of user ${row.userId}`);
  }
  const { seedDivision, leverage } = row;
  const tradeMode = row.tradeMode as Strategy["tradeMode"];
  // What means nothing need be none; in custom mode it is told.
  const rate = (stored: string) => (tradeMode === "auto" ? figureText(stored) : stored);
  return strategyOf({
    ...{ strategyId: row.id, userId, seedAmountKrw: row.seedAmount, seedDivision, leverage },
    ...{ tradeMode, entryRate: rate(row.entryRate), exitRate: rate(row.exitRate) },
    coinMode: row.coinMode as Strategy["coinMode"],
    selectedCoins: (row.selectedCoins ?? []).filter((coin) => coin),
    allowAverageDown: row.allowAverageDown ?? false,
    allowAverageUp: row.allowAverageUp ?? false,
  });
}

function termsOf(row: TermColumns | null): Pick<Trader, "liveConsent" | "stopRate" | "holdingMsMax"> {
  return {
    liveConsent: row?.liveConsent ?? false,
    stopRate: row?.stopRate == null ? undefined : Decimal.of(row.stopRate),
    holdingMsMax: row?.holdingMsMax ?? undefined,
  };
}

/** The columns given, of the user's row or a new one. */
export async function setTerms(
  executor: Executor,
  userId: number,
  columns: Partial<Omit<TermColumns, "userId">>,
): Promise<void> {
  await executor
    .insert(traderTerms)
    .values({ userId, ...columns })
    .onConflictDoUpdate({ target: traderTerms.userId, set: columns });
}

/**
 * Hashes over every column `traders` reads, of the same rows. Karbit does not always touch `updated_at`, so nothing
 * less will do. Sums of 64-bit hashes need no order and no sorting, so that ten thousand traders can be asked for each
 * second; the lengths keep apart what would be the same text put together.
 */
async function readRevision(executor: Executor): Promise<string> {
  const venues = sql.join(
    VENUES.map((venue) => sql`${venue}`),
    sql`, `,
  );
  const from = sql`from ${users} as trader
    join ${strategies} as strategy on strategy.id = trader.active_strategy_id and strategy.is_active`;
  const [row] = await rowsOf<{ terms: string; keys: string }>(
    executor,
    sql`select
      (select coalesce(sum(hashtextextended(row(
          trader.id, strategy.id, strategy.user_id, strategy.seed_amount, strategy.seed_division, strategy.leverage,
          strategy.trade_mode, strategy.entry_rate, strategy.exit_rate, strategy.coin_mode, strategy.selected_coins,
          strategy.allow_average_down, strategy.allow_average_up,
          terms.live_consent, terms.stop_rate, terms.holding_ms_max)::text, 0)), 0)::text
        ${from} left join ${traderTerms} as terms on terms.user_id = trader.id) as terms,
      (select coalesce(sum(hashtextextended(concat(
          trader.id, ' ', exchange.eng_name, ' ', held.is_active, ' ', length(held.api_key), ' ', held.api_key,
          held.api_secret), 0)), 0)::text
        ${from} join ${userExchanges} as held on held.user_id = trader.id
        join ${exchanges} as exchange on exchange.id = held.exchange_id
        where exchange.eng_name in (${venues})) as keys`,
  );
  return `${row!.terms} ${row!.keys}`;
}
