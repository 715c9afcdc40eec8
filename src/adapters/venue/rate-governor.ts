// The rate governor of one process: rolling windows per venue, its share among the processes behind the same source
// address, the venues' own headers, and silence after refusals.
//
// States of a venue: open -> held (429: for one window, and the budget 20 % smaller, recovering 5 % a minute) -> open;
// open -> banned (418, 403: for the whole ban, told to everybody behind the address) -> open.

import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";
import type { Announcements } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  BudgetState,
  Grant,
  RateGovernor,
  ReserveOptions,
  VenueAnswer,
  VenueCosts,
} from "../../ports/rate-governor.ts";
import type { Log } from "../../ports/telemetry.ts";
import { type Amounts, BudgetShares, type ProcessRole } from "./budget-shares.ts";
import { ForeignCost } from "./foreign-cost.ts";
import { readLimits } from "./limit-headers.ts";
import { type Presence, parsePresence } from "./presence.ts";
import { RateWindow } from "./rate-window.ts";

const ANNOUNCE_EVERY_MS = 2_000;
/** Longer than a process that is well is silent about what it spends: the beat is half of an announcement's length. */
const BELIEF_MS = 3_500;
const HELLO_STEPS = 5;
const HELD_AT_START_MS_MAX = 5_000;
const STRICTNESS_MIN = 0.25;
/** A wait for more than we may have at all (others have yet to make room) is given up after this. */
const UNFORESEEN_WAIT_MS_MAX = 1_000;
/** A ban told by another process counts only if it outlasts ours by this: echoes must not make it longer. */
const BAN_ECHO_MS_MAX = 2_000;
const STRICTER_FACTOR = 0.8;
const RECOVERY_PER_MS = 0.05 / 60_000;

export interface GovernorOptions {
  readonly id: string;
  readonly role: ProcessRole;
  readonly sourceAddress: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcements: Announcements;
  readonly linkUp: () => boolean;
  /** How long to listen for others before the first request. */
  readonly helloMs: number;
  /** Off: every request is granted at once (to show what the governor is for). */
  readonly enabled: boolean;
}

interface VenueState {
  readonly window: RateWindow;
  strictness: number;
  strictSinceMs: number;
  /** End of the last ban (monotonic), kept after it has ended. */
  banUntilMs: number;
  /** Spending behind our address that no known process accounts for. */
  readonly foreign: ForeignCost;
}

/** Windows that have passed before the others say what they spent. */
const isShort = (venue: Venue): boolean => VENUE_LIMITS[venue].windowMs < ANNOUNCE_EVERY_MS;

export class Governor implements RateGovernor {
  readonly #venues: Record<Venue, VenueState>;
  readonly #shares: BudgetShares;
  readonly #stop = new AbortController();
  readonly #changed = new Set<() => void>();
  #isHere = false;
  #unlisten: (() => Promise<void>) | undefined;
  /** The last who stands in each row, by venue and what its people leave to others. */
  readonly #rows = new Map<string, Promise<unknown>>();
  #lastAnnouncedAtMs = Number.NEGATIVE_INFINITY;
  /** Refusals by venue and status since the start. */
  readonly refusals = new Map<string, number>();

  constructor(private readonly options: GovernorOptions) {
    const state = (venue: Venue): VenueState => ({
      window: new RateWindow(options.clock, VENUE_LIMITS[venue].windowMs),
      strictness: 1,
      strictSinceMs: 0,
      banUntilMs: 0,
      foreign: new ForeignCost(VENUE_LIMITS[venue].windowMs, isShort(venue) ? 0 : BELIEF_MS),
    });
    this.#venues = {
      upbit: state("upbit"),
      bithumb: state("bithumb"),
      bybit: state("bybit"),
      binance: state("binance"),
    };
    this.#shares = new BudgetShares(options);
  }

  /** Says hello, listens for the others, then keeps announcing until stop(). */
  async start(): Promise<void> {
    const { announcements, clock, helloMs } = this.options;
    this.#unlisten = await announcements.listen("presence", (bytes) => this.#hear(bytes));
    // Only a hello that could be answered counts: without the link nobody knows who else is there.
    let heardMs = 0;
    const stepMs = Math.max(1, helloMs / HELLO_STEPS);
    while (heardMs < helloMs && !this.#stop.signal.aborted) {
      if (heardMs === 0) this.#announce("hello");
      await clock.sleep(stepMs, this.#stop.signal);
      heardMs = this.options.linkUp() ? heardMs + stepMs : 0;
    }
    // Who was here before us may have spent the short windows just now, and said goodbye to nobody.
    for (const venue of VENUES) {
      const { window } = this.#venues[venue];
      if (helloMs > 0 && window.windowMs <= HELD_AT_START_MS_MAX) window.hold(window.windowMs);
    }
    this.#isHere = true;
    this.#divide(clock.monotonicMs());
    this.#announce("here");
    void this.#beat();
  }

  async stop(): Promise<void> {
    this.#announce("bye");
    this.#stop.abort();
    await this.#unlisten?.();
  }

  async #beat(): Promise<void> {
    const { clock } = this.options;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(ANNOUNCE_EVERY_MS / 2, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#updateShares();
      if (clock.monotonicMs() - this.#lastAnnouncedAtMs >= ANNOUNCE_EVERY_MS) this.#announce("here");
    }
  }

  /** What all divide less of. In short windows a stranger has come and gone before a share changes. */
  #strangersCost(venue: Venue, nowMs: number): number {
    return isShort(venue) ? 0 : this.#venues[venue].foreign.believed(nowMs);
  }

  #divide(nowMs: number): void {
    this.#shares.update(nowMs, this.options.linkUp(), (venue) => this.#strangersCost(venue, nowMs));
  }

  #updateShares(): void {
    const before = this.#shares.shares();
    this.#divide(this.options.clock.monotonicMs());
    const after = this.#shares.shares();
    if (VENUES.some((venue) => before[venue] !== after[venue])) {
      this.options.log.debug("budget share changed", { shares: after });
      this.#announce("here");
    }
    this.#wake();
  }

  #hear(bytes: Uint8Array): void {
    const presence = parsePresence(bytes);
    if (!presence || presence.id === this.options.id) return;
    if (presence.sourceAddress !== this.options.sourceAddress) return;
    const nowMs = this.options.clock.monotonicMs();
    const isNew = this.#shares.heard(presence, nowMs);
    if (presence.kind === "bye") this.#shares.left(presence.id, nowMs);
    for (const venue of VENUES) {
      if (!this.#isHere) {
        // A newcomer takes over what the others know of those before it, until a venue says better.
        this.#venues[venue].foreign.told(presence.foreign[venue], nowMs);
      }
      const banMs = presence.banMs[venue];
      // Who trades finds out by himself, at the price of one request: no hedge waits because of what another process,
      // perhaps a stolen one, says.
      if (
        banMs > 0 &&
        this.options.role !== "trader" &&
        nowMs + banMs > this.#venues[venue].banUntilMs + BAN_ECHO_MS_MAX
      ) {
        this.#ban(venue, banMs, "told by another process");
      }
    }
    this.#updateShares();
    if (isNew || presence.kind === "hello") this.#announce("here");
  }

  #announce(kind: Presence["kind"]): void {
    const nowMs = this.options.clock.monotonicMs();
    this.#lastAnnouncedAtMs = nowMs;
    const perVenue = (read: (venue: Venue) => number): Amounts => ({
      upbit: read("upbit"),
      bithumb: read("bithumb"),
      bybit: read("bybit"),
      binance: read("binance"),
    });
    const presence: Presence = {
      kind,
      id: this.options.id,
      role: this.options.role,
      sourceAddress: this.options.sourceAddress,
      version: this.options.version,
      shares: this.#shares.shares(),
      spent: perVenue((venue) => this.#venues[venue].window.used()),
      foreign: perVenue((venue) => this.#strangersCost(venue, nowMs) + this.#shares.goneMax(venue, nowMs)),
      banMs: perVenue((venue) => Math.max(0, Math.ceil(this.#venues[venue].banUntilMs - nowMs))),
    };
    this.options.announcements.announce("presence", new TextEncoder().encode(JSON.stringify(presence)));
  }

  hasShare(): boolean {
    const shares = this.#shares.shares();
    return !this.options.enabled || VENUES.every((venue) => shares[venue] > 0);
  }

  readyInMs(costs: VenueCosts): number {
    if (!this.options.enabled) return 0;
    const nowMs = this.options.clock.monotonicMs();
    const isHeld = (venue: Venue) => this.#venues[venue].window.holdUntilMs > nowMs;
    const waits = VENUES.filter((venue) => (costs[venue] ?? 0) > 0 && !isHeld(venue)).map((venue) =>
      this.#waitMs(venue, costs[venue]!),
    );
    return Math.max(0, ...waits);
  }

  async reserve(
    costs: VenueCosts,
    timeoutMs: number,
    { urgent = false, leavesRatio = 0 }: ReserveOptions = {},
  ): Promise<Grant> {
    if (urgent) return await this.#reserveNow(costs, timeoutMs, leavesRatio);
    // One at a time and in order at each venue: a large reservation is not starved by small ones, and who waits for
    // one venue holds up nobody at another. Who leaves more to others stands in a row of his own, and does not hold up
    // those behind him beyond his time.
    const begunMs = this.options.clock.monotonicMs();
    const rows = VENUES.filter((venue) => (costs[venue] ?? 0) > 0).map((venue) => `${venue} ${leavesRatio}`);
    const before = Promise.all(rows.map((row) => this.#rows.get(row)));
    const turn = before.then(() => {
      const waitedMs = leavesRatio > 0 ? this.options.clock.monotonicMs() - begunMs : 0;
      return this.#reserveNow(costs, Math.max(0, timeoutMs - waitedMs), leavesRatio);
    });
    const done = turn.then(
      () => undefined,
      () => undefined,
    );
    for (const row of rows) this.#rows.set(row, done);
    return await turn;
  }

  async #reserveNow(costs: VenueCosts, timeoutMs: number, leavesRatio: number): Promise<Grant> {
    const { clock } = this.options;
    const startedAtMs = clock.monotonicMs();
    const wanted = VENUES.filter((venue) => (costs[venue] ?? 0) > 0);
    const left = new Set<Venue>(wanted);
    if (this.options.enabled) {
      for (;;) {
        const waitedMs = clock.monotonicMs() - startedAtMs;
        const restMs = timeoutMs - waitedMs;
        let waitMs = 0;
        for (const venue of left) {
          const venueWaitMs = this.#waitMs(venue, costs[venue]!, leavesRatio);
          // An answer still in the air makes room when it comes, and that within its own time limit.
          const untilAnswersMs = this.#venues[venue].window.inFlight > 0 ? restMs : 0;
          const patienceMs = Math.max(untilAnswersMs, UNFORESEEN_WAIT_MS_MAX - waitedMs);
          const isForeseen = venueWaitMs !== Number.POSITIVE_INFINITY;
          // The time to wait may be over: what is there now is still had.
          if (isForeseen ? venueWaitMs > Math.max(0, restMs) : patienceMs <= 0) left.delete(venue);
          else waitMs = Math.max(waitMs, isForeseen ? venueWaitMs : patienceMs);
        }
        if (waitMs === 0) break;
        if (restMs <= 0 || this.#stop.signal.aborted) {
          for (const venue of left)
            if (this.#waitMs(venue, costs[venue]!, leavesRatio) > 0) left.delete(venue);
          break;
        }
        await this.#sleepOrChange(Math.min(waitMs, restMs));
      }
    }
    for (const venue of left) this.#venues[venue].window.take(costs[venue]!);
    return {
      venues: left,
      settle: (venue, cost, answer) => this.#settle(venue, cost, answer),
    };
  }

  #waitMs(venue: Venue, cost: number, leavesRatio = 0): number {
    const state = this.#venues[venue];
    const nowMs = this.options.clock.monotonicMs();
    const allowed = this.#allowed(venue, state, nowMs);
    // Whole requests are left, and none of a budget of two or three: else what waits there would never be granted.
    const usable = allowed - Math.floor(allowed * leavesRatio);
    return state.window.waitMs(cost, Math.max(Math.min(allowed, cost), usable));
  }

  #allowed(venue: Venue, state: VenueState, nowMs: number): number {
    // Of what may be a stranger's or only the others' latest, each of those who share leaves his part free.
    const believed = state.foreign.believed(nowMs);
    const foreignCost = believed + (state.foreign.newest(nowMs) - believed) / this.#shares.sharerCount;
    const allowed = Math.min(
      this.#shares.allowed(venue, nowMs),
      VENUE_LIMITS[venue].capacity - this.#shares.othersMax(venue, nowMs) - foreignCost,
    );
    // Stricter never means none at all: a share of one request would else be closed until full recovery.
    const stricter = Math.floor(allowed * this.#strictnessOf(state, nowMs));
    return Math.max(0, Math.min(allowed, Math.max(1, stricter)));
  }

  #strictnessOf(state: VenueState, nowMs: number): number {
    return Math.min(1, state.strictness + (nowMs - state.strictSinceMs) * RECOVERY_PER_MS);
  }

  #settle(venue: Venue, cost: number, answer: VenueAnswer | "unsent"): void {
    const state = this.#venues[venue];
    if (answer === "unsent") {
      state.window.giveBack(cost);
      this.#wake();
      return;
    }
    state.window.answered(cost);
    this.#wake();
    if (!this.options.enabled) {
      if (answer.status === 429 || answer.status === 418 || answer.status === 403)
        this.#count(venue, answer.status);
      return;
    }
    const reading = readLimits(venue, answer);
    if (reading.kind === "banned") {
      this.#count(venue, answer.status);
      this.#ban(venue, reading.banMs, `HTTP ${answer.status}`);
      this.#announce("here");
    } else if (reading.kind === "refused") {
      this.#count(venue, answer.status);
      const nowMs = this.options.clock.monotonicMs();
      // One burst of refusals is one lesson, not twenty.
      if (state.window.holdUntilMs <= nowMs) {
        state.strictness = Math.max(STRICTNESS_MIN, this.#strictnessOf(state, nowMs) * STRICTER_FACTOR);
        state.strictSinceMs = nowMs;
        this.options.log.warn("venue refused because of its limit", {
          venue,
          status: answer.status,
          holdMs: reading.holdMs,
          strictness: Number(state.strictness.toFixed(2)),
        });
      }
      state.window.hold(reading.holdMs);
    } else if (reading.addressUsed !== undefined) {
      // No hold when the venue's count is full: our own window ends sooner, and strangers' requests are learnt.
      this.#learnForeign(venue, reading.addressUsed);
    }
  }

  /**
   * The venue counts more for the address than we and the processes we know say they spent: somebody unknown spends
   * beside us, or somebody gone spent before us. It counts until the next answer says otherwise, at most one window.
   */
  #learnForeign(venue: Venue, addressUsed: number): void {
    const state = this.#venues[venue];
    const nowMs = this.options.clock.monotonicMs();
    // What the others last said is older than a short window lasts: there, what they may spend is taken for spent.
    const known = isShort(venue)
      ? state.window.used() + this.#shares.othersMax(venue, nowMs)
      : state.window.answeredUsed() + this.#shares.othersSpent(venue, nowMs);
    state.foreign.read(addressUsed - known, nowMs);
  }

  #count(venue: Venue, status: number): void {
    const key = `${venue} ${status}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }

  #ban(venue: Venue, banMs: number, why: string): void {
    const state = this.#venues[venue];
    const untilMs = this.options.clock.monotonicMs() + banMs;
    if (untilMs > state.window.holdUntilMs + 1_000) {
      this.options.log.error("venue has banned this address: silent until it ends", { venue, banMs, why });
    }
    state.banUntilMs = Math.max(state.banUntilMs, untilMs);
    state.window.hold(banMs);
  }

  #wake(): void {
    for (const wake of this.#changed) wake();
  }

  async #sleepOrChange(lengthMs: number): Promise<void> {
    const done = new AbortController();
    const wake = () => done.abort();
    this.#changed.add(wake);
    this.#stop.signal.addEventListener("abort", wake, { once: true });
    try {
      await this.options.clock.sleep(Number.isFinite(lengthMs) ? lengthMs : 1_000, done.signal);
    } finally {
      this.#changed.delete(wake);
      this.#stop.signal.removeEventListener("abort", wake);
    }
  }

  /** For status pages: budget allowed and used per venue, bans left. */
  state(): Record<Venue, BudgetState> {
    const nowMs = this.options.clock.monotonicMs();
    const read = (venue: Venue) => {
      const state = this.#venues[venue];
      return {
        allowed: this.#allowed(venue, state, nowMs),
        used: state.window.used(),
        holdMs: Math.max(0, Math.round(state.window.holdUntilMs - nowMs)),
        banMs: Math.max(0, Math.round(state.banUntilMs - nowMs)),
        strictness: this.#strictnessOf(state, nowMs),
      };
    };
    return { upbit: read("upbit"), bithumb: read("bithumb"), bybit: read("bybit"), binance: read("binance") };
  }
}
