// Who enters what: new rates are screened against every strategy, and each strategy's candidates are tried one after the
// other, the lowest rate net of fees first, one entry of a user at a time.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import type { RateRow } from "../domain/rate-table.ts";
import { tellDecision } from "../ports/tracing.ts";
import type { Trader } from "../ports/traders.ts";
import { userCoin } from "./engine-state.ts";
import type { Candidate, Entrant } from "./entrant.ts";
import { type PlannedEntry, planEntry } from "./plan-entry.ts";
import type { Runner, TermParts } from "./runner.ts";
import type { SessionDeps } from "./session.ts";

/** Candidates of one strategy whose venues are asked on one occasion. */
const ASKED_MAX = 3;
/** One that was asked about in vain lets others go first for so long. */
const PASSED_OVER_MS = 30_000;
const PASSED_OVER_MAX = 20_000;
/** Those that hold all they may are told so again after this, so many at a time, behind everybody who may enter. */
const FULL_AGAIN_MS = 30_000;
const FULL_AT_ONCE = 20;
const FULL_LATER_MS = 50;
/** Reasons that hold for every coin of a strategy. */
const OF_ALL_COINS: ReadonlySet<string> = new Set(["incident-open", "no-reference", "division-used-up"]);

/** What the user alone can mend; a target met in vain for such a reason is a message now and then. */
const OF_THE_ACCOUNT: ReadonlySet<string> = new Set([
  "krw-short",
  "margin-short",
  "no-key",
  "mode-unfit",
  "leverage-unfit",
]);
const MISSED_AGAIN_MS = 3_600_000;

type Held = Extract<PlannedEntry, { readonly ok: false }>;

export class EntryDesk {
  /** False until what was unfinished at the start of the term is settled, and after its end. */
  isOpen = false;
  #concerned: Entrant[] = [];
  #fullLeft = FULL_AT_ONCE;
  /** Users an entry is being planned for. */
  readonly #planning = new Set<number>();
  readonly #passedOver = new Map<string, number>();
  /** When a user was last told of a target missed, monotonic, by user and reason. */
  readonly #missedTold = new Map<string, number>();
  #isFlushing = false;

  constructor(
    private readonly deps: SessionDeps,
    private readonly parts: TermParts,
    private readonly runner: Runner,
  ) {}

  autoTargetJeon(): number | undefined {
    const reference = this.parts.reference.valid();
    if (!reference) return undefined;
    return reference.times(Decimal.ONE.minus(this.deps.decision.autoEntryDiscount)).toFloat() * 100;
  }

  /** Notes who is concerned; planning follows in the next turn, when all rows of this one are known. */
  onRow(row: RateRow, pair: PairKey, autoTargetJeon: number | undefined): void {
    if (!this.isOpen || row.reason !== "none") return;
    this.parts.known.screen.screen(row, autoTargetJeon, (entrant, rateJeon) => {
      const { strategy } = entrant;
      if (strategy.coinMode === "custom" && !strategy.selectedCoins.has(row.coin)) return;
      if (!entrant.isConcerned) this.#concern(entrant);
      if (!entrant.isAside) entrant.note({ row, pair, rateJeon });
    });
    if (this.#concerned.length === 0 || this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#plan());
  }

  /** The first of this moment that meets its target. */
  #concern(entrant: Entrant): void {
    entrant.isConcerned = true;
    entrant.isFull = this.parts.known.isFull(entrant.trader);
    this.#concerned.push(entrant);
    if (!entrant.isFull) return;
    const nowMs = this.deps.clock.monotonicMs();
    entrant.isAside = this.#fullLeft === 0 || nowMs - entrant.toldFullMs < FULL_AGAIN_MS;
    if (entrant.isAside) return;
    this.#fullLeft--;
    entrant.toldFullMs = nowMs;
  }

  #plan(): void {
    this.#isFlushing = false;
    this.#fullLeft = FULL_AT_ONCE;
    const concerned = this.#concerned;
    this.#concerned = [];
    const full: Entrant[] = [];
    for (const entrant of concerned) {
      if (entrant.isAside) entrant.take();
      else if (entrant.isFull) full.push(entrant);
      else this.#planFor(entrant.trader, entrant.take());
    }
    if (full.length > 0) void this.parts.work.track(this.#planLater(full));
  }

  /** Nothing will be sent for these: they are told why once the orders of this moment have left. */
  async #planLater(full: readonly Entrant[]): Promise<void> {
    const noted = full.map((entrant) => [entrant.trader, entrant.take()] as const);
    await this.deps.clock.sleep(FULL_LATER_MS, this.parts.work.term.lost);
    if (this.parts.work.term.isOver) return;
    for (const [trader, candidates] of noted) this.#planFor(trader, candidates);
  }

  #planFor(trader: Trader, candidates: readonly Candidate[]): void {
    const { known, work, teller } = this.parts;
    const { userId } = trader;
    // One running entry per user: whoever is busy looks again at the next rates.
    if (this.#planning.has(userId) || known.isEntering(userId)) return;
    this.#planning.add(userId);
    const entering = this.#enter(trader, this.#inOrder(trader, candidates)).finally(() =>
      this.#planning.delete(userId),
    );
    void work.track(entering.catch((error) => teller.failed("entry", error)));
  }

  #inOrder(trader: Trader, candidates: readonly Candidate[]): readonly Candidate[] {
    const nowMs = this.deps.clock.monotonicMs();
    const feeFactors = this.parts.accounts.entryFeeFactors(trader.userId);
    const ranked = candidates.map((candidate) => ({
      candidate,
      wasPassedOver:
        this.#passedOver.size > 0 && (this.#passedOver.get(nameOf(trader, candidate)) ?? 0) > nowMs,
      netJeon: candidate.rateJeon * feeFactors[candidate.row.pairIndex]!,
    }));
    ranked.sort((a, b) => Number(a.wasPassedOver) - Number(b.wasPassedOver) || a.netJeon - b.netJeon);
    return ranked.map(({ candidate }) => candidate);
  }

  async #enter(trader: Trader, candidates: readonly Candidate[]): Promise<void> {
    const { known, work } = this.parts;
    const { userId } = trader;
    /** Of each coin what holds on the pair it is held on, else on the best one. */
    const reasons = new Map<string, Held & Pick<Candidate, "pair">>();
    let asked = 0;
    for (const candidate of candidates) {
      const { coin } = candidate.row;
      if (!this.isOpen || work.term.isOver) break;
      if (known.running.has(userCoin(userId, coin))) continue;
      const begunAtMs = this.deps.clock.nowMs();
      const planned = await this.#planOne(trader, candidate);
      if (planned.ok) {
        reasons.delete(coin);
        this.#tell(trader, reasons);
        tellDecision(this.deps.tracer, planned.intent, begunAtMs);
        return await this.#begin(trader, candidate, planned);
      }
      const isOwnPair = known.positions.get(userCoin(userId, coin))?.pair === candidate.pair;
      if (isOwnPair || !reasons.has(coin)) reasons.set(coin, { ...planned, pair: candidate.pair });
      if (planned.wasAsked) this.#passOver(nameOf(trader, candidate));
      if (planned.wasAsked && ++asked >= ASKED_MAX) break;
      if (OF_ALL_COINS.has(planned.reason) || known.entriesOff(userId, "")) break;
    }
    this.#tell(trader, reasons);
  }

  #planOne(trader: Trader, { row, pair }: Candidate): Promise<PlannedEntry> {
    const { known, accounts, reference } = this.parts;
    const { userId } = trader;
    const key = userCoin(userId, row.coin);
    const ends = known.endsOf(key);
    return planEntry({ ...this.deps, accounts }, trader, row, pair, {
      basis: () => known.basis(trader, row.coin, pair, reference.valid()),
      taken: (booksAtMs) => known.taken(row.coin, pair, booksAtMs),
      // From here on it counts, for this user and for the limits of all.
      take: (intent) => {
        if (known.running.has(key) || known.isEntering(userId) || known.endsOf(key) !== ends) return false;
        known.running.set(key, intent);
        return true;
      },
    });
  }

  async #begin(
    { userId, strategy }: Trader,
    { row, pair }: Candidate,
    { intent, books }: Extract<PlannedEntry, { readonly ok: true }>,
  ): Promise<void> {
    const { known, work, teller } = this.parts;
    // Whatever was switched off while it was planned counts.
    if (!this.isOpen || known.entriesOff(userId, row.coin) || !work.term.holds()) {
      known.running.delete(userCoin(userId, row.coin));
      return;
    }
    const { strategyId } = strategy;
    const decision = { action: "enter", reason: "enter", context: intent.reason } as const;
    const breakEven = () => this.#breakEven(userId, row.coin, pair);
    teller.decided({ ...{ strategyId, userId, pair, breakEven }, coin: row.coin, ...decision });
    await this.runner.begin(intent, books);
  }

  #tell({ userId, strategy }: Trader, reasons: ReadonlyMap<string, Held & Pick<Candidate, "pair">>): void {
    const { strategyId } = strategy;
    for (const [coin, { pair, reason, context }] of reasons) {
      const breakEven = () => this.#breakEven(userId, coin, pair);
      this.parts.teller.decided({
        strategyId,
        userId,
        coin,
        pair,
        action: "hold",
        reason,
        context,
        breakEven,
      });
      if (OF_THE_ACCOUNT.has(reason)) this.#tellMissed(userId, coin, pair, reason);
    }
  }

  /** Of all coins one: with an empty account many meet their target at once. */
  #tellMissed(userId: number, coin: string, pair: PairKey, why: string): void {
    const key = `${userId} ${why}`;
    const nowMs = this.deps.clock.monotonicMs();
    if (nowMs - (this.#missedTold.get(key) ?? Number.NEGATIVE_INFINITY) < MISSED_AGAIN_MS) return;
    this.#missedTold.set(key, nowMs);
    const notice = { kind: "entry-failed", mode: this.deps.mode, coin, pair, why } as const;
    this.parts.teller.tell(userId, notice, `entry-failed ${why}`);
  }

  #breakEven(userId: number, coin: string, pair: PairKey): Decimal | undefined {
    return this.parts.accounts.breakEven(userId, pair, this.deps.market.facts(coin, pair));
  }

  #passOver(name: string): void {
    if (this.#passedOver.size >= PASSED_OVER_MAX) this.#passedOver.clear();
    this.#passedOver.set(name, this.deps.clock.monotonicMs() + PASSED_OVER_MS);
  }
}

function nameOf({ strategy }: Trader, { row, pair }: Candidate): string {
  return `${strategy.strategyId} ${row.coin} ${pair}`;
}
