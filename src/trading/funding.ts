// Funding of a position: what the venue has paid since it was opened is stored once, and summed from there. For decisions
// the sum is read now and then; for the settlement it is read at the close.

import { Decimal } from "../domain/decimal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Fence, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingStateStore } from "../ports/traders.ts";
import type { FundingEvent } from "../ports/trading-venue.ts";
import type { Legs } from "./run-order.ts";
import type { TermWork } from "./term-work.ts";

export interface FundingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly state: Pick<TradingStateStore, "addFunding" | "fundingUsdt">;
  readonly fence: Fence;
}

const READS = 3;
const READ_AGAIN_MS = 1_000;

/**
 * USDT received (positive) or paid since the position was opened; what the venue does not tell now is a correction
 * later. Rejects with StoreFault: a sum that could not be read is not zero.
 */
export async function fundingOf(
  deps: FundingDeps,
  position: OpenPosition,
  legs: Legs,
  symbol: string,
): Promise<Decimal> {
  return await stored(deps, position, legs, await eventsOf(deps, position, legs, symbol));
}

async function stored(
  deps: Omit<FundingDeps, "clock" | "log">,
  { positionId, userId, coin }: OpenPosition,
  legs: Legs,
  events: readonly FundingEvent[],
): Promise<Decimal> {
  const rows = events.map(({ id, amountUsdt, atMs }) => ({
    ...{ mode: deps.mode, userId, coin, positionId, amountUsdt, atMs, late: false },
    venue: legs.overseas.venue,
    eventId: id,
  }));
  if (rows.length > 0) await deps.state.addFunding(rows, deps.fence);
  return await deps.state.fundingUsdt(positionId);
}

async function eventsOf(
  { clock, log }: FundingDeps,
  { positionId, openedAtMs }: OpenPosition,
  { overseas }: Legs,
  symbol: string,
): Promise<readonly FundingEvent[]> {
  for (let read = 1; ; read++) {
    try {
      return await overseas.fundingSince(symbol, openedAtMs);
    } catch (error) {
      if (read === READS) {
        log.warn("funding not read before the close: it will be a correction", { positionId, error });
        return [];
      }
      await clock.sleep(READ_AGAIN_MS);
    }
  }
}

/** What is known of a position's funding while it is open. */
export interface FundingSoFar {
  readonly usdt: Decimal;
  /** False: it could not be read lately, and this is what was known last. */
  readonly isFresh: boolean;
}

const SEEN_MS = 180_000;
/** An exit does not wait longer for it than for its books. */
const WAIT_MS = 1_500;
const SEEN_MAX = 20_000;

/** Funding of open positions for decisions, each asked for at most every three minutes. For one term. */
export class FundingSeen {
  readonly #seen = new Map<number, { readonly atMs: number; reading: Promise<void> } & FundingSoFar>();

  constructor(
    private readonly deps: Omit<FundingDeps, "fence">,
    private readonly work: TermWork,
  ) {}

  /** Never rejects, and waits for the venue only so long. */
  async since(position: OpenPosition, legs: Legs, symbol: string): Promise<FundingSoFar> {
    const { clock } = this.deps;
    const { positionId } = position;
    const nowMs = clock.monotonicMs();
    let seen = this.#seen.get(positionId);
    if (!seen || nowMs - seen.atMs >= SEEN_MS) {
      if (this.#seen.size >= SEEN_MAX) this.#seen.clear();
      const usdt = seen?.usdt ?? Decimal.ZERO;
      const reading = this.work.track(this.#read(position, legs, symbol));
      seen = { atMs: nowMs, reading, usdt, isFresh: false };
      this.#seen.set(positionId, seen);
    }
    const enough = new AbortController();
    await Promise.race([seen.reading, clock.sleep(WAIT_MS, enough.signal)]);
    enough.abort();
    const { usdt, isFresh } = this.#seen.get(positionId) ?? seen;
    return { usdt, isFresh };
  }

  async #read(position: OpenPosition, legs: Legs, symbol: string): Promise<void> {
    const { positionId, openedAtMs } = position;
    try {
      // What is stored first: a venue that is silent does not make it nothing.
      await this.#keep(position, legs, { events: [], isFresh: false });
      const events = await legs.overseas.fundingSince(symbol, openedAtMs);
      await this.#keep(position, legs, { events, isFresh: true });
    } catch (error) {
      this.deps.log.warn("funding so far not read: decided by what was known last", { positionId, error });
    }
  }

  async #keep(
    position: OpenPosition,
    legs: Legs,
    { events, isFresh }: { readonly events: readonly FundingEvent[]; readonly isFresh: boolean },
  ): Promise<void> {
    const { mode, state } = this.deps;
    const usdt = await stored({ mode, state, fence: this.work.term.fence }, position, legs, events);
    const seen = this.#seen.get(position.positionId);
    if (seen) this.#seen.set(position.positionId, { ...seen, usdt, isFresh });
  }
}
