// Funding of a position: what the venue has paid since it was opened is stored once, and summed from there.

import type { Decimal } from "../domain/decimal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Fence, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingStateStore } from "../ports/traders.ts";
import type { FundingEvent } from "../ports/trading-venue.ts";
import type { Legs } from "./run-order.ts";

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
  const { positionId, userId, coin } = position;
  const events = await eventsOf(deps, position, legs, symbol);
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
