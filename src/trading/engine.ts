// The trading engine as the process around it sees it: rates go in, orders come out, and only while this process holds
// the lease. Nothing here waits for Redis, Telegram or a browser.

import type { RateRow } from "../domain/rate-table.ts";
import type { LeaseStore, OpenPosition } from "../ports/journal.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingSwitch } from "../ports/traders.ts";
import type { UserEventSink } from "../ports/user-events.ts";
import { Session, type SessionDeps } from "./session.ts";
import { TellingJournal } from "./telling-journal.ts";
import { TellingNotifier } from "./telling-notifier.ts";
import { KeyWatch } from "./watch-keys.ts";
import { OrderWatch } from "./watch-orders.ts";
import { PositionWatch, WATCH_DEFAULT, type WatchSettings } from "./watch-positions.ts";
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
  readonly role: "trading" | "recovering" | "standby" | "off";
  readonly fence: number | undefined;
  readonly traders: number;
  readonly positions: readonly OpenPosition[];
  readonly running: number;
  readonly incidents: number;
  readonly switches: readonly TradingSwitch[];
}

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

export class TradingEngine {
  readonly #writer: Writer;
  #session: Session | undefined;
  #watch: PositionWatch | undefined;

  private readonly deps: EngineDeps;

  constructor(deps: EngineDeps) {
    const notifier = quiet(deps.notifier, deps.log);
    this.deps = { ...deps, notifier, ...(deps.events && telling(deps, notifier, deps.events)) };
    const { lease, clock, log, holder } = deps;
    this.#writer = new Writer({ lease, clock, log, holder });
  }

  start(): void {
    this.#writer.run(async (term) => {
      if (this.deps.trades === false) return await over(term.lost);
      const session = new Session(this.deps, term);
      const watch = new PositionWatch(this.deps, session, this.deps.watch ?? WATCH_DEFAULT);
      this.#session = session;
      this.#watch = watch;
      try {
        await Promise.all([
          session.run(),
          watch.run(),
          new OrderWatch(this.deps, session).run(),
          new KeyWatch(this.deps, session).run(),
        ]);
      } finally {
        this.#session = undefined;
        this.#watch = undefined;
      }
    });
  }

  /** Lets what runs come to a safe point, gives the lease back. */
  async stop(): Promise<void> {
    await this.#writer.stop();
  }

  /** Whether another scheduler holds the lease; undefined before that is known. */
  get isElsewhere(): boolean | undefined {
    return this.#writer.isElsewhere;
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

  /** Stored first, so that it survives everything; read again at once, so that it holds at once. */
  async setSwitch(change: TradingSwitch): Promise<void> {
    await this.deps.state.setSwitch(change);
    // It is stored: should this read fail, the next one is half a second away.
    await this.#session?.known
      .loadSwitches()
      .catch((error) => this.deps.log.warn("switches not read", { error }));
  }

  state(): EngineState {
    const session = this.#session;
    const known = session?.known;
    return {
      mode: this.deps.mode,
      role:
        this.deps.trades === false
          ? "off"
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
