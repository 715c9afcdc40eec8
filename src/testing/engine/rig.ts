// The trading engine as a whole, in memory: real engines, one or more, on one manual clock over in-memory exchanges,
// fed with the rate rows of those exchanges' books. What a test does not say is a day on which nothing is wrong: 1,396
// KRW a dollar at entry, everybody enters at 1,400 and leaves at 1,420, one slice of three is a million.
//
//   const rig = new EngineRig(); await rig.start(); await rig.tick(); expect(rig.position(1, "XRP"))...

import type { UserEvent } from "../../../schema/messages/user-event.ts";
import {
  type DomesticVenue,
  type OverseasVenue,
  PAIRS,
  type PairKey,
  type Venue,
} from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { CAUTION_DEFAULT, type CautionSettings, RISK_LIMITS_DEFAULT } from "../../domain/risk.ts";
import { DECISION_SETTINGS_DEFAULT, type Strategy } from "../../domain/strategy.ts";
import { FEE_RATIOS_DEFAULT } from "../../domain/venue-limits.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import type { ForcedCloses } from "../../ports/forced-closes.ts";
import type { IntentRow, Journal, LeaseStore, OpenPosition, TradingMode } from "../../ports/journal.ts";
import type { Notice, Notifier } from "../../ports/notifier.ts";
import type { Tracer } from "../../ports/tracing.ts";
import type {
  KeyOptions,
  Trader,
  TraderStore,
  TradingStateStore,
  TradingSwitch,
} from "../../ports/traders.ts";
import type { UserEventSink } from "../../ports/user-events.ts";
import { TradingEngine } from "../../trading/engine.ts";
import { WATCH_DEFAULT, type WatchSettings } from "../../trading/watch-positions.ts";
import { MemoryLease } from "../lease-stage.ts";
import { ManualClock } from "../manual-clock.ts";
import { createMemoryWorld, type MemoryWorld } from "../memory-venues/world.ts";
import { RecordingLog } from "../recording-log.ts";
import { MemoryJournal } from "../simulation/memory-journal.ts";
import { coinOf, RigMarket, symbolOf } from "./market.ts";
import { MemoryForcedCloses, MemoryHandHoldings, MemoryState, MemoryTraders } from "./memory-state.ts";
import { RigProcess } from "./process.ts";

const BOOK_MS = 40;
export const REFERENCE_KRW = 1_400;
export const ENTRIES_OFF: TradingSwitch = {
  scope: "global",
  subject: "",
  entriesOff: true,
  halted: false,
  why: "",
  by: "operator",
  atMs: 0,
};

export interface RigStores {
  readonly journal: Journal;
  readonly state: TradingStateStore;
  readonly traders: TraderStore;
  readonly forcedCloses: ForcedCloses;
  readonly lease: LeaseStore;
  /** Resolves when no call is under way: no simulated time passes meanwhile. In memory none ever is. */
  readonly quiet?: () => Promise<void>;
}

export interface RigOptions {
  readonly coins?: readonly string[];
  readonly users?: number;
  readonly mode?: TradingMode;
  readonly krw?: number;
  readonly usdt?: number;
  /** The venues tell of accounts by themselves. */
  readonly tellsNews?: boolean;
  readonly tracer?: Tracer;
  readonly caution?: Partial<CautionSettings>;
  readonly nakedSpot?: WatchSettings["nakedSpot"];
  /** Instead of those in memory. */
  readonly stores?: (clock: ManualClock) => RigStores;
}

export interface Told {
  readonly to: number | "operator";
  readonly notice: Notice;
  readonly atMs: number;
}

export function traderOf(
  userId: number,
  strategy: Partial<Strategy> = {},
  more: Partial<Trader> = {},
): Trader {
  return {
    userId,
    strategy: {
      ...{ strategyId: userId, userId, seedAmountKrw: Decimal.of(3_000_000), seedDivision: 3, leverage: 2 },
      ...{ tradeMode: "custom", entryRateTarget: Decimal.of(1_400), exitRateTarget: Decimal.of(1_420) },
      ...{ coinMode: "auto", selectedCoins: new Set(), allowAverageDown: false, allowAverageUp: false },
      ...strategy,
    },
    keys: { upbit: "usable", bithumb: "usable", bybit: "usable", binance: "usable" },
    ...{ liveConsent: true, stopRate: undefined, holdingMsMax: undefined },
    ...more,
  };
}

export class EngineRig {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 5, 3));
  readonly log = new RecordingLog();
  readonly world: MemoryWorld;
  readonly market: RigMarket;
  readonly journal = new MemoryJournal();
  readonly state = new MemoryState(() => this.journal.fence);
  readonly traders = new MemoryTraders();
  readonly forcedCloses = new MemoryForcedCloses(() => {
    return this.journal.positions.filter(({ closedAtMs }) => closedAtMs === undefined);
  });
  readonly byHand = new MemoryHandHoldings();
  /** The venues' public mark prices. */
  marks: (venue: OverseasVenue) => ReadonlyMap<string, Decimal> = () => new Map();
  readonly stores: RigStores;
  readonly told: Told[] = [];
  readonly events: UserEvent[] = [];
  /** Replaces the way out of events. */
  tellEvent: UserEventSink["tell"] = (event) => void this.events.push(event);
  readonly processes: { readonly engine: TradingEngine; readonly process: RigProcess }[] = [];
  /** Asked at every tick; undefined: no price is to be had. */
  referenceKrw: number | undefined = REFERENCE_KRW;
  #reference: { readonly priceKrw: number; readonly atMs: number } | undefined;
  /** Replaces the way out of notices. */
  tell: Notifier["tell"] | undefined;
  /** How old the venues stamp the books the engine asks for. */
  stampAgeMs = 0;
  /** How long those take; called as they are asked for. */
  bookMs: () => number = () => BOOK_MS;
  readonly mode: TradingMode;
  readonly tracer: Tracer | undefined;
  readonly caution: CautionSettings;
  readonly nakedSpot: WatchSettings["nakedSpot"];

  constructor(options: RigOptions = {}) {
    const { coins = ["XRP"], users = 1, mode = "live", krw = 50_000_000, usdt = 50_000 } = options;
    this.mode = mode;
    this.tracer = options.tracer;
    this.caution = { ...CAUTION_DEFAULT, ...options.caution };
    this.nakedSpot = options.nakedSpot ?? WATCH_DEFAULT.nakedSpot;
    const KRW = { KRW: krw };
    const USDT = { USDT: usdt };
    this.world = createMemoryWorld({
      clock: this.clock,
      random: () => 0.5,
      ...(options.tellsNews && { tellsNews: true }),
      coins: coins.map((coin) => coinOf(coin, 1_396)),
      users: Array.from({ length: users }, (_, index) => ({
        user: this.nameOf(index + 1),
        balances: { upbit: KRW, bithumb: KRW, bybit: USDT, binance: USDT },
      })),
    });
    this.market = new RigMarket(this.world, coins);
    this.stores = options.stores?.(this.clock) ?? this.#inMemory();
    this.traders.set(Array.from({ length: users }, (_, index) => traderOf(index + 1)));
  }

  #inMemory(): RigStores {
    const held = new MemoryLease(this.clock);
    const lease: LeaseStore = {
      acquire: async (holder, lengthMs) => {
        const taken = held.acquire(holder, lengthMs);
        this.journal.fence = held.fence;
        return taken;
      },
      release: async (holder, fence) => held.release(holder, fence),
    };
    const { journal, state, traders, forcedCloses } = this;
    return { journal, state, traders, forcedCloses, lease };
  }

  nameOf(userId: number): string {
    return `user ${userId}`;
  }

  /** A process begins; with nothing running it trades after a moment. */
  async start(): Promise<RigProcess> {
    const process = new RigProcess(this.clock);
    const { market, log, mode, stores, world, tracer } = this;
    // As the port promises: the same object for the same account.
    const kept = new Map<string, object>();
    const opened = <V extends object>(userId: number, venue: string, open: () => V): V => {
      const key = `${userId} ${venue}`;
      const found = kept.get(key) ?? process.venue(open());
      kept.set(key, found);
      return found as V;
    };
    const engine = new TradingEngine({
      ...{ log, mode, market, tracer },
      clock: process.ownClock(),
      journal: process.store(stores.journal),
      state: process.store(stores.state),
      traders: process.store(stores.traders),
      forcedCloses: process.store(stores.forcedCloses),
      handHoldings: process.store(this.byHand),
      lease: process.store(stores.lease),
      holder: `process ${this.processes.length + 1}`,
      venues: {
        domestic: async (userId: number, venue: DomesticVenue, options?: KeyOptions) =>
          this.#hasKey(userId, venue, options)
            ? opened(userId, venue, () => world.venue(this.nameOf(userId), venue))
            : undefined,
        overseas: async (userId: number, venue: OverseasVenue, options?: KeyOptions) =>
          this.#hasKey(userId, venue, options)
            ? opened(userId, venue, () => world.venue(this.nameOf(userId), venue))
            : undefined,
      },
      books: { fresh: (coin, pair, timeoutMs) => this.#fresh(coin, pair, timeoutMs) },
      marks: async (venue) => this.marks(venue),
      notifier: {
        tell: (message) => {
          const { audience, notice, atMs } = message;
          this.told.push({ to: audience === "operator" ? audience : audience.userId, notice, atMs });
          this.tell?.(message);
        },
      },
      events: { tell: (event) => this.tellEvent(event) },
      reference: () => this.#reference,
      decision: DECISION_SETTINGS_DEFAULT,
      limits: RISK_LIMITS_DEFAULT,
      caution: this.caution,
      feeRatios: FEE_RATIOS_DEFAULT,
      watch: { ...WATCH_DEFAULT, nakedSpot: this.nakedSpot },
      feeValue: async (_venue, _asset, fee) => fee,
    });
    this.processes.push({ engine, process });
    engine.start();
    await this.pass(100);
    return process;
  }

  /** The process stands still for good, and another takes its place once its lease is over. */
  async restart(): Promise<void> {
    this.processes.at(-1)!.process.freeze();
    await this.pass(10_000);
    await this.start();
  }

  #hasKey(userId: number, venue: Venue, { evenSwitchedOff = false }: KeyOptions = {}): boolean {
    const key = `${userId} ${venue}`;
    return !this.traders.keysOff.has(key) && (evenSwitchedOff || !this.traders.keysSwitchedOff.has(key));
  }

  async #fresh(coin: string, pair: PairKey, timeoutMs: number): Promise<FreshBooks | undefined> {
    const lengthMs = this.bookMs();
    const atMs = this.clock.nowMs();
    const books = this.market.books(coin, pair);
    for (const book of [books?.domestic, books?.overseas]) if (book) book.stampAtMs -= this.stampAgeMs;
    await this.clock.sleep(Math.min(lengthMs, timeoutMs));
    return books && lengthMs <= timeoutMs ? { ...books, atMs } : undefined;
  }

  /** The engine that trades, or the newest. */
  get engine(): TradingEngine {
    const trading = this.processes.find(({ engine, process }) => !process.isFrozen && engine.state().fence);
    return (trading ?? this.processes.at(-1)!).engine;
  }

  /** New rates, and as long as what follows from them usually takes. */
  async tick(lengthMs = 3_000): Promise<void> {
    const atMs = this.clock.nowMs();
    if (this.referenceKrw !== undefined) this.#reference = { priceKrw: this.referenceKrw, atMs };
    const rows = this.market.tick(atMs);
    for (const { engine, process } of this.processes) if (!process.isFrozen) engine.onRows(rows);
    await this.pass(lengthMs);
  }

  /** Ticks as often as a scheduler, for so long. */
  async ticks(lengthMs: number, everyMs = 5_000): Promise<void> {
    const untilMs = this.clock.nowMs() + lengthMs;
    while (this.clock.nowMs() < untilMs) await this.tick(everyMs);
  }

  /** No price is to be had any more, or had `ageMs` ago. */
  ageReference(ageMs: number | undefined): void {
    this.referenceKrw = undefined;
    this.#reference =
      ageMs === undefined ? undefined : { priceKrw: REFERENCE_KRW, atMs: this.clock.nowMs() - ageMs };
  }

  /** Lets time pass, but never while a store is at work. */
  async pass(lengthMs: number): Promise<void> {
    const { clock, stores } = this;
    if (!stores.quiet) return await clock.advance(lengthMs);
    const untilMs = clock.nowMs() + lengthMs;
    for (;;) {
      await clock.advance(0);
      await stores.quiet();
      await clock.advance(0);
      const nextMs = clock.nextWakeAtMs;
      if (nextMs === undefined || nextMs > untilMs) break;
      await clock.advanceTo(nextMs);
    }
    await clock.advanceTo(untilMs);
  }

  /** Later on the wall clock, with nothing having happened meanwhile. */
  skip(lengthMs: number): void {
    this.clock.setWallClock(this.clock.nowMs() + lengthMs);
  }

  async stop(): Promise<void> {
    for (const { engine, process } of this.processes) {
      process.thaw();
      process.road = "ok";
      const stopped = engine.stop();
      await this.pass(15_000);
      await stopped;
    }
  }

  // --- what there is -------------------------------------------------------------------------------------------

  position(userId: number, coin: string): OpenPosition | undefined {
    return this.journal.positions.find(
      (open) => open.closedAtMs === undefined && open.userId === userId && open.coin === coin,
    );
  }

  /** Coins of all open positions, in the order they were entered. */
  get held(): string[] {
    return this.journal.positions
      .filter(({ closedAtMs }) => closedAtMs === undefined)
      .map(({ userId, coin }) => `${userId} ${coin}`);
  }

  intents(kind?: IntentRow["kind"]): IntentRow[] {
    return [...this.journal.intents.values()].filter((intent) => !kind || intent.kind === kind);
  }

  /** The last reason kept about a user's coin. */
  reason(userId: number, coin: string): string | undefined {
    return this.state.decisionRows.findLast((row) => row.userId === userId && row.coin === coin)?.reason;
  }

  /** Notices by kind, with whom they went to. */
  heard(kind: Notice["kind"]): Told[] {
    return this.told.filter(({ notice }) => notice.kind === kind);
  }

  /** In words, whatever is wrong with the money; empty when all is well. */
  faults(): string[] {
    const faults = this.world.bookFaults();
    for (const { clientOrderId } of this.world.idsExecutedTwice()) faults.push(`twice: ${clientOrderId}`);
    for (const user of new Set(this.journal.positions.map(({ userId }) => userId))) {
      for (const coin of this.market.coins) {
        const exposure = this.world.exposure(this.nameOf(user), coin);
        // Below one lot: dust.
        if (exposure.abs().atLeast(Decimal.of("0.1"))) faults.push(`${user} ${coin}: exposed ${exposure}`);
      }
    }
    return [...faults, ...this.#fundingFaults()];
  }

  /** Closed positions whose funding, as their venue paid it while they were open, is not what is stored of them. */
  #fundingFaults(): string[] {
    return this.journal.positions.flatMap(({ positionId, userId, coin, pair, openedAtMs, closedAtMs }) => {
      if (closedAtMs === undefined) return [];
      const { overseas } = PAIRS.find(({ key }) => key === pair)!;
      const paid = this.world
        .account(this.nameOf(userId), overseas)
        .fundings.filter(
          ({ symbol, atMs }) =>
            symbol === symbolOf(overseas, coin) && atMs >= openedAtMs && atMs <= closedAtMs,
        );
      const noted = [...this.state.fundings.values()].filter((row) => row.positionId === positionId);
      const sum = (events: readonly { readonly amountUsdt: Decimal }[]) =>
        Decimal.sum(events.map(({ amountUsdt }) => amountUsdt));
      if (sum(noted).equals(sum(paid))) return [];
      return [`user ${userId} ${coin}: expected funding of ${sum(paid)}, was ${sum(noted)}`];
    });
  }
}
