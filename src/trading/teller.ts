// What a term tells: notices to users and operators, incidents, the last decision about each coin. Nothing here is
// waited for by an entry or an exit.

import type { PairKey } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import { decisionNote } from "../domain/decision-note.ts";
import type { Notice } from "../domain/notice.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import { Fenced, type TradingMode } from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Log } from "../ports/telemetry.ts";
import type { DecisionRow, IncidentKind, TradingStateStore } from "../ports/traders.ts";
import type { UserEventSink } from "../ports/user-events.ts";
import type { EngineState } from "./engine-state.ts";
import { countOne, type TradingCounts } from "./figures.ts";
import { TermOver } from "./run-order.ts";
import type { TermWork } from "./term-work.ts";

export interface TellerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly state: TradingStateStore;
  readonly notifier: Notifier;
  readonly events?: UserEventSink;
  readonly counts?: Pick<TradingCounts, "decisions">;
}

/** Somebody's coin. */
export interface OfCoin {
  readonly userId: number;
  readonly coin: string;
}

export interface Told {
  readonly strategyId: number;
  readonly userId: number;
  readonly coin: string;
  readonly pair: PairKey;
  readonly action: DecisionRow["action"];
  readonly reason: string;
  readonly context: string;
  /** Ratio of the round trip as it is expected; asked only for a decision that is kept. */
  readonly breakEven: () => Decimal | undefined;
}

const DECISION_AGAIN_MS = 60_000;
const TOLD_MAX = 100_000;

export class Teller {
  readonly #decisions = new Map<string, DecisionRow>();
  readonly #decisionsTold = new Map<string, { readonly reason: string; readonly atMs: number }>();
  /** What users were told last, by strategy and coin: the same again is no event. */
  readonly #eventsTold = new Map<string, string>();
  /** Incidents on their way into the store. */
  readonly #opening = new Set<string>();

  constructor(
    private readonly deps: TellerDeps,
    private readonly known: EngineState,
    private readonly work: TermWork,
  ) {}

  /** With a key: what may come again and again is told now and then. */
  tell(userId: number, notice: Notice, dedupeKey?: string): void {
    const atMs = this.deps.clock.nowMs();
    this.deps.notifier.tell({ audience: { userId }, notice, atMs, ...(dedupeKey && { dedupeKey }) });
  }

  tellOperator(notice: Notice, dedupeKey: string): void {
    this.deps.notifier.tell({ audience: "operator", notice, atMs: this.deps.clock.nowMs(), dedupeKey });
  }

  /**
   * Opens an incident: this user's entries stop, and somebody hears of it. One that is open is not told again, however
   * often it is met.
   */
  incident(kind: IncidentKind, { userId, coin }: OfCoin, detail: string, intentId = ""): void {
    const { clock, log, state, mode, notifier } = this.deps;
    const key = `${kind} ${userId} ${coin} ${intentId}`;
    const isOpen = this.known.incidents.some(
      (open) =>
        open.kind === kind && open.userId === userId && open.coin === coin && open.intentId === intentId,
    );
    if (isOpen || this.#opening.has(key)) return;
    this.#opening.add(key);
    const openedAtMs = clock.nowMs();
    log.error("incident", { kind, userId, coin, intentId, detail });
    const notice = { kind: "incident", what: kind, detail, coin, userId, mode } as const;
    for (const audience of [{ userId }, "operator"] as const) {
      notifier.tell({ audience, notice, atMs: openedAtMs, dedupeKey: key });
    }
    const incident = { mode, userId, kind, coin, intentId, detail, openedAtMs };
    void this.work.track(
      this.work
        .insist(() => state.openIncident(incident, this.work.term.fence))
        .then(() => this.work.insist(() => this.known.loadSwitches()))
        .catch((error) => this.failed("incident", error))
        .finally(() => this.#opening.delete(key)),
    );
  }

  failed(what: string, error: unknown): void {
    if (error instanceof Fenced || error instanceof TermOver) this.work.term.end();
    else if (!isPassing(error)) this.deps.log.error("a part of trading failed", { what, error });
  }

  /** The last decision about a coin; the same reason is kept again only after a while. */
  decided({ strategyId, userId, coin, pair, action, reason, context: words, breakEven }: Told): void {
    const atMs = this.deps.clock.nowMs();
    const key = `${strategyId} ${coin}`;
    const told = this.#decisionsTold.get(key);
    const what = `${reason} ${pair}`;
    if (told?.reason === what && atMs - told.atMs < DECISION_AGAIN_MS) return;
    if (this.#decisionsTold.size >= TOLD_MAX) this.#decisionsTold.clear();
    this.#decisionsTold.set(key, { reason: what, atMs });
    const { mode, counts } = this.deps;
    const context = decisionNote(words, breakEven());
    countOne(counts?.decisions, `${action} ${reason}`);
    this.#decisions.set(key, { mode, userId, strategyId, coin, pair, action, reason, context, atMs });
  }

  async keepDecisions(): Promise<void> {
    if (this.#decisions.size === 0) return;
    const rows = [...this.#decisions];
    this.#decisions.clear();
    try {
      await this.deps.state.keepDecisions(rows.map(([, row]) => row));
      for (const [key, row] of rows) this.#tellDecision(key, row);
    } catch (error) {
      for (const [key, row] of rows) if (!this.#decisions.has(key)) this.#decisions.set(key, row);
      throw error;
    }
  }

  #tellDecision(key: string, row: DecisionRow): void {
    const what = `${row.action} ${row.reason} ${row.pair}`;
    if (this.#eventsTold.get(key) === what) return;
    if (this.#eventsTold.size >= TOLD_MAX) this.#eventsTold.clear();
    this.#eventsTold.set(key, what);
    this.deps.events?.tell({ kind: "decision", ...row });
  }
}
