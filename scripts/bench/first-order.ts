// From a frame to the first order of each of ten strategies that fire, of 10,000 that live, with 1,000 positions open:
// the real engine from its start on, distinct frames one after the other. Venues, books and stores answer at once from
// memory, so that all that is measured is our own time; the clock stands still meanwhile.

import { PAIRS, type PairKey, type Venue } from "../../schema/vocabulary.ts";
import { krwPriceIncrement } from "../../src/adapters/venue/krw-ticks.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { decideEntry, type EntryFacts } from "../../src/domain/decision.ts";
import { RateTable } from "../../src/domain/rate-table.ts";
import { CAUTION_DEFAULT, RISK_LIMITS_DEFAULT } from "../../src/domain/risk.ts";
import { DECISION_SETTINGS_DEFAULT, entrySeedIndex, sliceKrw } from "../../src/domain/strategy.ts";
import { FEE_RATIOS_DEFAULT } from "../../src/domain/venue-limits.ts";
import type { LeaseStore } from "../../src/ports/journal.ts";
import type { Log } from "../../src/ports/telemetry.ts";
import type { TraderStore, TradingStateStore } from "../../src/ports/traders.ts";
import type { CoinFacts } from "../../src/ports/trading-desk.ts";
import type { PerpetualVenue, PlaceOutcome, SymbolRules } from "../../src/ports/trading-venue.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { MemoryJournal } from "../../src/testing/simulation/memory-journal.ts";
import { TradingEngine } from "../../src/trading/engine.ts";
import { WATCH_DEFAULT } from "../../src/trading/watch-positions.ts";
import { seededRandom } from "./books.ts";
import { type BenchLine, type BenchOptions, elapsedMs, grouped, median, quantile, round } from "./line.ts";
import {
  type Fallible,
  FIRING,
  type Frame,
  frameOf,
  POSITIONS,
  REFERENCE_KRW,
  STRATEGIES,
  type TradingGround,
  tradingGround,
} from "./trading-ground.ts";

const WARM_UP_FRAMES = 40;
const FRAMES = 300;
const FRAMES_ALL = 2_000;
/** A coin's turn comes again after many frames, longer than an entry that filled nothing rests. */
const BETWEEN_FRAMES_MS = 2_000;
const NAIVE_ROWS = 12;
const TURNS_MAX = 1_000;
const TARGET_MS = 10;
/** Below every rate, and above about half of them. */
const HELD_FAR_KRW = 1_300;
const HELD_MET_KRW = 1_395;

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (event, fields) => process.stderr.write(`${event} ${Bun.inspect(fields)}\n`),
  child: () => quiet,
};

const rules = (symbol: string, isHome: boolean): SymbolRules => ({
  symbol,
  qtyStep: Decimal.of(isHome ? "0.00000001" : "0.001"),
  qtyMin: Decimal.of(isHome ? "0.00000001" : "0.001"),
  qtyMaxMarket: Decimal.of("1e12"),
  qtyMaxLimit: Decimal.of("1e12"),
  priceIncrement: Decimal.of("0.0001"),
  notionalMin: Decimal.of(isHome ? 5_000 : 5),
  tradable: true,
});

/** By the clock, and by the time this thread has worked: a busy machine shares it with others. */
interface Instant {
  readonly wallMs: number;
  readonly workedMs: number;
}

function now(): Instant {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), workedMs: (user + system) / 1000 };
}

/** Every user's venues: accounts with money, and the instants at which orders would leave. */
class Venues {
  readonly placed: Instant[] = [];
  #answer = Promise.withResolvers<PlaceOutcome>();
  readonly #venues = new Map<string, PerpetualVenue>();

  domestic = async (_userId: number, venue: Venue) => this.#of(venue);
  overseas = async (_userId: number, venue: Venue) => this.#of(venue);

  /** Orders wait for this: what follows the first is another measurement. */
  refuseAll(): void {
    const rejection = { kind: "funds", code: "1", message: "", idStillFree: false } as const;
    this.#answer.resolve({ kind: "rejected", rejection });
    this.#answer = Promise.withResolvers();
    this.placed.length = 0;
  }

  #of(name: Venue): PerpetualVenue {
    const held = this.#venues.get(name);
    if (held) return held;
    const isHome = name === "upbit" || name === "bithumb";
    const fee = Decimal.of("0.0005");
    const money = { asset: isHome ? "KRW" : "USDT", free: Decimal.of("100000000"), locked: Decimal.ZERO };
    const venue: PerpetualVenue = {
      venue: name as "bybit",
      place: (_order, _timeoutMs, { mayStillSend } = {}) => {
        if (mayStillSend?.() !== false) this.placed.push(now());
        return this.#answer.promise;
      },
      lookup: async () => ({ kind: "absent" }),
      openOrders: async () => [],
      balances: async () => [money],
      feeRates: async () => ({ buy: fee, sell: fee }),
      rules: async (symbol) => rules(symbol, isHome),
      clockOffsetMs: async () => 0,
      acceptWindowMs: 3_000,
      keyFaults: async () => [],
      positions: async () => [],
      modes: async () => ({ positionMode: "one-way", marginMode: "cross" }),
      setLeverage: async () => undefined,
      fundingSince: async () => [],
    };
    this.#venues.set(name, venue);
    return venue;
  }
}

const state: TradingStateStore = {
  switches: async () => [],
  setSwitch: async () => undefined,
  limits: async (defaults) => new Map([[0, defaults]]),
  setLimits: async () => undefined,
  openIncident: async () => ({ incidentId: 1, isNew: true }),
  closeIncident: async () => true,
  openIncidents: async () => [],
  cooling: async () => [],
  setCooling: async () => undefined,
  addFunding: async () => 0,
  fundingUsdt: async () => Decimal.ZERO,
  lossesSince: async () => new Map(),
  keepDecisions: async () => undefined,
  decisions: async () => [],
};

const lease: LeaseStore = {
  acquire: async (_holder, lengthMs) => ({ fence: 1, expiresInMs: lengthMs }),
  release: async () => undefined,
};

function tradersOf({ traders }: TradingGround): TraderStore {
  return {
    traders: async () => ({ traders, faults: [] }),
    keysOf: async () => traders[0]!.keys,
    credentials: async () => undefined,
    revision: async () => "1",
    setConsent: async () => undefined,
    setExitTerms: async () => undefined,
  };
}

class Stage {
  readonly clock = new ManualClock();
  readonly venues = new Venues();
  readonly journal = new MemoryJournal();
  readonly engine: TradingEngine;
  readonly #table = new RateTable();
  readonly #facts = new Map<string, CoinFacts>();
  readonly #random = seededRandom(5);
  #frame: Frame | undefined;

  constructor(readonly ground: TradingGround) {
    this.journal.fence = 1;
    this.journal.positions.push(
      ...ground.positions.map((position) => ({ ...position, closedAtMs: undefined })),
    );
    for (const row of ground.rows) this.#table.merge(row);
    for (const fallible of ground.fallible) {
      const { row } = fallible;
      this.#facts.set(`${row.coin} ${PAIRS[row.pairIndex]!.key}`, factsOf(fallible));
    }
    this.engine = new TradingEngine({
      ...{
        clock: this.clock,
        log: quiet,
        mode: "live",
        journal: this.journal,
        state,
        lease,
        venues: this.venues,
      },
      traders: tradersOf(ground),
      forcedCloses: { ask: async () => "no-position", open: async () => [] },
      books: { fresh: async () => this.#frame!.books },
      market: {
        table: this.#table,
        facts: (coin: string, pair: PairKey) => this.#facts.get(`${coin} ${pair}`),
        incrementAt: (venue, price) => krwPriceIncrement(venue as "upbit", price),
      },
      notifier: { tell: () => undefined },
      reference: () => ({ priceKrw: REFERENCE_KRW, atMs: this.clock.nowMs() }),
      decision: DECISION_SETTINGS_DEFAULT,
      limits: RISK_LIMITS_DEFAULT,
      caution: CAUTION_DEFAULT,
      feeRatios: FEE_RATIOS_DEFAULT,
      feeValue: async () => Decimal.ZERO,
      holder: "bench",
      watch: { ...WATCH_DEFAULT, everyMs: Number.MAX_SAFE_INTEGER },
    });
  }

  async start(): Promise<void> {
    this.engine.start();
    for (let turn = 0; this.engine.state().role !== "trading"; turn++) {
      if (turn > TURNS_MAX) throw new Error(`expected the engine to trade, was ${this.engine.state().role}`);
      await nextTurn();
    }
  }

  /** From the frame to each of the ten first orders. */
  async frame(fallen: Fallible): Promise<Instant[]> {
    await this.clock.advance(BETWEEN_FRAMES_MS);
    this.#frame = frameOf(this.ground, fallen, this.clock.nowMs(), this.#random);
    const { rows } = this.#frame;
    for (const row of rows) if (row.coin !== fallen.row.coin) this.#table.merge(row);
    const { placed } = this.venues;
    const start = now();
    this.engine.onRows(rows);
    for (let turn = 0; placed.length < FIRING && turn < TURNS_MAX; turn++) await nextTurn();
    const lengths = placed.map(({ wallMs, workedMs }) => ({
      wallMs: wallMs - start.wallMs,
      workedMs: workedMs - start.workedMs,
    }));
    this.venues.refuseAll();
    while (this.engine.state().running > 0) await nextTurn();
    this.journal.intents.clear();
    this.journal.orders.clear();
    if (lengths.length !== FIRING) throw new Error(`expected ${FIRING} first orders, was ${lengths.length}`);
    return lengths;
  }
}

/** Everything that is to be done now, down to the last microtask. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function factsOf({ symbols, multiplier }: Fallible): CoinFacts {
  return {
    domesticSymbol: symbols.domestic,
    overseasSymbol: symbols.overseas,
    multiplier: Decimal.of(multiplier),
    ...{ tradable: true, walletsOpen: true, warned: false, quarantined: false, identityKnown: true },
    delistedBy: undefined,
    fundingRatio: Decimal.of("0.0001"),
  };
}

/** As one would write it first: every strategy is decided about on every row. Ms per frame, from some of its rows. */
function naiveMs({ ground }: Stage): number {
  const { rows, traders } = ground;
  const breakEven = Decimal.of("0.002");
  const reference = Decimal.of(REFERENCE_KRW);
  const rate = (jeon: number) => Decimal.of(Math.round(jeon)).dividedBy(Decimal.of(100), 2, "half-up");
  let entering = 0;
  const tookMs = elapsedMs(() => {
    for (const row of rows.slice(0, NAIVE_ROWS)) {
      for (const { strategy } of traders) {
        const seed = entrySeedIndex(sliceKrw(strategy));
        const facts: EntryFacts = {
          ...{ nowMs: row.tickAtMs, coin: row.coin, entriesOff: false, incidentOpen: false },
          ...{
            coolingUntilMs: undefined,
            tradable: true,
            walletsOpen: true,
            warned: false,
            quarantined: false,
          },
          ...{ identityKnown: true, heldOnOtherPair: false, heldByHand: false, openEntryCount: 0 },
          entryRate: rate(row.ratesJeon[seed]!),
          exitRate: rate(row.ratesJeon[100 + seed]!),
          referenceKrw: reference,
          lastEntry: undefined,
          breakEven,
          projectedProfitKrw: Decimal.ZERO,
        };
        if (decideEntry(strategy, facts, DECISION_SETTINGS_DEFAULT).action === "enter") entering++;
      }
    }
  });
  if (entering > NAIVE_ROWS * STRATEGIES) throw new Error("expected at most one decision a strategy and row");
  return (tookMs / NAIVE_ROWS) * rows.length;
}

async function line(name: string, heldKrw: number, frames: number): Promise<BenchLine> {
  const stage = new Stage(tradingGround(heldKrw));
  await stage.start();
  const lengths: Instant[] = [];
  const { fallible } = stage.ground;
  for (let count = 0; count < WARM_UP_FRAMES + frames; count++) {
    const firsts = await stage.frame(fallible[(count * 37) % fallible.length]!);
    if (count >= WARM_UP_FRAMES) lengths.push(...firsts);
  }
  const naive = naiveMs(stage);
  await stage.engine.stop();
  const wallMs = lengths.map((length) => length.wallMs);
  const workedMs = lengths.map((length) => length.workedMs);
  const p99Ms = quantile(wallMs, 0.99);
  return {
    name,
    figure: round(p99Ms, 2),
    unit: "ms",
    comparison:
      `p50 ${round(median(wallMs), 2)} ms, the thread's CPU p99 ${round(quantile(workedMs, 0.99), 2)} ms; ` +
      `deciding about every strategy on every row takes ${grouped(naive)} ms`,
    target: `at most ${TARGET_MS}`,
    ok: p99Ms <= TARGET_MS,
  };
}

export async function benchFirstOrder({ all, progress }: BenchOptions): Promise<BenchLine[]> {
  const frames = all ? FRAMES_ALL : FRAMES;
  const live = `${grouped(STRATEGIES)} strategies, ${FIRING} firing`;
  progress(`${frames} frames`);
  const plain = await line(`frame to first order, ${live}, own time, p99`, HELD_FAR_KRW, frames);
  progress(`${frames} frames, ${POSITIONS} strategies hold all they may`);
  const held = `the same while ${grouped(POSITIONS)} more meet their targets and hold all they may`;
  return [plain, await line(held, HELD_MET_KRW, frames)];
}
