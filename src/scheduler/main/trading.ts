// Trading as the scheduler and the demo assemble it: stores, venues on paper or with the users' own keys, fresh books,
// notices, the engine. Paper and live differ in the venues that are opened here and in nothing else.

import { createHash, randomUUID } from "node:crypto";
import { PAIRS, type PairKey, type Venue } from "../../../schema/vocabulary.ts";
import type { SecretReader } from "../../adapters/secrets.ts";
import type { Database } from "../../adapters/store/database.ts";
import { createForcedCloses } from "../../adapters/store/forced-closes.ts";
import { readHeldSymbols } from "../../adapters/store/held-symbols.ts";
import { createHandHoldingStore } from "../../adapters/store/holdings.ts";
import { createJournal } from "../../adapters/store/journal.ts";
import { createLeaseStore } from "../../adapters/store/lease.ts";
import { createPaperStore } from "../../adapters/store/paper-accounts.ts";
import { createTraderStore } from "../../adapters/store/traders.ts";
import { createTradingStateStore } from "../../adapters/store/trading-state.ts";
import type { VenueUrls } from "../../adapters/venue/http.ts";
import { krwPriceIncrement } from "../../adapters/venue/krw-ticks.ts";
import { createMarkPrices } from "../../adapters/venue/mark-prices.ts";
import { createPaperVenues } from "../../adapters/venue/paper.ts";
import { TradingVenues } from "../../adapters/venue/trading.ts";
import { Decimal } from "../../domain/decimal.ts";
import { expectedFundingRatio } from "../../domain/settlement.ts";
import type { BookFetcher } from "../../ports/book-fetcher.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AnswerDesk } from "../../ports/desk.ts";
import type { TradingMode } from "../../ports/journal.ts";
import type { VenueBooks } from "../../ports/market-data.ts";
import type { Notifier } from "../../ports/notifier.ts";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { Tracer } from "../../ports/tracing.ts";
import type { KeyOptions, TraderStore } from "../../ports/traders.ts";
import type { CoinFacts, MarketView, UserVenues } from "../../ports/trading-desk.ts";
import type { UserEventSink } from "../../ports/user-events.ts";
import { TradingEngine } from "../../trading/engine.ts";
import { createDeskAnswers } from "../answer-desk.ts";
import { createBookDesk } from "../book-desk.ts";
import { createFeeValue } from "../fee-value.ts";
import type { Scheduler } from "../run.ts";
import { ListingIndex } from "./listing-index.ts";
import { TRADING_RULES_DEFAULT, type TradingRules } from "./trading-rules.ts";

export interface TradingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode | "off";
  readonly database: Database;
  /** A connection for the lease alone, so that no renewal waits behind what trading writes. Default: the same. */
  readonly leaseDatabase?: Database;
  readonly governor: RateGovernor;
  readonly fetcher: BookFetcher;
  readonly venueBooks: Readonly<Record<Venue, VenueBooks>>;
  readonly urls: VenueUrls & { readonly binanceSpot?: string };
  readonly secrets: SecretReader | undefined;
  readonly notifier: Notifier;
  /** Told what happens to whom. Left out: nobody is. */
  readonly events?: UserEventSink;
  /** Left out: intents leave no traces. */
  readonly tracer?: Tracer | undefined;
  /** Left out: the defaults. */
  readonly rules?: TradingRules;
  /** The scheduler comes after the engine, which looks at what it knows. */
  readonly scheduler: () => Pick<Scheduler, "instruments" | "collector" | "depths">;
}

/**
 * Paper and live never mix: off and paper do not start while live intents or positions exist, which nobody would then
 * look after. Returns what is wrong, in words.
 */
export async function modeFault(mode: "off" | TradingMode, database: Database): Promise<string | undefined> {
  if (mode === "live") return undefined;
  const journal = createJournal(database);
  const [intents, positions] = [await journal.unfinished("live"), await journal.openPositions("live")];
  if (intents.length + positions.length === 0) return undefined;
  return (
    `TRADING_MODE: expected live while ${positions.length} live positions and ${intents.length} unfinished live ` +
    `intents exist, was ${mode}. Leave them first, or start with TRADING_MODE=live and entries off.`
  );
}

const PAPER_BOOK_MS = 1_500;
const BINANCE_DEPTH = 100;
const BYBIT_DEPTH = 500;

export interface Trading {
  /** Not started yet. */
  readonly engine: TradingEngine;
  /** Answers while the engine holds the lease. */
  readonly answerDesk: AnswerDesk;
}

export function createTrading(parts: TradingParts): Trading {
  const { clock, log, database, governor, fetcher, venueBooks, notifier, scheduler } = parts;
  const mode = parts.mode === "live" ? "live" : "paper";
  const { holdingMs, bithumbAcceptMs, ...engineRules } = parts.rules ?? TRADING_RULES_DEFAULT;
  const recall = (coin: string) => readHeldSymbols(database, coin);
  const lists = new ListingIndex({ clock, log, scheduler, recall });
  const desk = createBookDesk({
    clock,
    fetcher,
    governor,
    venues: venueBooks,
    market: (venue, coin) => {
      const listing = lists.of(venue, coin);
      return listing && { symbol: listing.symbol, depth: depthOf(venue, scheduler().depths.depthOf(coin)) };
    },
  });
  const traders = createTraderStore(database, parts.secrets);
  const keyed = parts.secrets && liveVenues({ ...parts, bithumbAcceptMs }, traders);
  const venues =
    mode === "paper"
      ? paperVenues(parts, lists, async (venue, symbol) => {
          const seen = await desk.book(
            venue,
            { symbol, depth: depthOf(venue, BINANCE_DEPTH) },
            PAPER_BOOK_MS,
          );
          return seen?.book;
        })
      : (keyed ?? liveVenues({ ...parts, bithumbAcceptMs }, traders));
  const engine = new TradingEngine({
    ...{ clock, log, mode, traders, notifier, venues },
    ...(parts.events && { events: parts.events }),
    tracer: parts.tracer,
    journal: createJournal(database),
    state: createTradingStateStore(database),
    forcedCloses: createForcedCloses(database),
    lease: createLeaseStore(parts.leaseDatabase ?? database),
    ...(mode === "live" ? { handHoldings: createHandHoldingStore(database) } : {}),
    trades: parts.mode !== "off",
    holder: `${process.pid} ${randomUUID()}`,
    books: desk,
    market: marketView(scheduler, lists, holdingMs),
    marks: createMarkPrices({ urls: parts.urls, clock, governor }),
    reference: () => scheduler().collector.table.reference,
    ...engineRules,
    feeValue: createFeeValue({ log, book: desk.book }),
  });
  const leads = () => engine.isElsewhere === false;
  return { engine, answerDesk: createDeskAnswers({ clock, log, leads, keyed, venues, mode }) };
}

function depthOf(venue: Venue, binanceDepth: number): number {
  return venue === "binance" ? binanceDepth : venue === "bybit" ? BYBIT_DEPTH : 30;
}

function marketView(
  scheduler: TradingParts["scheduler"],
  lists: ListingIndex,
  holdingMs: number,
): MarketView {
  return {
    get table() {
      return scheduler().collector.table;
    },
    facts(coin: string, pairKey: PairKey): CoinFacts | undefined {
      const pairIndex = PAIRS.findIndex(({ key }) => key === pairKey);
      const { domestic, overseas } = PAIRS[pairIndex]!;
      const home = lists.of(domestic, coin);
      const abroad = lists.of(overseas, coin);
      if (!home || !abroad) return undefined;
      const { instruments, collector } = scheduler();
      const wallet = instruments.wallet(domestic, coin);
      const isOpen = (state: boolean | "unknown" | undefined) => state ?? "unknown";
      const states = [isOpen(wallet?.deposit), isOpen(wallet?.withdraw)];
      return {
        domesticSymbol: home.symbol,
        overseasSymbol: abroad.symbol,
        multiplier: Decimal.of(abroad.multiplier),
        tradable: home.tradable && abroad.tradable,
        walletsOpen: states.includes(false) ? false : states.includes("unknown") ? "unknown" : true,
        warned: home.warnings.length > 0,
        quarantined: collector.quarantined.has(`${coin}|${pairIndex}`),
        identityKnown: !instruments.quarantined().get(overseas)?.has(abroad.symbol),
        delistedBy: [home, abroad].find(({ delistAtMs }) => delistAtMs !== undefined)?.venue,
        fundingRatio: expectedFundingRatio(instruments.funding(overseas, abroad.symbol), holdingMs),
      };
    },
    incrementAt(venue: Venue, price: Decimal): Decimal {
      if (venue === "upbit" || venue === "bithumb") return krwPriceIncrement(venue, price);
      throw new RangeError(`expected a Korean venue, was ${venue}`);
    },
  };
}

function paperVenues(
  { clock, log, database }: TradingParts,
  lists: ListingIndex,
  books: Parameters<typeof createPaperVenues>[0]["books"],
): UserVenues {
  const paper = createPaperVenues({
    ...{ clock, log, books },
    store: createPaperStore(database),
    listing: (venue, symbol) => lists.bySymbol(venue, symbol),
  });
  return {
    domestic: async (userId, venue) => paper.open(venue, userId),
    overseas: async (userId, venue) => paper.open(venue, userId),
  };
}

/** Keys are decrypted at each asking; the venue object is kept while they stay the same, for its account's budget. */
export function liveVenues(
  {
    clock,
    log,
    governor,
    urls,
    bithumbAcceptMs,
  }: Pick<TradingParts, "clock" | "log" | "governor" | "urls"> & { readonly bithumbAcceptMs?: number },
  traders: TraderStore,
): UserVenues {
  const opener = new TradingVenues({
    ...{ clock, log, governor, urls },
    ...(bithumbAcceptMs !== undefined && { bithumbAcceptMs }),
  });
  const opened = new Map<string, { readonly digest: string; readonly venue: unknown }>();
  async function open<V extends Venue>(userId: number, name: V, options?: KeyOptions) {
    const key = await traders.credentials(userId, name, options);
    if (!key) return undefined;
    const digest = createHash("sha256").update(`${key.apiKey}\n${key.secret}`).digest("hex");
    const slot = `${userId} ${name}`;
    const held = opened.get(slot);
    if (held?.digest === digest) return held.venue as ReturnType<typeof opener.open<V>>;
    const venue = opener.open(name, key);
    opened.set(slot, { digest, venue });
    return venue;
  }
  return { domestic: open, overseas: open };
}
