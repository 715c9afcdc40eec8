// How the processes behind one source address divide each venue's budget among themselves, without a master.
//
// Every process announces what it holds (`shares`) and what still counts against it (`spent`). The rule that keeps
// the sum below the limit at every instant: nobody uses more than the capacity less, for every other process known,
// the larger of its share and its spending. Shares go down at once when somebody arrives and up only 10 s after
// somebody has left; what a departed process had counts until the venue's window has passed, and the living divide
// only the rest, or each of them would bear the whole of it. While the link is away the last known division stands.

import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { VENUE_LIMITS } from "../../domain/venue-limits.ts";

/** "trader": a scheduler that trades with real money. */
export const PROCESS_ROLES = ["worker", "scheduler", "trader", "api"] as const;
export type ProcessRole = (typeof PROCESS_ROLES)[number];
export type Amounts = Readonly<Record<Venue, number>>;

export interface PeerBudget {
  readonly id: string;
  readonly role: ProcessRole;
  readonly shares: Amounts;
  readonly spent: Amounts;
  /** What it knows to count beyond itself and the living, which we may never have heard of: strangers and the gone. */
  readonly foreign: Amounts;
}

export const PEER_SILENCE_MS = 7_000;
export const SHARE_RAISE_DELAY_MS = 10_000;
/** A request sent before a process left may be counted by the venue as late as this afterwards. */
const IN_FLIGHT_MS_MAX = 5_000;
/**
 * The part of a budget kept for each process that shares with none: beside workers a scheduler (lists, reference price), beside
 * anybody an api (candles). At least one request.
 */
const OTHER_ROLE_RATIO = 0.03;
/**
 * For one that trades: a hedge that waits for its place in a minute's budget is a naked leg. Not more, because each that
 * was killed counts for a window beside its successor.
 */
export const TRADER_RATIO = 0.2;

/** Part of a budget in which debts are counted. */
const DEBT_STEP_RATIO = 0.01;

interface Peer extends PeerBudget {
  /** Takes part in the division until then. */
  readonly aliveUntilMs: number;
  /** What it had counts until then plus the venue's window. */
  readonly spendsUntilMs: number;
}

export class BudgetShares {
  readonly #peers = new Map<string, Peer>();
  readonly #shares: Record<Venue, number> = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
  readonly #raiseSinceMs: Partial<Record<Venue, number>> = {};
  #started = false;
  #sharerCount = 1;

  constructor(private readonly self: { readonly id: string; readonly role: ProcessRole }) {}

  /** Takes an announcement of another process behind the same address. Returns true when it was not known. */
  heard(peer: PeerBudget, nowMs: number): boolean {
    const isNew = !this.#isAlive(this.#peers.get(peer.id), nowMs);
    const untilMs = nowMs + PEER_SILENCE_MS;
    this.#peers.set(peer.id, { ...peer, aliveUntilMs: untilMs, spendsUntilMs: untilMs });
    return isNew;
  }

  /** A process said goodbye: it takes no share any more, but what it spent still counts for a window. */
  left(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const spendsUntilMs = nowMs + IN_FLIGHT_MS_MAX;
    this.#peers.set(id, { ...peer, shares: peer.spent, aliveUntilMs: nowMs, spendsUntilMs });
  }

  /** Recomputes the shares; to be called on every announcement and every second. `foreign`: what is known of strangers. */
  update(nowMs: number, linkUp: boolean, foreign: (venue: Venue) => number): void {
    if (!linkUp && this.#started) return;
    const alive: { id: string; role: ProcessRole }[] = [this.self];
    for (const peer of this.#peers.values()) if (this.#isAlive(peer, nowMs)) alive.push(peer);
    alive.sort((a, b) => (a.id < b.id ? -1 : 1));
    const sharers = sharersOf(alive);
    this.#sharerCount = sharers.length;
    for (const venue of VENUES) {
      const { capacity } = VENUE_LIMITS[venue];
      const debtCost = this.#debtCost(venue, nowMs, foreign(venue));
      const target = shareOf(this.self, { alive, sharers, capacity, debtCost });
      if (target <= this.#shares[venue] || !this.#started) {
        this.#shares[venue] = target;
        delete this.#raiseSinceMs[venue];
      } else {
        this.#raiseSinceMs[venue] ??= nowMs;
        if (nowMs - this.#raiseSinceMs[venue]! >= SHARE_RAISE_DELAY_MS) {
          this.#shares[venue] = target;
          delete this.#raiseSinceMs[venue];
        }
      }
    }
    this.#started = true;
    const windowMsMax = Math.max(...VENUES.map((venue) => VENUE_LIMITS[venue].windowMs));
    for (const [id, peer] of this.#peers) {
      if (nowMs > peer.spendsUntilMs + windowMsMax) this.#peers.delete(id);
    }
  }

  /** How many divide what is left of a budget, as known here. */
  get sharerCount(): number {
    return this.#sharerCount;
  }

  shares(): Amounts {
    return { ...this.#shares };
  }

  /** What this process may have counting against it at one venue now. */
  allowed(venue: Venue, nowMs: number): number {
    return Math.max(
      0,
      Math.min(this.#shares[venue], VENUE_LIMITS[venue].capacity - this.othersMax(venue, nowMs)),
    );
  }

  /** The most the others we know can have counting against them at one venue now. */
  othersMax(venue: Venue, nowMs: number): number {
    return this.#sum(venue, nowMs, (peer) => Math.max(peer.shares[venue], peer.spent[venue]));
  }

  /** What they last said counts against them. */
  othersSpent(venue: Venue, nowMs: number): number {
    return this.#sum(venue, nowMs, (peer) => peer.spent[venue]);
  }

  /** The part of `othersMax` that belongs to processes that are gone. */
  goneMax(venue: Venue, nowMs: number): number {
    return this.#sum(venue, nowMs, (peer) =>
      this.#isAlive(peer, nowMs) ? 0 : Math.max(peer.shares[venue], peer.spent[venue]),
    );
  }

  /**
   * What the gone and strangers have, as we or the living know it, whichever is more: all have to divide the same. In
   * whole steps, or the shares would change with every answer.
   */
  #debtCost(venue: Venue, nowMs: number, foreignCost: number): number {
    let cost = this.goneMax(venue, nowMs) + foreignCost;
    for (const peer of this.#peers.values()) {
      if (this.#isAlive(peer, nowMs)) cost = Math.max(cost, peer.foreign[venue]);
    }
    const step = Math.max(1, VENUE_LIMITS[venue].capacity * DEBT_STEP_RATIO);
    return Math.ceil(cost / step) * step;
  }

  #sum(venue: Venue, nowMs: number, read: (peer: Peer) => number): number {
    let sum = 0;
    for (const peer of this.#peers.values()) {
      if (nowMs <= peer.spendsUntilMs + VENUE_LIMITS[venue].windowMs) sum += read(peer);
    }
    return sum;
  }

  #isAlive(peer: Peer | undefined, nowMs: number): boolean {
    return peer !== undefined && nowMs < peer.aliveUntilMs;
  }
}

interface Process {
  readonly id: string;
  readonly role: ProcessRole;
}

/**
 * Where there are workers they get nearly all of a budget; without them schedulers trade with it; an api has the whole only
 * where it is alone: charts come last.
 */
function sharersOf(alive: readonly Process[]): readonly Process[] {
  const workers = alive.filter(({ role }) => role === "worker");
  const schedulers = alive.filter(({ role }) => role !== "worker" && role !== "api");
  return [workers, schedulers].find((group) => group.length > 0) ?? alive;
}

interface Division {
  /** Sorted by id, as are those who share. */
  readonly alive: readonly Process[];
  readonly sharers: readonly Process[];
  readonly capacity: number;
  readonly debtCost: number;
}

/** The share of one process among the living, in whole units; the first get what does not divide. */
function shareOf(self: Process, { alive, sharers, capacity, debtCost }: Division): number {
  const kept = (role: ProcessRole) =>
    Math.max(1, Math.floor(capacity * (role === "trader" ? TRADER_RATIO : OTHER_ROLE_RATIO)));
  if (!sharers.some(({ id }) => id === self.id)) return kept(self.role);
  const others = alive.filter((process) => !sharers.includes(process));
  const left = Math.max(0, capacity - others.reduce((sum, { role }) => sum + kept(role), 0));
  const rank = sharers.findIndex(({ id }) => id === self.id);
  const partOf = (whole: number) =>
    Math.floor(whole / sharers.length) + (rank < whole % sharers.length ? 1 : 0);
  // A worker for whom there is no unit is a spare. Debts pass: they make nobody one, and a scheduler always has something
  // to ask for.
  if (self.role === "worker" && partOf(left) === 0) return 0;
  return Math.max(1, partOf(Math.max(0, Math.floor(left - debtCost))));
}
