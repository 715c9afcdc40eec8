// Intents from their plan to their end, and what an end brings with it: rests, notices, quarantine. One intent runs per
// user and coin; it counts as running from before its row is written, so that whoever plans next counts it.

import { Decimal } from "../domain/decimal.ts";
import { EXIT_CAUSES, type ExitCause } from "../domain/decision.ts";
import { isEnd } from "../domain/intent.ts";
import { legTermsOf } from "../domain/intent-terms.ts";
import { type ExitNoticeCause, SETTLED_BY_HAND } from "../domain/notice.ts";
import type { Trouble } from "../domain/notice-words.ts";
import { averageEntryRate } from "../domain/position.ts";
import { type CoolingCause, coolingMs } from "../domain/risk.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { FreshBooks } from "../ports/book-desk.ts";
import { Fenced, type IntentFile, type IntentRow, type Journal } from "../ports/journal.ts";
import type { MarketView } from "../ports/trading-desk.ts";
import type { Accounts } from "./accounts.ts";
import { type EngineState, userCoin } from "./engine-state.ts";
import { countOne } from "./figures.ts";
import { fundingOf } from "./funding.ts";
import { IntentRecord } from "./intent-record.ts";
import type { Reference } from "./reference.ts";
import { type EntryResult, EntryRun, type RunDeps } from "./run-entry.ts";
import { type ExitResult, ExitRun, type ExitRunDeps } from "./run-exit.ts";
import { type Legs, TermOver } from "./run-order.ts";
import type { SessionDeps } from "./session.ts";
import { silentLegs } from "./settle-by-hand.ts";
import type { Teller } from "./teller.ts";
import type { TermWork } from "./term-work.ts";

/** What the parts of one term share. */
export interface TermParts {
  readonly known: EngineState;
  readonly accounts: Accounts;
  readonly reference: Reference;
  readonly teller: Teller;
  readonly work: TermWork;
}

/** Why a position is left whatever its terms say. */
export type ForceCause = "user" | "operator" | "guardian" | "short-gone";

const STORE_RETRY_MS = 1_000;
const STUCK_RETRY_MS = 30_000;

export class Runner {
  /** By user and coin: what a position is to be left for, also while something of it still runs. */
  readonly forced = new Map<string, ForceCause>();
  /** Those recovered, by intent: called when one cannot go on by itself. */
  readonly #onStuck = new Map<string, () => void>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly parts: TermParts,
  ) {}

  /** Plans an intent and runs it to its end; false when it was not to be had. The coin must not be running. */
  async begin(intent: Parameters<Journal["plan"]>[0], books: FreshBooks | undefined): Promise<boolean> {
    const { known, work } = this.parts;
    const key = userCoin(intent.userId, intent.coin);
    known.running.set(key, intent);
    let isOurs = false;
    try {
      isOurs = (await this.deps.journal.plan(intent, work.term.fence)) === "planned";
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Perhaps it is stored all the same, and then nobody else would run it.
      const file = await work.insist(() => this.deps.journal.file(intent.intentId));
      if (file && !isEnd(file.intent.state)) {
        isOurs = true;
        await this.#drive(file, undefined);
        return true;
      }
    } finally {
      if (!isOurs && known.running.get(key) === intent) known.running.delete(key);
    }
    if (isOurs) await this.#drive({ intent, orders: [], fills: [] }, books);
    return isOurs;
  }

  /**
   * Goes on with what a term before has begun. Resolves at its end, or once it cannot go on by itself: that is told,
   * and nobody else waits for it.
   */
  async recover(file: IntentFile): Promise<void> {
    const { teller, work } = this.parts;
    const { intent } = file;
    const stuck = Promise.withResolvers<void>();
    this.#onStuck.set(intent.intentId, stuck.resolve);
    if (intent.state === "needs-human") {
      // Told again: who told it first may have died before that was stored.
      teller.incident("needs-human", intent, intent.needsHumanWhy ?? "no reason given", intent.intentId);
      stuck.resolve();
    }
    const end = work.track(this.#drive(file, undefined));
    await Promise.race([end, stuck.promise]);
  }

  /** Unfinished intents that nobody runs: left by a defect. */
  async sweep(): Promise<void> {
    const { known, work, teller } = this.parts;
    const { journal, mode, log } = this.deps;
    for (const { intent } of await journal.unfinished(mode)) {
      const key = userCoin(intent.userId, intent.coin);
      if (known.running.has(key)) continue;
      known.running.set(key, intent);
      // Once more: it may have ended while all of them were read.
      const file = await work.insist(() => journal.file(intent.intentId));
      if (file && !isEnd(file.intent.state)) {
        log.warn("an intent that nobody ran goes on", { intentId: intent.intentId });
        void work.track(this.#drive(file, undefined).catch((error) => teller.failed("sweep", error)));
      } else if (known.running.get(key) === intent) known.running.delete(key);
    }
  }

  /** Brings an intent to its end, through outages and defects, as long as the term lasts. */
  async #drive(first: IntentFile, books: FreshBooks | undefined): Promise<void> {
    const { clock, log, journal } = this.deps;
    const { known, accounts, work } = this.parts;
    const { intentId, decisionId, kind, state, userId, coin, pair } = first.intent;
    const key = userCoin(userId, coin);
    let file: IntentFile = first;
    // The decision's id begins with the tick it was taken on.
    const told = { intentId, decisionId, kind, state, userId, coin, pair };
    log.info(state === "planned" ? "intent begun" : "intent goes on", told);
    // Until a run knows better; it may never come to one, when the keys are gone.
    known.progress.set(intentId, () => new IntentRecord(this.deps, work.term.fence, file).progress());
    try {
      for (let attempt = 0; !work.term.lost.aborted; attempt++) {
        try {
          if (attempt > 0) {
            const found = await journal.file(intentId);
            if (!found || isEnd(found.intent.state)) return;
            file = found;
          }
          if (this.#isStale(file.intent, attempt === 0 && books !== undefined)) {
            const move = { intentId, from: "planned", to: "abandoned", atMs: clock.nowMs() } as const;
            await journal.move(move, work.term.fence);
            countOne(this.deps.counts?.ended, "entry abandoned");
            log.info("an entry was not begun", { intentId, userId, coin });
            return;
          }
          const opened = await accounts.legs(userId, pair, { evenSwitchedOff: true });
          // Whoever has closed both legs himself may have no key any more, and nothing is to be sent.
          const legs = file.intent.terms.settled ? silentLegs(pair, opened) : opened;
          if (!legs)
            throw new Error(`expected usable keys of user ${userId}, were missing or not to be read`);
          const result = await this.#runOnce(file, legs, attempt === 0 ? books : undefined);
          await this.#ended(file.intent, result);
          return;
        } catch (error) {
          if (error instanceof TermOver || error instanceof Fenced) return work.term.end();
          if (isPassing(error)) await clock.sleep(STORE_RETRY_MS, work.term.lost);
          else {
            log.error("an intent cannot go on by itself", { intentId, error });
            const detail = error instanceof Error ? error.message : String(error);
            this.#trouble(file.intent, error instanceof RangeError ? "defect" : "needs-human", detail);
            await clock.sleep(STUCK_RETRY_MS, work.term.lost);
          }
        }
      }
    } finally {
      known.forgetLosses();
      await work
        .insist(() => Promise.all([known.loadPositions(userId), known.loadLosses()]))
        .catch(() => undefined);
      known.noteEnd(key);
      if (known.running.get(key)?.intentId === intentId) known.running.delete(key);
      known.progress.delete(intentId);
      this.#onStuck.delete(intentId);
    }
  }

  /** An entry that has sent nothing begins at once, on the books it was planned on and with entries on, or not at all. */
  #isStale(intent: IntentRow, isFresh: boolean): boolean {
    if (intent.kind !== "entry" || intent.state !== "planned") return false;
    return !isFresh || this.#isStopped(intent);
  }

  #isStopped({ userId, coin }: IntentRow): boolean {
    const { known } = this.parts;
    return known.entriesOff(userId, coin) || known.hasIncident(userId);
  }

  #trouble(intent: IntentRow, kind: "needs-human" | "defect", why: string): void {
    this.parts.teller.incident(kind, intent, why, intent.intentId);
    this.#onStuck.get(intent.intentId)?.();
  }

  async #runOnce(
    file: IntentFile,
    legs: Legs,
    books: FreshBooks | undefined,
  ): Promise<EntryResult | ExitResult> {
    const { journal, market, feeValue, clock, log, mode } = this.deps;
    const { reference, work, known } = this.parts;
    const { intent } = file;
    const { term } = work;
    const deps = {
      ...{ clock, log, journal, feeValue, term },
      books: this.deps.books,
      incrementAt: (venue: Parameters<MarketView["incrementAt"]>[0], price: Decimal) =>
        market.incrementAt(venue, price),
      onTrouble: ({ kind, why }: Parameters<RunDeps["onTrouble"]>[0]) => {
        if (kind !== "closed-outside") return this.#trouble(intent, "needs-human", why);
        log.warn("closed outside our orders", { intentId: intent.intentId, why });
      },
    };
    if (intent.kind === "entry") {
      const mayBuy = () => !this.#isStopped(intent);
      const run = new EntryRun({ ...deps, mayBuy }, legs, file, term.fence, books);
      known.progress.set(intent.intentId, () => run.progress());
      return await run.run();
    }
    const positions = await journal.openPositions(mode, intent.userId);
    const position = positions.find(({ positionId }) => String(positionId) === intent.terms.positionId);
    if (!position) {
      const now = await journal.file(intent.intentId);
      // A newer writer has ended it while this process stood still.
      if (now && isEnd(now.intent.state)) throw new TermOver(`${intent.intentId} was ended by somebody else`);
      throw new RangeError(`expected the position of ${intent.intentId} to be open`);
    }
    const ids = [...new Set(position.parts.map(({ exitIntentId }) => exitIntentId))];
    const earlier = await Promise.all(ids.map(async (id) => (await journal.file(id))!));
    const exitDeps: ExitRunDeps = {
      ...deps,
      reference: () => {
        const market = reference.lastValid();
        const priceKrw = market ?? Decimal.of(intent.terms.referenceKrw!);
        const ageMs = reference.lastAgeMs() ?? clock.nowMs() - intent.plannedAtMs;
        const words = `${priceKrw} KRW a USDT by the ${market ? "market" : "plan"}, ${ageMs} ms old`;
        log.info("an exit is settled", { intentId: intent.intentId, by: words });
        return { priceKrw, words };
      },
      fundingUsdt: async (of, ofLegs) =>
        (await work.insist(() =>
          fundingOf({ ...this.deps, fence: term.fence }, of, ofLegs, intent.terms.overseasSymbol!),
        )) ?? Decimal.ZERO,
    };
    const run = new ExitRun(exitDeps, legs, file, term.fence, position, earlier, books);
    known.progress.set(intent.intentId, () => run.progress());
    return await run.run();
  }

  // --- ends ----------------------------------------------------------------------------------------------------

  async #ended(intent: IntentRow, result: EntryResult | ExitResult): Promise<void> {
    const { intentId, userId, coin, pair, kind } = intent;
    this.deps.log.info("intent ended", { intentId, kind, to: result.to, userId, coin, pair });
    countOne(this.deps.counts?.ended, `${kind} ${result.to}`);
    const { projectionFault } = result;
    if (projectionFault) this.parts.teller.incident("projection-failed", intent, projectionFault, intentId);
    if (result.kind === "entry") await this.#entryEnded(intent, result);
    else await this.#exitEnded(intent, result);
  }

  async #entryEnded(intent: IntentRow, { to, outcome, wasUnwound }: EntryResult): Promise<void> {
    const { teller } = this.parts;
    const { userId, coin, pair, mode } = intent;
    const { entry } = outcome;
    if (to === "hedged" && entry) {
      const { leverage, referenceKrw } = legTermsOf(intent.terms);
      teller.tell(userId, {
        ...{ kind: "entered", mode, coin, pair },
        qtyCoin: entry.qtyCoin,
        entryRate: averageEntryRate(entry),
        spentKrw: entry.spentKrw,
        receivedUsdt: entry.receivedUsdt,
        ...{ leverage, referenceKrw },
      });
    }
    if (wasUnwound && !outcome.unwindLossKrw.isZero) {
      teller.tell(userId, { kind: "unwound", mode, coin, lossKrw: outcome.unwindLossKrw });
      await this.#rest(userId, coin, "unwound");
      await this.quarantine(coin);
    } else if (to !== "hedged") {
      const why: Trouble = to === "abandoned" ? "nothing-filled" : "too-little-filled";
      const notice = { kind: "entry-failed", mode, coin, pair, why } as const;
      // A coin that nobody sells at its price fails again after each rest.
      teller.tell(userId, notice, `entry-failed ${coin} ${pair} ${to}`);
      await this.#rest(userId, coin, "entry-empty");
    }
  }

  async #exitEnded(intent: IntentRow, { to, outcome }: ExitResult): Promise<void> {
    const { teller, known } = this.parts;
    const { userId, coin, pair, mode } = intent;
    if (to === "abandoned" || !outcome) return;
    const key = userCoin(userId, coin);
    // He may have asked for it before, in vain.
    const forced = intent.reason === SETTLED_BY_HAND ? undefined : this.forced.get(key);
    const cause = noticeCauseOf(forced ?? intent.reason);
    teller.tell(userId, {
      ...{ kind: "exited", mode, coin, pair, end: to, cause },
      entryRate: Decimal.of(outcome.row.entryRate),
      exitRate: Decimal.of(outcome.row.exitRate),
      referenceKrw: Decimal.of(outcome.row.usdtPrice),
      profitKrw: outcome.profitKrw,
      profitRatePct: outcome.profitRatePct,
    });
    if (to !== "closed") return;
    this.forced.delete(key);
    known.heldByHand.delete(key);
    await this.#rest(userId, coin, cause === "guardian" || cause === "short-gone" ? "guardian" : "closed");
  }

  /** What already rests longer goes on resting so long. */
  async #rest(userId: number, coin: string, cause: CoolingCause): Promise<void> {
    const { clock, state, mode, caution } = this.deps;
    const { known, work } = this.parts;
    const key = userCoin(userId, coin);
    const held = known.cooling.get(key);
    const before = held?.troubles ?? 0;
    const troubles = cause === "closed" ? 0 : cause === "entry-empty" ? before : before + 1;
    const untilAtMs = Math.max(clock.nowMs() + coolingMs(cause, before, caution), held?.untilAtMs ?? 0);
    const row = { userId, coin, cause, troubles, untilAtMs };
    known.cooling.set(key, row);
    await work.insist(() => state.setCooling(mode, row, work.term.fence));
  }

  /** Coins, or this one, sold back too often of late, counted in the journal, so that a restart forgets none. */
  async quarantine(only?: string): Promise<void> {
    const { clock, journal, mode, caution } = this.deps;
    const { known, work } = this.parts;
    const sinceMs = clock.nowMs() - caution.unwindsWithinMs;
    const counts = await work.insist(() => journal.unwindsSince(mode, sinceMs));
    for (const [coin, count] of counts ?? []) {
      const isOff = known.switches.some(
        ({ scope, subject, entriesOff }) => scope === "coin" && subject === coin && entriesOff,
      );
      if (count >= caution.unwindsMax && !isOff && (only ?? coin) === coin)
        await this.#switchOff(coin, count);
    }
  }

  async #switchOff(coin: string, count: number): Promise<void> {
    const { clock, state, caution } = this.deps;
    const { known, work, teller } = this.parts;
    const atMs = clock.nowMs();
    const why = `${"sold-back-often" satisfies Trouble}: ${count} / ${caution.unwindsWithinMs / 1_000} s`;
    const change = { scope: "coin", subject: coin, entriesOff: true, halted: false, why, atMs } as const;
    await work.insist(() => state.setSwitch({ ...change, by: "engine" }));
    await work.insist(() => known.loadSwitches());
    const notice = { kind: "service", what: "symbol-quarantined", detail: `${coin}: ${why}` } as const;
    teller.tellOperator(notice, `quarantined ${coin}`);
  }
}

/** An exit's reason is what forced it or what it was due for. */
function noticeCauseOf(reason: string): ExitNoticeCause {
  if (reason === "guardian" || reason === "short-gone" || reason === SETTLED_BY_HAND) return reason;
  return EXIT_CAUSES.find((cause): cause is ExitCause => cause === reason) ?? "forced";
}
