// One term of trading: recover what is unfinished, then enter and exit until the lease is over. Built anew for every
// term from the store alone, so that a restart, a takeover and a lost lease are one path.
//
// Order: positions, switches and traders are read; every unfinished intent is brought to its end; only then may entries
// begin. Exits of other coins begin at once.

import { PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import type { ExitCause } from "../domain/decision.ts";
import { isEnd } from "../domain/intent.ts";
import { medianEntryJeon } from "../domain/plausibility.ts";
import { averageEntryRate } from "../domain/position.ts";
import type { RateRow } from "../domain/rate-table.ts";
import { type CoolingCause, coolingMs, type RiskLimits } from "../domain/risk.ts";
import { exitScreenJeon } from "../domain/screen.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { DecisionSettings } from "../domain/strategy.ts";
import type { BookDesk, FreshBooks } from "../ports/book-desk.ts";
import type { Clock } from "../ports/clock.ts";
import {
  Fenced,
  type IntentFile,
  type IntentRow,
  type Journal,
  type OpenPosition,
  type TradingMode,
} from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { HandHoldingStore } from "../ports/store.ts";
import type { Log } from "../ports/telemetry.ts";
import type { DecisionRow, IncidentKind, Trader, TraderStore, TradingStateStore } from "../ports/traders.ts";
import type { MarketView, UserVenues } from "../ports/trading-desk.ts";
import { Accounts } from "./accounts.ts";
import { EngineState, userCoin } from "./engine-state.ts";
import { fundingOf } from "./funding.ts";
import { planEntry } from "./plan-entry.ts";
import { planExit } from "./plan-exit.ts";
import { type EntryResult, EntryRun } from "./run-entry.ts";
import { type ExitResult, ExitRun, type ExitRunDeps } from "./run-exit.ts";
import { type Legs, TermOver } from "./run-order.ts";
import type { Term } from "./writer.ts";

export interface SessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly journal: Journal;
  readonly state: TradingStateStore;
  readonly traders: TraderStore;
  readonly venues: UserVenues;
  readonly books: BookDesk;
  readonly market: MarketView;
  readonly notifier: Notifier;
  /** KRW per USDT and when it was read; undefined when there is none. */
  readonly reference: () => { readonly priceKrw: number; readonly atMs: number } | undefined;
  readonly decision: DecisionSettings;
  readonly limits: RiskLimits;
  readonly feeValue: ExitRunDeps["feeValue"];
  readonly handHoldings?: HandHoldingStore;
}

/** Why a position is left whatever its terms say. */
export type ForceCause = "user" | "operator" | "guardian" | "short-gone";

const SWITCHES_EVERY_MS = 500;
const TRADERS_EVERY_MS = 3_000;
const PROJECTIONS_EVERY_MS = 60_000;
const SWEEP_EVERY_MS = 10_000;
const DECISIONS_EVERY_MS = 1_000;
const DECISION_AGAIN_MS = 60_000;
const CANDIDATES_MAX = 3;
const REFERENCE_AGE_MS_MAX = 10_000;
const REFERENCE_FROM_MEDIAN_MAX = Decimal.of("0.03");
const STUCK_RETRY_MS = 30_000;
const STORE_RETRY_MS = 1_000;
const FORCE_RETRY_MS = 1_000;
/** Three unwinds of one symbol within five minutes over all users: quarantined. */
const UNWINDS_MAX = 3;
const UNWINDS_WITHIN_MS = 300_000;

interface Candidate {
  readonly row: RateRow;
  readonly pair: PairKey;
  readonly rateJeon: number;
}

export class Session {
  readonly known: EngineState;
  readonly accounts: Accounts;
  entriesOpen = false;
  readonly #candidates = new Map<Trader, Candidate[]>();
  readonly #planning = new Set<string>();
  readonly #forced = new Map<string, ForceCause>();
  readonly #decisions = new Map<string, DecisionRow>();
  readonly #decisionsTold = new Map<string, { readonly reason: string; readonly atMs: number }>();
  readonly #unwinds = new Map<string, number[]>();
  readonly #work = new Set<Promise<unknown>>();
  #flushing = false;
  #lastReferenceKrw: Decimal | undefined;

  constructor(
    private readonly deps: SessionDeps,
    readonly term: Term,
  ) {
    this.known = new EngineState(deps);
    this.accounts = new Accounts(deps);
  }

  /** Resolves when the term is over and nothing of it runs any more. */
  async run(): Promise<void> {
    const { clock, log, journal, mode } = this.deps;
    const faults = await this.#insist(() => this.known.loadAll());
    if (!faults) return;
    if (faults.length > 0)
      log.warn("strategies that cannot be read are not traded", { faults: faults.slice(0, 20) });
    const unfinished = (await this.#insist(() => journal.unfinished(mode))) ?? [];
    for (const { intent } of unfinished) this.known.running.set(userCoin(intent.userId, intent.coin), intent);
    const begunMs = clock.monotonicMs();
    const recovering = Promise.all(unfinished.map((file) => this.#track(this.#drive(file, undefined))));
    const loops = [
      this.#every(SWITCHES_EVERY_MS, () => this.known.loadSwitches()),
      this.#every(TRADERS_EVERY_MS, async () => {
        await this.known.loadTraders();
        await this.known.loadHandHoldings();
        await this.known.loadLosses();
      }),
      this.#every(SWEEP_EVERY_MS, () => this.#sweep()),
      this.#every(PROJECTIONS_EVERY_MS, () => this.#retryProjections()),
      this.#every(DECISIONS_EVERY_MS, () => this.#keepDecisions()),
      this.#every(FORCE_RETRY_MS, async () => this.#forceAll()),
    ];
    await Promise.race([recovering, this.#over()]);
    if (!this.term.isOver) {
      this.entriesOpen = true;
      log.info("trading", {
        mode,
        positions: this.known.positions.size,
        traders: this.known.traders.length,
        recovered: unfinished.length,
        recoveredMs: Math.round(clock.monotonicMs() - begunMs),
      });
    }
    await this.#over();
    this.entriesOpen = false;
    await Promise.all(loops);
    await Promise.all(this.#work);
  }

  #over(): Promise<void> {
    const { lost } = this.term;
    if (lost.aborted) return Promise.resolve();
    return new Promise((resolve) => lost.addEventListener("abort", () => resolve(), { once: true }));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    void work.catch(() => undefined).finally(() => this.#work.delete(work));
    return work;
  }

  /** Until it succeeds or the term is over. */
  async #insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.term.isOver) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error)) throw error;
        await this.deps.clock.sleep(STORE_RETRY_MS, this.term.lost);
      }
    }
    return undefined;
  }

  async #every(lengthMs: number, work: () => Promise<unknown>): Promise<void> {
    const { clock, log } = this.deps;
    while (!this.term.lost.aborted) {
      await clock.sleep(lengthMs, this.term.lost);
      if (this.term.lost.aborted) return;
      try {
        await work();
      } catch (error) {
        if (error instanceof Fenced) this.term.end();
        else if (!isPassing(error)) log.error("a part of trading failed", { error });
      }
    }
  }

  // --- rates ---------------------------------------------------------------------------------------------------

  /** New rates: who is concerned is noted; planning follows in the next turn, the best of a strategy first. */
  onRows(rows: readonly RateRow[]): void {
    if (this.term.lost.aborted) return;
    const autoTargetJeon = this.#autoTargetJeon();
    for (const row of rows) {
      if (row.reason !== "none") continue;
      const pair = PAIRS[row.pairIndex]!.key;
      this.#screenExit(row, pair);
      if (!this.entriesOpen) continue;
      this.known.screen.screen(row, autoTargetJeon, (trader, rateJeon) => {
        const { strategy } = trader;
        if (strategy.coinMode === "custom" && !strategy.selectedCoins.has(row.coin)) return;
        const list = this.#candidates.get(trader);
        if (list) list.push({ row, pair, rateJeon });
        else this.#candidates.set(trader, [{ row, pair, rateJeon }]);
      });
    }
    if (this.#candidates.size === 0 || this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#plan());
  }

  #plan(): void {
    this.#flushing = false;
    const all = [...this.#candidates];
    this.#candidates.clear();
    for (const [trader, candidates] of all) {
      const name = `user ${trader.userId}`;
      // One running entry per user: whoever is busy looks again at the next rates.
      if (this.#planning.has(name) || this.known.isEntering(trader.userId)) continue;
      this.#planning.add(name);
      candidates.sort((a, b) => a.rateJeon - b.rateJeon);
      const work = this.#enter(trader, candidates.slice(0, CANDIDATES_MAX)).finally(() =>
        this.#planning.delete(name),
      );
      void this.#track(work.catch((error) => this.#failed("entry", error)));
    }
  }

  #autoTargetJeon(): number | undefined {
    const reference = this.referenceKrw();
    if (!reference) return undefined;
    return reference.times(Decimal.ONE.minus(this.deps.decision.autoEntryDiscount)).toFloat() * 100;
  }

  /** The reference price entries may rely on; void when old or far from what all coins say. */
  referenceKrw(): Decimal | undefined {
    const reference = this.deps.reference();
    if (!reference) return undefined;
    const price = Decimal.ofFloat(reference.priceKrw);
    this.#lastReferenceKrw = price;
    if (this.deps.clock.nowMs() - reference.atMs > REFERENCE_AGE_MS_MAX) return undefined;
    const medianJeon = this.#medianJeon();
    if (medianJeon === undefined) return undefined;
    const median = Decimal.of(Math.round(medianJeon)).dividedBy(Decimal.of(100), 2, "half-up");
    const away = price.minus(median).abs().dividedBy(median, 8, "up");
    return away.above(REFERENCE_FROM_MEDIAN_MAX) ? undefined : price;
  }

  #median: { readonly jeon: number | undefined; readonly untilMs: number } | undefined;
  #medianJeon(): number | undefined {
    const nowMs = this.deps.clock.monotonicMs();
    if (!this.#median || this.#median.untilMs <= nowMs) {
      this.#median = { jeon: medianEntryJeon(this.deps.market.table.rows()), untilMs: nowMs + 1_000 };
    }
    return this.#median.jeon;
  }

  // --- entries -------------------------------------------------------------------------------------------------

  async #enter(trader: Trader, candidates: readonly Candidate[]): Promise<void> {
    for (const { row, pair } of candidates) {
      if (!this.entriesOpen || this.term.isOver) return;
      if (this.known.running.has(userCoin(trader.userId, row.coin))) continue;
      const basis = this.known.basis(trader, row.coin, pair, this.referenceKrw());
      const planned = await planEntry({ ...this.deps, accounts: this.accounts }, trader, row, pair, basis);
      this.#decided(
        trader.strategy.strategyId,
        trader.userId,
        row.coin,
        pair,
        planned.ok ? "enter" : "hold",
        planned,
      );
      if (!planned.ok) continue;
      const { intent, books } = planned;
      // Whatever was switched off while it was planned counts.
      if (this.known.entriesOff(trader.userId, row.coin) || !this.term.holds()) return;
      if (!(await this.#store(intent))) continue;
      await this.#drive({ intent, orders: [], fills: [] }, books);
      return;
    }
  }

  // --- exits ---------------------------------------------------------------------------------------------------

  #screenExit(row: RateRow, pair: PairKey): void {
    for (const { position, worthKrw, targetJeon, stopJeon, leaveAtMs } of this.known.watched(
      row.coin,
      pair,
    )) {
      const rateJeon = exitScreenJeon(row, worthKrw);
      const isDue =
        rateJeon >= targetJeon ||
        (stopJeon !== undefined && rateJeon <= stopJeon) ||
        (leaveAtMs !== undefined && this.deps.clock.nowMs() >= leaveAtMs);
      if (isDue) this.#leave(position, undefined);
    }
  }

  /** Leaves a position now; resolves at once. */
  force(userId: number, coin: string, cause: ForceCause): "started" | "running" | "no-position" {
    const key = userCoin(userId, coin);
    if (!this.known.positions.has(key)) return "no-position";
    const isRunning = this.known.running.has(key);
    this.#forced.set(key, cause);
    this.#forceAll();
    return isRunning ? "running" : "started";
  }

  #forceAll(): void {
    for (const [key, cause] of this.#forced) {
      const position = this.known.positions.get(key);
      if (!position) this.#forced.delete(key);
      else this.#leave(position, cause);
    }
  }

  #leave(position: OpenPosition, cause: ForceCause | undefined): void {
    const { userId, coin, pair } = position;
    const key = userCoin(userId, coin);
    const name = `exit ${key} ${pair}`;
    if (this.#planning.has(name) || this.known.running.has(key) || this.term.isOver) return;
    if (cause === undefined && this.known.heldByHand.get(key) === "joined") return;
    this.#planning.add(name);
    const work = this.#exit(position, cause).finally(() => this.#planning.delete(name));
    void this.#track(work.catch((error) => this.#failed("exit", error)));
  }

  async #exit(position: OpenPosition, cause: ForceCause | undefined): Promise<void> {
    const { clock } = this.deps;
    const referenceKrw = this.referenceKrw() ?? this.#lastReferenceKrw;
    const planned = await planExit({ ...this.deps, accounts: this.accounts }, position, {
      forcedBy: cause,
      halted: this.known.halted,
      referenceKrw,
      decisionKey: String(clock.nowMs()),
    });
    const { strategyId, userId, coin, pair } = position;
    this.#decided(strategyId, userId, coin, pair, planned.ok ? "exit" : "hold", planned);
    if (!planned.ok) {
      if (planned.reason === "no-key")
        this.#incident("key", position, "no usable key: the position cannot be left");
      return;
    }
    if (this.term.isOver || this.known.running.has(userCoin(userId, coin))) return;
    const { intent, books } = planned;
    if (!(await this.#store(intent))) return;
    await this.#drive({ intent, orders: [], fills: [] }, books, planned.cause);
  }

  /**
   * Plans an intent. It counts as running from before the write: an answer that is lost leaves a row that nobody drives,
   * and the sweep for such rows must not take one that is about to be driven.
   */
  async #store(intent: Parameters<Journal["plan"]>[0]): Promise<boolean> {
    const key = userCoin(intent.userId, intent.coin);
    this.known.running.set(key, intent);
    let isPlanned = false;
    try {
      isPlanned = (await this.deps.journal.plan(intent, this.term.fence)) === "planned";
      return isPlanned;
    } finally {
      if (!isPlanned) this.known.running.delete(key);
    }
  }

  /** Unfinished intents that nobody drives: planned with a lost answer, or left by a defect. */
  async #sweep(): Promise<void> {
    for (const file of await this.deps.journal.unfinished(this.deps.mode)) {
      const { intentId, userId, coin } = file.intent;
      const key = userCoin(userId, coin);
      if (this.known.running.has(key)) continue;
      this.deps.log.warn("an intent that nobody drove goes on", { intentId });
      this.known.running.set(key, file.intent);
      void this.#track(this.#drive(file, undefined).catch((error) => this.#failed("sweep", error)));
    }
  }

  // --- running -------------------------------------------------------------------------------------------------

  /** Brings an intent to its end, through outages and defects, as long as the term lasts. */
  async #drive(first: IntentFile, books: FreshBooks | undefined, cause?: ExitCause): Promise<void> {
    const { clock, log, journal } = this.deps;
    const { intentId, userId, coin } = first.intent;
    const key = userCoin(userId, coin);
    let file: IntentFile | undefined = first;
    try {
      for (let attempt = 0; !this.term.lost.aborted; attempt++) {
        try {
          if (attempt > 0) {
            file = await journal.file(intentId);
            if (!file || isEnd(file.intent.state)) return;
          }
          const legs = await this.accounts.legs(userId, file!.intent.pair);
          if (!legs) throw new Error(`expected usable keys of user ${userId}, were missing or switched off`);
          const result = await this.#runOnce(file!, legs, attempt === 0 ? books : undefined);
          await this.#ended(file!.intent, result, cause);
          return;
        } catch (error) {
          if (error instanceof TermOver || error instanceof Fenced) {
            this.term.end();
            return;
          }
          if (isPassing(error)) await clock.sleep(STORE_RETRY_MS, this.term.lost);
          else {
            log.error("an intent cannot go on by itself", { intentId, error });
            const detail = error instanceof Error ? error.message : String(error);
            this.#incident(
              error instanceof RangeError ? "defect" : "needs-human",
              first.intent,
              detail,
              intentId,
            );
            await clock.sleep(STUCK_RETRY_MS, this.term.lost);
          }
        }
      }
    } finally {
      await this.#insist(() => this.known.loadPositions()).catch(() => undefined);
      if (this.known.running.get(key)?.intentId === intentId) this.known.running.delete(key);
    }
  }

  async #runOnce(
    file: IntentFile,
    legs: Legs,
    books: FreshBooks | undefined,
  ): Promise<EntryResult | ExitResult> {
    const { journal, market, feeValue, clock, log } = this.deps;
    const { intent } = file;
    const deps = {
      ...{ clock, log, journal, feeValue },
      term: this.term,
      books: this.deps.books,
      incrementAt: (venue: Parameters<MarketView["incrementAt"]>[0], price: Decimal) =>
        market.incrementAt(venue, price),
      onTrouble: ({ kind, why }: { kind: "needs-human" | "slow"; why: string }) => {
        if (kind === "needs-human") this.#incident("needs-human", intent, why, intent.intentId);
        else log.warn("an intent takes long", { intentId: intent.intentId, why });
      },
    };
    if (intent.kind === "entry") return await new EntryRun(deps, legs, file, this.term.fence, books).run();
    const positions = await journal.openPositions(this.deps.mode);
    const position = positions.find(({ positionId }) => String(positionId) === intent.terms.positionId);
    if (!position) throw new RangeError(`expected the position of ${intent.intentId} to be open`);
    const ids = [...new Set(position.parts.map(({ exitIntentId }) => exitIntentId))];
    const earlier = await Promise.all(ids.map(async (id) => (await journal.file(id))!));
    const exitDeps: ExitRunDeps = {
      ...deps,
      referenceKrw: () => this.referenceKrw() ?? this.#lastReferenceKrw,
      fundingUsdt: (of, ofLegs) =>
        fundingOf({ ...this.deps, fence: this.term.fence }, of, ofLegs, intent.terms.overseasSymbol!),
    };
    return await new ExitRun(exitDeps, legs, file, this.term.fence, position, earlier, books).run();
  }

  async #ended(
    intent: IntentRow,
    result: EntryResult | ExitResult,
    cause: ExitCause | undefined,
  ): Promise<void> {
    const { log } = this.deps;
    const { intentId, userId, coin, pair } = intent;
    log.info("intent ended", { intentId, kind: intent.kind, to: result.to, userId, coin, pair });
    this.known.forgetLosses();
    if (result.projectionFault) this.#incident("projection-failed", intent, result.projectionFault, intentId);
    if (result.kind === "entry") await this.#entryEnded(intent, result);
    else await this.#exitEnded(intent, result, cause);
  }

  async #entryEnded(intent: IntentRow, { to, outcome, wasUnwound }: EntryResult): Promise<void> {
    const { userId, coin, pair, mode } = intent;
    const { entry } = outcome;
    if (entry) {
      this.#tell(intent, {
        ...{ kind: "entered", mode, coin, pair },
        qtyCoin: entry.qtyCoin,
        entryRate: averageEntryRate(entry),
        spentKrw: entry.spentKrw,
        receivedUsdt: entry.receivedUsdt,
      });
    }
    if (to === "abandoned") {
      await this.#rest(userId, coin, "entry-empty");
      this.#tell(intent, { kind: "entry-failed", mode, coin, pair, why: "nothing was filled" });
    } else if (wasUnwound && outcome.unwindLossKrw.abs().isPositive) {
      this.#tell(intent, { kind: "unwound", mode, coin, lossKrw: outcome.unwindLossKrw });
      await this.#rest(userId, coin, "unwound");
      await this.#countUnwind(coin);
    }
  }

  async #exitEnded(
    intent: IntentRow,
    { to, outcome }: ExitResult,
    cause: ExitCause | undefined,
  ): Promise<void> {
    const { userId, coin, pair, mode } = intent;
    if (to === "abandoned" || !outcome) return;
    const key = userCoin(userId, coin);
    const forced = this.#forced.get(key);
    this.#tell(intent, {
      ...{ kind: "exited", mode, coin, pair, end: to },
      cause: forced === "guardian" || forced === "short-gone" ? forced : (cause ?? "forced"),
      exitRate: Decimal.of(outcome.row.exitRate),
      profitKrw: outcome.profitKrw,
      profitRatePct: outcome.profitRatePct,
    });
    if (to !== "closed") return;
    this.#forced.delete(key);
    this.known.heldByHand.delete(key);
    await this.#rest(userId, coin, forced === "guardian" || forced === "short-gone" ? "guardian" : "closed");
  }

  async #rest(userId: number, coin: string, cause: CoolingCause): Promise<void> {
    const { clock, state, mode } = this.deps;
    const key = userCoin(userId, coin);
    const before = this.known.cooling.get(key)?.troubles ?? 0;
    const troubles = cause === "closed" ? 0 : cause === "entry-empty" ? before : before + 1;
    const row = { userId, coin, cause, troubles, untilAtMs: clock.nowMs() + coolingMs(cause, before) };
    this.known.cooling.set(key, row);
    await this.#insist(() => state.setCooling(mode, row, this.term.fence));
  }

  async #countUnwind(coin: string): Promise<void> {
    const { clock, state } = this.deps;
    const nowMs = clock.nowMs();
    const recent = (this.#unwinds.get(coin) ?? []).filter((atMs) => nowMs - atMs < UNWINDS_WITHIN_MS);
    recent.push(nowMs);
    this.#unwinds.set(coin, recent);
    if (recent.length < UNWINDS_MAX) return;
    const why = `${recent.length} entries were sold back within five minutes`;
    const change = {
      scope: "coin",
      subject: coin,
      entriesOff: true,
      halted: false,
      why,
      by: "engine",
      atMs: nowMs,
    } as const;
    await this.#insist(() => state.setSwitch(change));
    await this.#insist(() => this.known.loadSwitches());
    this.deps.notifier.tell({
      audience: "operator",
      notice: { kind: "service", what: "symbol-quarantined", detail: `${coin}: ${why}` },
      atMs: nowMs,
      dedupeKey: `quarantined ${coin}`,
    });
  }

  // --- telling -------------------------------------------------------------------------------------------------

  #tell(
    { userId }: { readonly userId: number },
    notice: Parameters<SessionDeps["notifier"]["tell"]>[0]["notice"],
  ): void {
    this.deps.notifier.tell({ audience: { userId }, notice, atMs: this.deps.clock.nowMs() });
  }

  /** Opens an incident: this user's entries stop, and somebody hears of it. Never on the way of an exit. */
  #incident(
    kind: IncidentKind,
    { userId, coin }: { readonly userId: number; readonly coin: string },
    detail: string,
    intentId = "",
  ): void {
    const { clock, log, state, mode, notifier } = this.deps;
    const openedAtMs = clock.nowMs();
    log.error("incident", { kind, userId, coin, intentId, detail });
    for (const audience of [{ userId }, "operator"] as const) {
      const notice = { kind: "incident", what: kind, detail, coin, userId, mode } as const;
      notifier.tell({
        audience,
        notice,
        atMs: openedAtMs,
        dedupeKey: `${kind} ${userId} ${coin} ${intentId}`,
      });
    }
    const incident = { mode, userId, kind, coin, intentId, detail, openedAtMs };
    void this.#track(
      this.#insist(() => state.openIncident(incident, this.term.fence))
        .then(() => this.#insist(() => this.known.loadSwitches()))
        .catch((error) => this.#failed("incident", error)),
    );
  }

  /** For the watch over positions. */
  openIncident(
    kind: IncidentKind,
    of: { readonly userId: number; readonly coin: string },
    detail: string,
  ): void {
    this.#incident(kind, of, detail);
  }

  #failed(what: string, error: unknown): void {
    if (error instanceof Fenced || error instanceof TermOver) this.term.end();
    else if (!isPassing(error)) this.deps.log.error("planning failed", { what, error });
  }

  // --- decisions and projections -------------------------------------------------------------------------------

  #decided(
    strategyId: number,
    userId: number,
    coin: string,
    pair: PairKey,
    action: DecisionRow["action"],
    planned: { readonly ok: boolean; readonly reason?: string; readonly context?: string },
  ): void {
    const atMs = this.deps.clock.nowMs();
    const reason = planned.ok ? action : (planned.reason ?? "unknown");
    const key = `${strategyId} ${coin} ${pair}`;
    const told = this.#decisionsTold.get(key);
    if (told?.reason === reason && atMs - told.atMs < DECISION_AGAIN_MS) return;
    this.#decisionsTold.set(key, { reason, atMs });
    const { mode } = this.deps;
    this.#decisions.set(key, {
      ...{ mode, userId, strategyId, coin, pair, action, reason, atMs },
      context: planned.context ?? "",
    });
  }

  async #keepDecisions(): Promise<void> {
    if (this.#decisions.size === 0) return;
    const rows = [...this.#decisions.values()];
    this.#decisions.clear();
    await this.deps.state.keepDecisions(rows);
  }

  async #retryProjections(): Promise<void> {
    for (const { intentId, projectionFault } of await this.deps.journal.retryProjections(this.term.fence)) {
      this.deps.log.warn("Karbit's row still cannot be written", { intentId, fault: projectionFault });
    }
  }
}
