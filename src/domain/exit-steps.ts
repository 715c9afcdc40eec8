// The exit as a pure kernel: the next step of each leg from what the journal holds. The legs are driven apart: one
// failing never stops the other. Recovery asks the same function.
//
// Invariants the steps keep:
// - in a leg nothing new is sent while any of its orders' outcomes is open;
// - never more sold or bought back than the position has, less what is filled already;
// - a retry only after the venue has shown, since the last attempt ended, that it still holds that much; shows it
//   less, somebody else has acted: reconcile first;
// - what is left of the coins below the smallest sale goes to dust; the short is always bought back whole.

import { Decimal } from "./decimal.ts";
import { EXIT_TRIES, isTerminal, nextAttempt, type OrderPurpose, qtyLeft } from "./intent.ts";
import {
  filledOf,
  type OrderView,
  ordersOf,
  type SettleStep,
  settleOrder,
  type VenueTiming,
} from "./order-view.ts";

/** One leg of an exit: coins to sell at home, or contracts to buy back overseas. */
export interface ExitLeg {
  readonly purpose: "sell" | "cover";
  /** What the position has to leave with: coins or contracts. */
  readonly qty: Decimal;
  /** Largest single order; a multiple of the lot. */
  readonly chunkMax: Decimal;
  /** Below this nothing can be sold; zero overseas, where reducing is exempt. */
  readonly qtyMin: Decimal;
  readonly orders: readonly OrderView[];
  /** Attempts taken over from a process that died. */
  readonly adoptedAttempts: number;
  /** When the leg's first own order was sent; undefined before. */
  readonly startedAtMs: number | undefined;
  /**
   * What the venue showed last: what could be sold or bought back, and what is there in all. Coins that an order of
   * somebody else holds are there. Undefined when it was not to be seen since it was last of use.
   */
  readonly venueShows: { readonly free: Decimal; readonly held: Decimal; readonly atMs: number } | undefined;
  /** When the last attempt's outcome became known. */
  readonly lastEndedAtMs: number | undefined;
  readonly timing: VenueTiming;
}

export type ExitStep =
  | SettleStep
  | { readonly do: "send"; readonly purpose: OrderPurpose; readonly attempt: number; readonly qty: Decimal }
  /** Ask the venue what it still holds before trying again. */
  | { readonly do: "check-venue" }
  /** Less can be sold or bought back than our record says: `missing` is gone, the rest of it something else holds. */
  | { readonly do: "reconcile"; readonly missing: Decimal }
  | { readonly do: "done"; readonly filled: Decimal; readonly dust: Decimal }
  /** Its tries are used up: alert, then go on after the pause. */
  | { readonly do: "rest"; readonly untilMs: number };

/** Three tries within this, then one every `CAREFUL_PAUSE_MS`. */
const TRIES_WITHIN_MS = 10_000;
const CAREFUL_PAUSE_MS = 30_000;

export function nextExitStep(leg: ExitLeg, nowMs: number): ExitStep {
  const orders = ordersOf(leg.orders, leg.purpose);
  const open = orders.find(({ status }) => !isTerminal(status));
  if (open) return settleOrder(open, leg.timing, nowMs);

  const filled = filledOf(orders, leg.purpose);
  const left = qtyLeft(leg.qty, [filled]);
  if (left.isZero || left.below(leg.qtyMin)) return { do: "done", filled, dust: left };

  const attempt = nextAttempt(orders);
  if (attempt > 1) {
    const { venueShows, lastEndedAtMs = 0 } = leg;
    if (!venueShows || venueShows.atMs < lastEndedAtMs) return { do: "check-venue" };
    const { free, held } = venueShows;
    if (free.below(left))
      return { do: "reconcile", missing: held.below(left) ? left.minus(held) : Decimal.ZERO };
  }
  const failed = orders.slice(leg.adoptedAttempts).filter((order) => order.filledQty.below(order.qty)).length;
  const isLate = leg.startedAtMs !== undefined && nowMs - leg.startedAtMs >= TRIES_WITHIN_MS;
  if (failed > 0 && (failed >= EXIT_TRIES || isLate)) {
    const untilMs = (leg.lastEndedAtMs ?? 0) + CAREFUL_PAUSE_MS;
    if (nowMs < untilMs) return { do: "rest", untilMs };
  }
  return { do: "send", purpose: leg.purpose, attempt, qty: Decimal.min(left, leg.chunkMax) };
}
