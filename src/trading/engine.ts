// The trading engine as the process around it sees it: rates go in, orders come out, and only while this process holds
// the lease. Nothing here waits for Redis, Telegram or a browser.

import type { ServiceAlert } from "../domain/notice.ts";
import type { RateRow } from "../domain/rate-table.ts";
import type { LeaseStore, OpenPosition } from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Log } from "../ports/telemetry.ts";
import type { Incident, TradingSwitch } from "../ports/traders.ts";
import type { UserEventSink } from "../ports/user-events.ts";
import { figuresOf, type TradingCounts, type TradingFigures } from "./figures.ts";
import { Session, type SessionDeps } from "./session.ts";
import type { Settled, SettleWish } from "./settle-by-hand.ts";
import { TellingJournal } from "./telling-journal.ts";
import { TellingNotifier } from "./telling-notifier.ts";
import { TracedJournal } from "./traced-journal.ts";
import { TracedVenues } from "./traced-venues.ts";
import { KeyWatch } from "./watch-keys.ts";
import { OrderWatch } from "./watch-orders.ts";
import { PositionWatch, SEEN_APART_MS, WATCH_DEFAULT, type WatchSettings } from "./watch-positions.ts";
import { StreamWatch } from "./watch-streams.ts";
import { Writer } from "./writer.ts";

export interface EngineDeps extends SessionDeps {
  readonly lease: LeaseStore;
  /** Names this start of this process. */
  readonly holder: string;
  readonly watch?: WatchSettings;
  /** False: holds the lease, so that one scheduler leads, and trades nothing. */
  readonly trades?: boolean;
}

export interface EngineState {
  readonly mode: SessionDeps["mode"];
  /** "drained": it has handed over, or is about to, and takes the lease no more. */
  readonly role: "trading" | "recovering" | "standby" | "off" | "drained";
  readonly fence: number | undefined;
  readonly traders: number;
  readonly positions: readonly OpenPosition[];
  readonly running: number;
  readonly incidents: number;
  readonly switches: readonly TradingSwitch[];
}

/** An exit that has to be looked up needs the venue's whole window. */
const DRAIN_MS_MAX = 30_000;

function over(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Nothing that trades feels it when the way out of notices throws. */
function quiet(notifier: Notifier, log: Log): Notifier {
  return {
    tell(message) {
      try {
        notifier.tell(message);
      } catch (error) {
        log.error("a notice was not taken", { error });
      }
    },
  };
}

/** The same with users told of it as it happens. */
function telling(
  { clock, log, mode, journal }: SessionDeps,
  notifier: Notifier,
  sink: UserEventSink,
): Pick<SessionDeps, "journal" | "notifier" | "events"> {
  const events: UserEventSink = {
    tell(event) {
      try {
        sink.tell(event);
      } catch (error) {
        log.error("an event was not taken", { error });
      }
    },
  };
  const alerts = new TellingNotifier(notifier, { events, mode, clock });
  return {
    events,
    journal: new TellingJournal(journal, { clock, log, events }),
    notifier: quiet(alerts, log),
  };
}

/** The same with every intent's trace told. */
function traced({ journal, venues, tracer }: EngineDeps): Partial<Pick<SessionDeps, "journal" | "venues">> {
  if (!tracer) return {};
  return { journal: new TracedJournal(journal, tracer), venues: new TracedVenues(venues, tracer) };
}

function wordOf({ scope, entriesOff, halted }: TradingSwitch, wasHalted: boolean): ServiceAlert {
  if (halted) return "halted";
  if (scope === "global" && wasHalted) return "resumed";
  return entriesOff ? "entries-off" : "entries-on";
}

export class TradingEngine {
  readonly #writer: Writer;
  #session: Session | undefined;
  #watch: PositionWatch | undefined;
  #orders: OrderWatch | undefined;
  #streams: StreamWatch | undefined;
  #drained = false;
  readonly counts: TradingCounts = { decisions: new Map(), ended: new Map(), findings: new Map() };

  private readonly deps: EngineDeps;

  constructor(given: EngineDeps) {
    const deps = { ...given, ...traced(given) };
    const notifier = quiet(deps.notifier, deps.log);
    this.deps = {
      ...deps,
      counts: this.counts,
      notifier,
      ...(deps.events && telling(deps, notifier, deps.events)),
    };
    const { lease, clock, log, holder } = deps;
    const onChange = (what: ServiceAlert, detail: string) => this.#tellOperator(what, detail, what);
    this.#writer = new Writer({ lease, clock, log, holder, onChange });
  }

  start(): void {
    this.#writer.run(async (term) => {
      if (this.deps.trades === false) return await over(term.lost);
      const session = new Session(this.deps, term);
      const orders = new OrderWatch(this.deps, session);
      const streams = new StreamWatch(this.deps, session, () => ({ positions: watch, orders }));
      const watch = new PositionWatch(
        ...([this.deps, session, this.deps.watch ?? WATCH_DEFAULT] as const),
        (userId, legs) => streams.onLegs(userId, legs),
      );
      this.#session = session;
      this.#watch = watch;
      this.#orders = orders;
      this.#streams = streams;
      try {
        const keys = new KeyWatch(this.deps, session);
        await Promise.all([session.run(), watch.run(), orders.run(), streams.run(), keys.run()]);
      } finally {
        this.#session = undefined;
        this.#watch = undefined;
        this.#orders = undefined;
        this.#streams = undefined;
      }
    });
  }

  /**
   * Begins nothing more, lets what runs end, and gives the lease back for good: a standby goes on. What does not end in
   * time is recovered by it. Harmless when repeated.
   */
  async drain(): Promise<void> {
    if (!this.#drained) this.deps.log.warn("drained by the operator: this process trades no more");
    this.#drained = true;
    await this.#session?.drain(DRAIN_MS_MAX);
    await this.#writer.stop();
  }

  /** Looks at all positions and open orders now; undefined when this process does not trade. */
  async reconcile(): Promise<{ readonly positions: number } | undefined> {
    const [session, watch, orders] = [this.#session, this.#watch, this.#orders];
    if (!session?.isLoaded || !watch || !orders) return undefined;
    // Twice: a difference is believed when it was seen two times.
    await watch.lookAtAll();
    await Promise.all([orders.lookAtAll(), this.deps.clock.sleep(SEEN_APART_MS, session.term.lost)]);
    await watch.lookAtAll();
    return { positions: session.known.positions.size };
  }

  incidents(): Promise<readonly Incident[]> {
    return this.deps.state.openIncidents(this.deps.mode);
  }

  /** False when there is no such open one. What it stopped goes on at once; the note is for the audit trail. */
  async closeIncident(incidentId: number, by: "operator", note: string): Promise<boolean> {
    const isClosed = await this.deps.state.closeIncident(incidentId, by, this.deps.clock.nowMs(), note);
    await this.#session?.known
      .loadSwitches()
      .catch((error) => this.deps.log.warn("incidents not read", { error }));
    return isClosed;
  }

  /** Lets what runs come to a safe point, gives the lease back. */
  async stop(): Promise<void> {
    await this.#writer.stop();
  }

  /** Whether another scheduler holds the lease, or should; undefined before that is known. */
  get isElsewhere(): boolean | undefined {
    return this.#drained || this.#writer.isElsewhere;
  }

  /** Rows as they are merged, before they are published. Never throws, never waits. */
  onRows(rows: readonly RateRow[]): void {
    try {
      this.#session?.onRows(rows);
      this.#watch?.onRows(rows);
    } catch (error) {
      this.deps.log.error("rates not looked at", { error });
    }
  }

  /**
   * Has a position left. Stored first, so that it survives everything; "asked": whoever trades, this process or another,
   * takes it up within a second. Rejects with StoreFault.
   */
  async force(
    userId: number,
    coin: string,
    by: "user" | "operator",
  ): Promise<"started" | "running" | "asked" | "no-position"> {
    const { forcedCloses, mode, clock } = this.deps;
    const outcome = await forcedCloses.ask({ mode, userId, coin, by, atMs: clock.nowMs() });
    const session = this.#session;
    if (outcome === "no-position" || !session?.isLoaded) return outcome;
    const begun = session.force(userId, coin, by);
    return begun === "no-position" ? "asked" : begun;
  }

  /**
   * Records what its user got for a position that he closed at the venues, its market being gone; undefined when this
   * process does not trade. Rejects with StoreFault: whether it is stored is not known then.
   */
  async settle(wish: SettleWish): Promise<Settled | undefined> {
    const session = this.#session;
    return session?.isLoaded ? await session.settle(wish) : undefined;
  }

  /** Stored first, so that it survives everything; read again at once, so that it holds at once. Operators are told. */
  async setSwitch(change: TradingSwitch): Promise<void> {
    const wasHalted = this.#session?.known.switches.some(({ halted }) => halted) ?? false;
    await this.deps.state.setSwitch(change);
    // It is stored: should this read fail, the next one is half a second away.
    await this.#session?.known
      .loadSwitches()
      .catch((error) => this.deps.log.warn("switches not read", { error }));
    const { scope, subject, why } = change;
    const of = scope === "global" ? "" : `${scope} ${subject}`;
    // No key: each of these was somebody's act, and the next may be its opposite.
    this.#tellOperator(wordOf(change, wasHalted), [of, why].filter(Boolean).join(": "));
  }

  #tellOperator(what: ServiceAlert, detail: string, dedupeKey?: string): void {
    const { notifier, clock } = this.deps;
    notifier.tell({
      ...{ audience: "operator", notice: { kind: "service", what, detail }, atMs: clock.nowMs() },
      ...(dedupeKey !== undefined && { dedupeKey }),
    });
  }

  /** The fencing number of the lease this process holds; undefined while it holds none. */
  get fence(): number | undefined {
    return this.#writer.term?.fence;
  }

  /** Undefined while somebody else trades, or nobody, or what is open has not been read yet. */
  figures(): TradingFigures | undefined {
    return this.#session?.isLoaded
      ? figuresOf(this.#session.known, this.#streams?.counts ?? new Map(), this.#watch?.compared.oldestAtMs)
      : undefined;
  }

  state(): EngineState {
    const session = this.#session;
    const known = session?.known;
    return {
      mode: this.deps.mode,
      role:
        this.deps.trades === false
          ? "off"
          : this.#drained
            ? "drained"
            : !session
              ? "standby"
              : session.entriesOpen
                ? "trading"
                : "recovering",
      fence: session?.term.fence,
      traders: known?.traders.length ?? 0,
      positions: known ? [...known.positions.values()] : [],
      running: known?.running.size ?? 0,
      incidents: known?.incidents.length ?? 0,
      switches: known?.switches ?? [],
    };
  }
}
