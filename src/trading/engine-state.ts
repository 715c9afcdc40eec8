// What the engine knows while it holds the lease: traders, positions, running intents, rests, incidents, switches,
// limits. Everything here is read from the store at the start of a term and after every change; nothing is only here.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { NOTHING_TAKEN, type Taken } from "../domain/own-orders.ts";
import type { RiskLimits } from "../domain/risk.ts";
import { EntryScreen } from "../domain/screen.ts";
import type { DecisionSettings } from "../domain/strategy.ts";
import type { Clock } from "../ports/clock.ts";
import type { IntentRow, Journal, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { HandHoldingStore } from "../ports/store.ts";
import type {
  CoolingRow,
  Incident,
  Trader,
  TraderStore,
  TradingStateStore,
  TradingSwitch,
} from "../ports/traders.ts";
import { Entrant } from "./entrant.ts";
import type { IntentProgress } from "./figures.ts";
import type { EntryBasis } from "./plan-entry.ts";
import { Watched } from "./watched.ts";

export interface StateDeps {
  readonly clock: Clock;
  readonly mode: TradingMode;
  readonly journal: Journal;
  readonly state: TradingStateStore;
  readonly traders: TraderStore;
  readonly limits: RiskLimits;
  readonly decision: DecisionSettings;
  /** Left out on paper: what is held by hand is real. */
  readonly handHoldings?: HandHoldingStore;
  /** A position whose terms cannot be read: it is kept, and leaves only by hand. */
  readonly onBroken: (position: OpenPosition, why: string) => void;
}

export const userCoin = (userId: number, coin: string) => `${userId} ${coin}`;
const LOSSES_MS = 30_000;
/** From an intent's plan until its orders have usually taken what they want. */
const ORDERS_MS = 3_000;
/** 00:00 KST. */
const DAY_OFFSET_MS = 9 * 3_600_000;
const DAY_MS = 86_400_000;

export class EngineState {
  traders: readonly Trader[] = [];
  screen = new EntryScreen<Entrant>([]);
  readonly positions = new Map<string, OpenPosition>();
  readonly #ofUsers = new Map<number, readonly OpenPosition[]>();
  readonly watched: Watched;
  /** Reads begun and, by user, the newest one that was taken over: answers may overtake one another. */
  #readsBegun = 0;
  readonly #readTaken = new Map<number, number>();
  /** By user and coin: planned or running. */
  readonly running = new Map<string, IntentRow>();
  /** By user and coin: intents that have ended in this term. */
  readonly #ends = new Map<string, number>();
  /** By intent, of those that have been begun: how far they are. */
  readonly progress = new Map<string, () => IntentProgress>();
  readonly cooling = new Map<string, CoolingRow>();
  incidents: readonly Incident[] = [];
  switches: readonly TradingSwitch[] = [];
  /** By user and coin: positions whose automatic exits wait for the user, and coins held by hand beside us. */
  readonly heldByHand = new Map<string, string>();
  #openedByHand: ReadonlySet<string> = new Set();
  /** By user and coin: positions of ours that were closed in Karbit, by its rows. */
  closedByHand: ReadonlySet<string> = new Set();
  #limits: ReadonlyMap<number, RiskLimits> = new Map();
  #losses: ReadonlyMap<number, Decimal> = new Map();
  #lossesUntilMs = 0;
  #revision = "";

  constructor(private readonly deps: StateDeps) {
    this.watched = new Watched(deps.decision);
  }

  async loadAll(): Promise<readonly string[]> {
    await this.loadSwitches();
    await this.loadPositions();
    await this.loadHandHoldings();
    await this.loadLosses();
    const faults = await this.loadTraders();
    const { state, mode } = this.deps;
    for (const row of await state.cooling(mode)) this.cooling.set(userCoin(row.userId, row.coin), row);
    return faults;
  }

  /** Everybody's, or one user's after an end of his: what the others hold is as it was. */
  async loadPositions(userId?: number): Promise<void> {
    const { journal, mode } = this.deps;
    const read = ++this.#readsBegun;
    const open = Map.groupBy(await journal.openPositions(mode, userId), (position) => position.userId);
    const users = userId === undefined ? new Set([...this.#ofUsers.keys(), ...open.keys()]) : [userId];
    for (const user of users) {
      if (read < (this.#readTaken.get(user) ?? 0)) continue;
      this.#readTaken.set(user, read);
      this.#takePositions(user, open.get(user) ?? []);
    }
  }

  #takePositions(userId: number, open: readonly OpenPosition[]): void {
    for (const { coin, pair } of this.ofUser(userId)) {
      const key = userCoin(userId, coin);
      this.positions.delete(key);
      this.positions.delete(`${key} ${pair}`);
    }
    for (const position of open) {
      const key = userCoin(userId, position.coin);
      // Two pairs of one coin can only be from before; both are kept, the later one under its own name.
      this.positions.set(this.positions.has(key) ? `${key} ${position.pair}` : key, position);
    }
    if (open.length > 0) this.#ofUsers.set(userId, open);
    else this.#ofUsers.delete(userId);
    this.watched.load(userId, open, this.deps.onBroken);
  }

  async loadHandHoldings(): Promise<void> {
    const { handHoldings } = this.deps;
    if (!handHoldings) return;
    const [held, closed] = await Promise.all([handHoldings.heldByHand(), handHoldings.closedByHand()]);
    const keys = (found: typeof held) => new Set(found.map(({ userId, coin }) => userCoin(userId, coin)));
    this.#openedByHand = keys(held);
    this.closedByHand = keys(closed);
  }

  /** Only when something has changed; returns what could not be read. */
  async loadTraders(): Promise<readonly string[]> {
    const { traders } = this.deps;
    const revision = await traders.revision();
    if (revision === this.#revision) return [];
    const { traders: found, faults } = await traders.traders();
    this.#revision = revision;
    this.traders = found;
    const entrants = found.filter((trader) => this.mayEnter(trader)).map((trader) => new Entrant(trader));
    this.screen = new EntryScreen(entrants);
    return faults;
  }

  /** Live trading needs the user's word; on paper nobody's key is used. */
  mayEnter(trader: Trader): boolean {
    return this.deps.mode === "paper" || trader.liveConsent;
  }

  async loadSwitches(): Promise<void> {
    const { state, mode, limits } = this.deps;
    this.switches = await state.switches();
    this.incidents = await state.openIncidents(mode);
    this.#limits = await state.limits(limits);
  }

  async loadLosses(): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    if (nowMs < this.#lossesUntilMs) return;
    const dayBeganMs = Math.floor((nowMs + DAY_OFFSET_MS) / DAY_MS) * DAY_MS - DAY_OFFSET_MS;
    this.#losses = await this.deps.state.lossesSince(this.deps.mode, dayBeganMs);
    this.#lossesUntilMs = nowMs + LOSSES_MS;
  }

  /** After an end: what was lost counts at once. */
  forgetLosses(): void {
    this.#lossesUntilMs = 0;
  }

  limitsOf(userId: number): RiskLimits {
    return this.#limits.get(userId) ?? this.#limits.get(0) ?? this.deps.limits;
  }

  get halted(): boolean {
    return this.switches.some(({ scope, halted }) => scope === "global" && halted);
  }

  entriesOff(userId: number, coin: string): boolean {
    return this.switches.some(
      ({ scope, subject, entriesOff }) =>
        entriesOff &&
        (scope === "global" ||
          (scope === "user" && subject === String(userId)) ||
          (scope === "coin" && subject === coin)),
    );
  }

  /** The same before and after: what was read of positions and dust in between still holds. */
  endsOf(key: string): number {
    return this.#ends.get(key) ?? 0;
  }

  noteEnd(key: string): void {
    this.#ends.set(key, this.endsOf(key) + 1);
  }

  hasIncident(userId: number): boolean {
    return this.incidents.some((incident) => incident.userId === userId);
  }

  isEntering(userId: number): boolean {
    for (const intent of this.running.values())
      if (intent.userId === userId && intent.kind === "entry") return true;
    return false;
  }

  #openEntryCount({ userId, strategy }: Trader): number {
    let count = 0;
    for (const { entries } of this.ofUser(userId)) {
      count += entries.filter(({ strategyId }) => strategyId === strategy.strategyId).length;
    }
    return count;
  }

  /** Whether automatic exits of it wait for the user: somebody's trade is in it, or its short is gone. */
  exitsWait(key: string): boolean {
    const why = this.heldByHand.get(key);
    return why === "joined" || why === "short-gone";
  }

  /** Whether its strategy holds all it may: no rate will make it enter. */
  isFull(trader: Trader): boolean {
    return this.#openEntryCount(trader) >= trader.strategy.seedDivision;
  }

  /** What is known about an entry without asking anybody, counted from rows. */
  basis(trader: Trader, coin: string, pair: PairKey, referenceKrw: Decimal | undefined): EntryBasis {
    const { userId } = trader;
    const key = userCoin(userId, coin);
    const own = this.positions.get(key);
    return {
      entriesOff: this.entriesOff(userId, coin),
      incidentOpen: this.hasIncident(userId),
      coolingUntilMs: this.cooling.get(key)?.untilAtMs,
      heldOnOtherPair: own !== undefined && own.pair !== pair,
      heldByHand: this.heldByHand.has(key) || this.#openedByHand.has(key) || this.closedByHand.has(key),
      openEntryCount: this.#openEntryCount(trader) + (this.isEntering(userId) ? 1 : 0),
      position: own?.pair === pair ? own : undefined,
      referenceKrw,
      limits: this.limitsOf(userId),
      used: () => this.#used(userId, coin),
    };
  }

  /** Open and running, KRW. */
  #used(userId: number, coin: string): ReturnType<EntryBasis["used"]> {
    const entering = [...this.running.values()].filter(({ kind }) => kind === "entry");
    const slices = (counts: (intent: IntentRow) => boolean) =>
      Decimal.sum(entering.filter(counts).map(({ terms }) => Decimal.of(terms.sliceKrw!)));
    const open = this.watched.notionalKrw(userId, coin);
    return {
      userNotionalKrw: open.user.plus(slices((one) => one.userId === userId)),
      coinNotionalKrw: open.coin.plus(slices((one) => one.coin === coin)),
      serviceNotionalKrw: open.all.plus(slices(() => true)),
      openPositionCount: this.ofUser(userId).length,
      lossTodayKrw: this.#losses.get(userId) ?? Decimal.ZERO,
    };
  }

  /**
   * What running intents are about to take from a coin's books that had arrived at `booksAtMs`; orders are done within
   * seconds, and what an older intent took is missing from the books already.
   */
  taken(coin: string, pair: PairKey, booksAtMs: number): Taken {
    const [domestic, overseas] = pair.split("-");
    const taken = { ...NOTHING_TAKEN };
    for (const { kind, coin: of, pair: on, plannedAtMs, qtyCoin, qtyContracts } of this.running.values()) {
      if (of !== coin || plannedAtMs < booksAtMs - ORDERS_MS) continue;
      const [home, abroad] =
        kind === "entry"
          ? (["domesticAsk", "overseasBid"] as const)
          : (["domesticBid", "overseasAsk"] as const);
      if (on.startsWith(domestic!)) taken[home] = taken[home].plus(qtyCoin);
      if (on.endsWith(overseas!)) taken[abroad] = taken[abroad].plus(qtyContracts);
    }
    return taken;
  }

  ofUser(userId: number): readonly OpenPosition[] {
    return this.#ofUsers.get(userId) ?? [];
  }
}
