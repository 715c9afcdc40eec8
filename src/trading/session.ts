// One term of trading: recover what is unfinished, then enter and exit until the lease is over. Built anew for every
// term from the store alone, so that a restart, a takeover and a lost lease are one path.
//
// Order: positions, switches and traders are read; every unfinished intent is brought to its end, or to where it cannot
// go on by itself, which is told and stops that user's entries; only then may entries begin. Exits of other coins begin
// at once.

import { type OverseasVenue, PAIRS, type Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { RateRow } from "../domain/rate-table.ts";
import type { CautionSettings, RiskLimits } from "../domain/risk.ts";
import type { DecisionSettings } from "../domain/strategy.ts";
import type { BookDesk } from "../ports/book-desk.ts";
import type { Clock } from "../ports/clock.ts";
import type { ForcedCloses } from "../ports/forced-closes.ts";
import type { Journal, TradingMode } from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { HandHoldingStore } from "../ports/store.ts";
import type { Log } from "../ports/telemetry.ts";
import type { Tracer } from "../ports/tracing.ts";
import type { IncidentKind, TraderStore, TradingStateStore } from "../ports/traders.ts";
import type { MarketView, UserVenues } from "../ports/trading-desk.ts";
import type { UserEventSink } from "../ports/user-events.ts";
import { Accounts } from "./accounts.ts";
import { EngineState, userCoin } from "./engine-state.ts";
import { EntryDesk } from "./entry-desk.ts";
import { ExitDesk } from "./exit-desk.ts";
import type { TradingCounts } from "./figures.ts";
import { LateFunding } from "./late-funding.ts";
import { Reference } from "./reference.ts";
import type { ExitRunDeps } from "./run-exit.ts";
import { type ForceCause, Runner, type TermParts } from "./runner.ts";
import { type Settled, type SettleWish, settleByHand } from "./settle-by-hand.ts";
import { type OfCoin, Teller } from "./teller.ts";
import { TermWork } from "./term-work.ts";
import type { Term } from "./writer.ts";

export interface SessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly journal: Journal;
  readonly state: TradingStateStore;
  readonly traders: TraderStore;
  readonly forcedCloses: ForcedCloses;
  readonly venues: UserVenues;
  readonly books: BookDesk;
  readonly market: MarketView;
  /** What a venue marks its contracts at now, USDT by symbol. Rejects when it cannot be had. Left out: never known. */
  readonly marks?: (venue: OverseasVenue) => Promise<ReadonlyMap<string, Decimal>>;
  readonly notifier: Notifier;
  /** KRW per USDT and when it was read; undefined when there is none. */
  readonly reference: () => { readonly priceKrw: number; readonly atMs: number } | undefined;
  readonly decision: DecisionSettings;
  readonly limits: RiskLimits;
  readonly caution: CautionSettings;
  /** Takers' fees, ratios, where an account does not tell its own. */
  readonly feeRatios: Readonly<Record<Venue, string>>;
  readonly feeValue: ExitRunDeps["feeValue"];
  readonly handHoldings?: HandHoldingStore;
  /** Left out: nobody is told as it happens. */
  readonly events?: UserEventSink;
  /** Left out: intents leave no traces. */
  readonly tracer?: Tracer | undefined;
  /** Added to. */
  readonly counts?: TradingCounts;
}

export type { ForceCause } from "./runner.ts";

const SWITCHES_EVERY_MS = 500;
const TRADERS_EVERY_MS = 3_000;
const PROJECTIONS_EVERY_MS = 60_000;
const SWEEP_EVERY_MS = 10_000;
const DECISIONS_EVERY_MS = 1_000;
const EXITS_EVERY_MS = 1_000;
const FUNDING_EVERY_MS = 10_000;
const DRAIN_LOOK_MS = 100;

export class Session {
  readonly known: EngineState;
  readonly accounts: Accounts;
  /** Positions are known: before that nothing can be said about them. */
  isLoaded = false;
  readonly #work: TermWork;
  readonly #teller: Teller;
  readonly #runner: Runner;
  readonly #entries: EntryDesk;
  readonly #exits: ExitDesk;
  readonly #parts: TermParts;

  constructor(
    private readonly deps: SessionDeps,
    readonly term: Term,
  ) {
    this.known = new EngineState({
      ...deps,
      onBroken: (position, why) => this.#teller.incident("defect", position, why),
    });
    this.accounts = new Accounts(deps);
    this.#work = new TermWork(deps.clock, term);
    this.#teller = new Teller(deps, this.known, this.#work);
    const parts: TermParts = {
      ...{ known: this.known, accounts: this.accounts, teller: this.#teller, work: this.#work },
      reference: new Reference(deps),
    };
    this.#parts = parts;
    this.#runner = new Runner(deps, parts);
    this.#entries = new EntryDesk(deps, parts, this.#runner);
    this.#exits = new ExitDesk(deps, parts, this.#runner);
  }

  get entriesOpen(): boolean {
    return this.#entries.isOpen;
  }

  /** Resolves when the term is over and nothing of it runs any more. */
  async run(): Promise<void> {
    const { clock, log, journal, mode } = this.deps;
    const faults = await this.#work.insist(() => this.known.loadAll());
    if (!faults) return;
    this.#tellFaults(faults);
    const unfinished = (await this.#work.insist(() => journal.unfinished(mode))) ?? [];
    for (const { intent } of unfinished) this.known.running.set(userCoin(intent.userId, intent.coin), intent);
    await this.#runner.quarantine();
    this.isLoaded = true;
    const begunMs = clock.monotonicMs();
    const recovering = Promise.all(unfinished.map((file) => this.#runner.recover(file)));
    const lateFunding = new LateFunding({ ...this.deps, accounts: this.accounts, work: this.#work });
    const loops = [
      this.#every(SWITCHES_EVERY_MS, () => this.known.loadSwitches()),
      this.#every(SWITCHES_EVERY_MS, () => this.#takeWishes()),
      this.#every(TRADERS_EVERY_MS, async () => {
        this.#tellFaults(await this.known.loadTraders());
        await this.known.loadLosses();
        await this.known.loadHandHoldings();
      }),
      this.#every(SWEEP_EVERY_MS, () => this.#runner.sweep()),
      this.#every(PROJECTIONS_EVERY_MS, () => this.#retryProjections()),
      this.#every(DECISIONS_EVERY_MS, () => this.#teller.keepDecisions()),
      this.#every(EXITS_EVERY_MS, async () => this.#exits.retry()),
      this.#every(FUNDING_EVERY_MS, () => lateFunding.look()),
    ];
    await Promise.race([recovering, this.#work.over()]);
    if (!this.term.isOver && !this.#exits.isClosed) {
      this.#entries.isOpen = true;
      log.info("trading", {
        mode,
        positions: this.known.positions.size,
        traders: this.known.traders.length,
        recovered: unfinished.length,
        recoveredMs: Math.round(clock.monotonicMs() - begunMs),
      });
    }
    await this.#work.over();
    this.#entries.isOpen = false;
    await Promise.all(loops);
    await this.#work.settled();
  }

  async #every(lengthMs: number, work: () => Promise<unknown>): Promise<void> {
    const { lost } = this.term;
    while (!lost.aborted) {
      await this.deps.clock.sleep(lengthMs, lost);
      if (lost.aborted) return;
      await work().catch((error) => this.#teller.failed("upkeep", error));
    }
  }

  /** New rates: who is concerned is noted; planning follows in the next turn. Never waits. */
  onRows(rows: readonly RateRow[]): void {
    if (!this.isLoaded || this.term.lost.aborted) return;
    const autoTargetJeon = this.#entries.autoTargetJeon();
    for (const row of rows) {
      const pair = PAIRS[row.pairIndex]!.key;
      this.#exits.onRow(row, pair);
      this.#entries.onRow(row, pair, autoTargetJeon);
    }
  }

  /** Leaves a position now; resolves at once. */
  force(userId: number, coin: string, cause: ForceCause): ReturnType<ExitDesk["force"]> {
    return this.#exits.force(userId, coin, cause);
  }

  /** Records what its user got for a position whose market is gone; undefined: the term is being handed over. */
  async settle(wish: SettleWish): Promise<Settled | undefined> {
    if (this.#exits.isClosed || this.term.isOver) return undefined;
    return await settleByHand(this.deps, this.#parts, this.#runner, wish);
  }

  /** Begins nothing more; resolves when nothing runs any more, or after so long. */
  async drain(withinMs: number): Promise<void> {
    const { clock } = this.deps;
    this.#entries.isOpen = false;
    this.#exits.isClosed = true;
    const untilMs = clock.monotonicMs() + withinMs;
    while (this.known.running.size > 0 && clock.monotonicMs() < untilMs && !this.term.isOver) {
      await clock.sleep(DRAIN_LOOK_MS, this.term.lost);
    }
  }

  /** For the watch over positions. */
  openIncident(kind: IncidentKind, of: OfCoin, detail: string): void {
    this.#teller.incident(kind, of, detail);
  }

  /** What was asked of another process, or of one that is gone. */
  async #takeWishes(): Promise<void> {
    this.#exits.wish(await this.deps.forcedCloses.open(this.deps.mode));
  }

  #tellFaults(faults: readonly string[]): void {
    if (faults.length === 0) return;
    this.deps.log.warn("strategies that cannot be read are not traded", { faults: faults.slice(0, 20) });
  }

  async #retryProjections(): Promise<void> {
    for (const { intentId, projectionFault } of await this.deps.journal.retryProjections(this.term.fence)) {
      this.deps.log.warn("Karbit's row still cannot be written", { intentId, fault: projectionFault });
    }
  }
}
