// What placing an order has in common at Bybit and Binance: nothing is sent before the venue's time and the account's
// position mode are known.

import { Decimal } from "../../domain/decimal.ts";
import type { AccountModes, VenueFill, VenueOrder } from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import type { ClockOffset } from "./clock-offset.ts";
import { orderDefect } from "./order-checks.ts";
import type { VenueCaller } from "./venue-caller.ts";

export type PreparedOrder =
  | {
      readonly kind: "ready";
      readonly positionMode: AccountModes["positionMode"];
      /** What is left of the caller's time. */
      readonly leftMs: number;
    }
  | { readonly kind: "unsent"; readonly why: string };

/** Checks the order and learns what it needs within the caller's time. Never rejects. */
export async function preparePerpOrder(
  order: VenueOrder,
  timeoutMs: number,
  needs: {
    readonly caller: VenueCaller;
    readonly offset: ClockOffset;
    readonly mode: (leftMs: number) => Promise<AccountModes["positionMode"]>;
  },
): Promise<PreparedOrder> {
  const { caller, offset, mode } = needs;
  const defect =
    orderDefect(order) ??
    (order.reducesShort && order.side === "sell"
      ? "expected a buy to reduce a short, was a sell"
      : undefined);
  if (defect !== undefined) return { kind: "unsent", why: defect };
  const deadlineMs = caller.clock.monotonicMs() + timeoutMs;
  const leftMs = () => deadlineMs - caller.clock.monotonicMs();
  try {
    await offset.ready(leftMs());
    const positionMode = await mode(leftMs());
    return { kind: "ready", positionMode, leftMs: leftMs() };
  } catch (fault) {
    if (!(fault instanceof VenueReadFault)) throw fault;
    return { kind: "unsent", why: `the position mode could not be learned: ${fault.message}` };
  }
}

/** What fills add up to; executions, never the requested quantity. */
export function sumOfFills(fills: readonly VenueFill[]): Decimal {
  return Decimal.sum(fills.map(({ qty }) => qty));
}
