// A worker's whole job: the books of up to four coins, fetched together, to rate rows. One bad book costs one coin
// on that venue, never the task. The buffers are made once; a task allocates little beyond the answers' bytes.
//
// Domestic books are scanned first: what their sweeps can buy or sell tells how much of the overseas books has to be
// read at all.

import type { ReportHeader } from "../schema/messages/quote-report.ts";
import { COINS_PER_TASK_MAX, type QuoteTask } from "../schema/messages/quote-task.ts";
import { legRoleOf, PAIRS, type Reason, VENUES, type Venue } from "../schema/vocabulary.ts";
import { bookDefect, clearOrderBook, createOrderBook, type OrderBook } from "../src/domain/order-book.ts";
import { RATES_PER_ROW, type RateRow } from "../src/domain/rate-table.ts";
import { createDomesticSweep, type DomesticSweep, ratesOfPair, sweepDomestic } from "../src/domain/sweep.ts";
import type { BookFetcher } from "../src/ports/book-fetcher.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { BookRequest, VenueBooks } from "../src/ports/market-data.ts";
import type { RateGovernor, VenueAnswer, VenueCosts } from "../src/ports/rate-governor.ts";
import { type Span, traced } from "../src/ports/tracing.ts";
import { Patience } from "./patience.ts";
import { bookSpan, endBookSpan } from "./task-spans.ts";

export interface AnswerDeps {
  readonly clock: Clock;
  readonly fetcher: BookFetcher;
  readonly governor: RateGovernor;
  readonly venues: Readonly<Record<Venue, VenueBooks>>;
  readonly settings: AnswerSettings;
}

export interface AnswerSettings {
  /** A request longer than this is given up. */
  readonly requestTimeoutMs: number;
  /** Books older than this when reported, by our receipt or the venue's own stamp, give no rate. */
  readonly bookAgeMsMax: number;
  /** Legs received further apart than this give no rate. */
  readonly legSkewMsMax: number;
}

/** One leg's state while a task is answered. */
interface LegSlot {
  readonly book: OrderBook;
  readonly sweep: DomesticSweep;
  wanted: boolean;
  symbol: string;
  multiplier: number;
  depth: number;
  receivedAtMs: number;
  reason: Reason;
}

interface Fetched {
  readonly venue: Venue;
  readonly request: BookRequest;
  readonly bytes: Uint8Array | undefined;
  readonly receivedAtMs: number;
}

/** Extra quantity read from overseas books beyond what the sweeps need, far above any rounding. */
const QTY_SLACK = 1 + 1e-9;
/** A stamp further ahead of our clock hides a book's age: it may not pass for fresh. */
const FUTURE_STAMP_MS_MAX = 2_000;
/** Part of a tick kept for the fetch itself: a budget that comes with the deadline is of no use. */
const FETCH_RATIO_MIN = 0.2;
/** 10^10 KRW per USDT: beyond it a book is nonsense, and a frame's integers would not hold it. */
const RATE_JEON_MAX = 1e12;

export interface TaskAnswer {
  readonly rows: RateRow[];
  readonly depths: ReportHeader["depths"];
  readonly fetches: ReportHeader["fetches"];
  readonly reportedAtMs: number;
}

export class QuoteAnswerer {
  readonly #slots: Record<Venue, LegSlot>[];
  readonly #patience = new Patience();
  /** What the last task cost: the best guess at what the next one will. */
  lastCosts: VenueCosts = {};

  constructor(private readonly deps: AnswerDeps) {
    this.#slots = Array.from({ length: COINS_PER_TASK_MAX }, () => ({
      upbit: createSlot(30),
      bithumb: createSlot(30),
      bybit: createSlot(1000),
      binance: createSlot(1000),
    }));
  }

  /**
   * Not to be called again before it has resolved: the buffers are shared. `span`: the task's, where it is traced.
   */
  async answer(task: QuoteTask, span?: Span): Promise<TaskAnswer> {
    this.#load(task);
    const counts = new Map<string, number>();
    const fetched = await this.#fetchAll(task, counts, span);
    const rating = span?.begin({ name: "compute rates" });
    for (const part of fetched) if (legRoleOf(part.venue) === "domestic") this.#scan(task, part, counts);
    this.#sweepDomestics(task);
    for (const part of fetched) if (legRoleOf(part.venue) === "overseas") this.#scan(task, part, counts);
    const answer = this.#rate(task, counts);
    rating?.end();
    return answer;
  }

  #load(task: QuoteTask): void {
    for (const [index, coin] of task.coins.entries()) {
      const slots = this.#slots[index]!;
      for (const venue of VENUES) slots[venue].wanted = false;
      for (const leg of coin.legs) {
        const slot = slots[leg.venue];
        slot.wanted = true;
        slot.symbol = leg.symbol;
        slot.multiplier = leg.multiplier;
        slot.depth = leg.depth;
        slot.receivedAtMs = 0;
        slot.reason = "fetch-failed";
        clearOrderBook(slot.book);
      }
    }
  }

  async #fetchAll(task: QuoteTask, counts: Map<string, number>, span: Span | undefined): Promise<Fetched[]> {
    const { clock, governor, venues, settings } = this.deps;
    const requests: { venue: Venue; request: BookRequest }[] = [];
    const costs: VenueCosts = {};
    for (const venue of VENUES) {
      const wanted = this.#wantedBooks(task, venue);
      if (wanted.length === 0) continue;
      for (const request of venues[venue].plan(wanted)) {
        requests.push({ venue, request });
        costs[venue] = (costs[venue] ?? 0) + request.cost;
      }
    }
    this.lastCosts = costs;
    // A clock set back must not make a tick longer than it is.
    const periodMs = task.deadlineAtMs - task.tickAtMs;
    const leftMs = () => Math.min(periodMs, task.deadlineAtMs - clock.nowMs());
    const fetchMs = Math.min(settings.requestTimeoutMs, periodMs * FETCH_RATIO_MIN);
    const reserving = governor.reserve(costs, Math.max(0, leftMs() - fetchMs));
    const grant = await traced(span?.begin({ name: "wait for budget" }), reserving);
    const ended = new Map<Venue, string[]>(VENUES.map((venue) => [venue, []]));
    const timeoutMsMax = Math.min(settings.requestTimeoutMs, leftMs());
    const fetched = await Promise.all(
      requests.map(async ({ venue, request }): Promise<Fetched> => {
        const timeoutMs = this.#patience.timeoutMs(venue, periodMs, timeoutMsMax);
        if (!grant.venues.has(venue) || timeoutMs <= 0) {
          if (grant.venues.has(venue)) grant.settle(venue, request.cost, "unsent");
          this.#refuse(task, venue, request, "rate-limited");
          count(counts, venue, "no budget");
          return { venue, request, bytes: undefined, receivedAtMs: 0 };
        }
        const fetching = bookSpan(span, venue, request);
        const got = await this.deps.fetcher.fetch(venue, request, timeoutMs);
        if (fetching) endBookSpan(fetching, got);
        const limitedBody =
          got.bytes !== undefined && got.bytes.length < 600 && this.#isLimited(venue, request, got.bytes);
        const answer: VenueAnswer = limitedBody ? { ...got.answer, limited: true } : got.answer;
        grant.settle(venue, request.cost, answer);
        count(counts, venue, got.outcome);
        ended.get(venue)!.push(got.outcome);
        if (got.bytes === undefined) {
          const { status } = got.answer;
          const refused = status === 429 || status === 418 || status === 403;
          this.#refuse(task, venue, request, refused ? "rate-limited" : "fetch-failed");
        }
        return { venue, request, bytes: got.bytes, receivedAtMs: got.receivedAtMs };
      }),
    );
    for (const [venue, outcomes] of ended) this.#patience.learn(venue, outcomes);
    return fetched;
  }

  /** A short 200 may be a refusal in words (Bybit 10006): the governor must know at once. */
  #isLimited(venue: Venue, request: BookRequest, bytes: Uint8Array): boolean {
    const noBook = () => undefined;
    const all = { askQtyEnough: Number.POSITIVE_INFINITY, bidQtyEnough: Number.POSITIVE_INFINITY };
    return this.deps.venues[venue].scan(bytes, request, noBook, () => all) === "rate-limited";
  }

  #wantedBooks(task: QuoteTask, venue: Venue): { symbol: string; depth: number }[] {
    const wanted: { symbol: string; depth: number }[] = [];
    for (let index = 0; index < task.coins.length; index++) {
      const slot = this.#slots[index]![venue];
      if (slot.wanted) wanted.push({ symbol: slot.symbol, depth: slot.depth });
    }
    return wanted;
  }

  #refuse(task: QuoteTask, venue: Venue, request: BookRequest, reason: Reason): void {
    for (const symbol of request.symbols) {
      const slot = this.#slotOf(task, venue, symbol);
      if (slot) slot.reason = reason;
    }
  }

  #slotOf(task: QuoteTask, venue: Venue, symbol: string): LegSlot | undefined {
    for (let index = 0; index < task.coins.length; index++) {
      const slot = this.#slots[index]![venue];
      if (slot.wanted && slot.symbol === symbol) return slot;
    }
    return undefined;
  }

  #scan(task: QuoteTask, part: Fetched, counts: Map<string, number>): void {
    const { venue, request, bytes, receivedAtMs } = part;
    if (bytes === undefined) return;
    const seen = new Set<LegSlot>();
    const outcome = this.deps.venues[venue].scan(
      bytes,
      request,
      (symbol) => {
        // Only what this request asked for: a venue that answers with another coin's book is not believed.
        if (!request.symbols.includes(symbol)) return undefined;
        const slot = this.#slotOf(task, venue, symbol);
        if (slot === undefined) return undefined;
        clearOrderBook(slot.book);
        seen.add(slot);
        return slot.book;
      },
      (symbol) => this.#limitOf(task, venue, symbol),
    );
    if (outcome === "ok") {
      for (const slot of seen) {
        slot.receivedAtMs = receivedAtMs;
        slot.reason = bookDefect(slot.book) ?? "none";
      }
      for (const symbol of request.symbols) {
        const slot = this.#slotOf(task, venue, symbol);
        if (slot && !seen.has(slot)) slot.reason = "malformed";
      }
      return;
    }
    count(counts, venue, outcome);
    const reason =
      outcome === "malformed" ? "malformed" : outcome === "rate-limited" ? "rate-limited" : "fetch-failed";
    this.#refuse(task, venue, request, reason);
  }

  /** Contracts of an overseas book that the largest sweeps of both domestic venues can need. */
  #limitOf(task: QuoteTask, venue: Venue, symbol: string): { askQtyEnough: number; bidQtyEnough: number } {
    const all = { askQtyEnough: Number.POSITIVE_INFINITY, bidQtyEnough: Number.POSITIVE_INFINITY };
    if (legRoleOf(venue) === "domestic") return all;
    const index = task.coins.findIndex((_, at) => {
      const slot = this.#slots[at]![venue];
      return slot.wanted && slot.symbol === symbol;
    });
    if (index < 0) return all;
    const { multiplier } = this.#slots[index]![venue];
    let boughtCoin = 0;
    let soldCoin = 0;
    for (const domestic of ["upbit", "bithumb"] as const) {
      const { wanted, reason, sweep } = this.#slots[index]![domestic];
      if (!wanted || reason !== "none") continue;
      if (sweep.asks.seeds > 0) boughtCoin = Math.max(boughtCoin, sweep.asks.qtysCoin[sweep.asks.seeds - 1]!);
      if (sweep.bids.seeds > 0) soldCoin = Math.max(soldCoin, sweep.bids.qtysCoin[sweep.bids.seeds - 1]!);
    }
    // What is bought at home is sold into the overseas bids, and the other way round.
    return {
      askQtyEnough: (soldCoin / multiplier) * QTY_SLACK,
      bidQtyEnough: (boughtCoin / multiplier) * QTY_SLACK,
    };
  }

  #sweepDomestics(task: QuoteTask): void {
    for (let index = 0; index < task.coins.length; index++) {
      for (const venue of ["upbit", "bithumb"] as const) {
        const slot = this.#slots[index]![venue];
        if (slot.wanted && slot.reason === "none") sweepDomestic(slot.book, slot.sweep);
      }
    }
  }

  #rate(task: QuoteTask, counts: Map<string, number>): TaskAnswer {
    const { clock, settings } = this.deps;
    const reportedAtMs = clock.nowMs();
    const rows: RateRow[] = [];
    const depths: ReportHeader["depths"] = [];
    for (const [index, { coin }] of task.coins.entries()) {
      const slots = this.#slots[index]!;
      for (const venue of VENUES) {
        const slot = slots[venue];
        if (slot.wanted && slot.reason === "none" && this.#isStale(slot, reportedAtMs)) slot.reason = "stale";
      }
      for (const [pairIndex, pair] of PAIRS.entries()) {
        const domestic = slots[pair.domestic];
        const overseas = slots[pair.overseas];
        if (!domestic.wanted || !overseas.wanted) continue;
        const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
        let reason: Reason = domestic.reason !== "none" ? domestic.reason : overseas.reason;
        let bookAgeMs = 0;
        if (reason === "none") {
          bookAgeMs = Math.max(0, reportedAtMs - Math.min(domestic.receivedAtMs, overseas.receivedAtMs));
          if (Math.abs(domestic.receivedAtMs - overseas.receivedAtMs) > settings.legSkewMsMax)
            reason = "skewed";
        }
        if (reason === "none") {
          ratesOfPair(domestic.sweep, domestic.book, overseas.book, overseas.multiplier, ratesJeon);
          if (Number.isNaN(ratesJeon[0]!) && Number.isNaN(ratesJeon[RATES_PER_ROW / 2]!)) reason = "thin";
          if (ratesJeon.some((jeon) => jeon > RATE_JEON_MAX)) {
            reason = "malformed";
            ratesJeon.fill(Number.NaN);
          }
        }
        if (reason !== "none") bookAgeMs = 0;
        rows.push({ coin, pairIndex, tickAtMs: task.tickAtMs, bookAgeMs, reason, ratesJeon });
      }
      const depth = this.#depthUsed(task, index);
      if (depth) depths.push({ coin, venue: "binance", ...depth });
    }
    return { rows, depths, fetches: fetchesOf(counts), reportedAtMs };
  }

  /** What a coin's Binance book tells of the depth it needs; undefined when the domestic books cannot tell. */
  #depthUsed(task: QuoteTask, index: number): { levels: number | null; got: number } | undefined {
    const { upbit, bithumb, binance } = this.#slots[index]!;
    if (!binance.wanted || binance.reason !== "none") return undefined;
    const { book, depth } = binance;
    const { askQtyEnough, bidQtyEnough } = this.#limitOf(task, "binance", binance.symbol);
    const asksEnded = askQtyEnough > 0 && !book.asksCut;
    const bidsEnded = bidQtyEnough > 0 && !book.bidsCut;
    if (asksEnded || bidsEnded) {
      // Deeper helps if either side that ended has all the levels asked for.
      const got = Math.max(asksEnded ? book.askCount : 0, bidsEnded ? book.bidCount : 0);
      return { levels: null, got };
    }
    // A domestic book that could not be swept might have needed more: without it nothing speaks for less.
    if ([upbit, bithumb].some(({ wanted, reason }) => wanted && reason !== "none")) return undefined;
    const levels = Math.max(askQtyEnough > 0 ? book.askCount : 0, bidQtyEnough > 0 ? book.bidCount : 0);
    return { levels, got: depth };
  }

  #isStale(slot: LegSlot, nowMs: number): boolean {
    const { bookAgeMsMax } = this.deps.settings;
    if (nowMs - slot.receivedAtMs > bookAgeMsMax) return true;
    const stampAgeMs = nowMs - slot.book.stampAtMs;
    return slot.book.stampAtMs > 0 && (stampAgeMs > bookAgeMsMax || stampAgeMs < -FUTURE_STAMP_MS_MAX);
  }
}

function createSlot(levelsMax: number): LegSlot {
  return {
    book: createOrderBook(levelsMax),
    sweep: createDomesticSweep(),
    wanted: false,
    symbol: "",
    multiplier: 1,
    depth: 0,
    receivedAtMs: 0,
    reason: "none",
  };
}

function count(counts: Map<string, number>, venue: Venue, outcome: string): void {
  const key = `${venue}|${outcome}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function fetchesOf(counts: Map<string, number>): ReportHeader["fetches"] {
  return [...counts].map(([key, value]) => {
    const at = key.indexOf("|");
    return { venue: key.slice(0, at) as Venue, outcome: key.slice(at + 1), count: value };
  });
}
