// Funding of a position: what the venue has paid since it was opened is stored once, and summed from there.

import { Decimal } from "../domain/decimal.ts";
import type { Fence, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { TradingStateStore } from "../ports/traders.ts";
import type { Legs } from "./run-order.ts";

export interface FundingDeps {
  readonly log: Log;
  readonly mode: TradingMode;
  readonly state: Pick<TradingStateStore, "addFunding" | "fundingUsdt">;
  readonly fence: Fence;
}

/** USDT received (positive) or paid since the position was opened; what cannot be read now is a correction later. */
export async function fundingOf(
  deps: FundingDeps,
  position: OpenPosition,
  legs: Legs,
  symbol: string,
): Promise<Decimal> {
  const { positionId, userId, coin, openedAtMs } = position;
  try {
    const events = await legs.overseas.fundingSince(symbol, openedAtMs);
    const rows = events.map(({ id, amountUsdt, atMs }) => ({
      ...{ mode: deps.mode, userId, coin, positionId, amountUsdt, atMs, late: false },
      venue: legs.overseas.venue,
      eventId: id,
    }));
    if (rows.length > 0) await deps.state.addFunding(rows, deps.fence);
  } catch (error) {
    deps.log.warn("funding not read before the close: it will be a correction", { positionId, error });
  }
  try {
    return await deps.state.fundingUsdt(positionId);
  } catch {
    return Decimal.ZERO;
  }
}
