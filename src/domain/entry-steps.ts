// The entry as a pure kernel: from what the journal holds, the one next step. A running process and one that starts
// after a crash ask the same function, so recovery is not a second way of doing things.
//
// Invariants the steps keep:
// - nothing new is sent, and nothing ends, while any order's outcome is open;
// - never more hedged than bought (with dust), never more sold back than is bought and not hedged;
// - a process that takes over first settles every id its predecessor was allowed to send (adoptPreAuthorised);
// - an entry that has bought ends hedged, or flat, with the rest in dust only below what can be hedged or sold.

import { Decimal } from "./decimal.ts";
import {
  HEDGE_TRIES,
  type IntentState,
  nextAttempt,
  type OrderPurpose,
  PLANNED_MS_MAX,
  type PreAuthorised,
  qtyLeft,
  UNWIND_TRIES,
} from "./intent.ts";
import type { Trouble } from "./notice-words.ts";
import {
  filledOf,
  type OrderView,
  openOrder,
  ordersOf,
  type SettleStep,
  settleOrder,
  type VenueTiming,
} from "./order-view.ts";
import { hedgeSize } from "./sizing.ts";

export interface EntryView {
  readonly state: IntentState;
  readonly plannedAtMs: number;
  /** When the domestic leg was known to be done; the hedge's tries count from there. */
  readonly domesticDoneAtMs: number | undefined;
  readonly qtyCoin: Decimal;
  readonly multiplier: Decimal;
  readonly overseasLot: Decimal;
  /** Smallest quantities that can be hedged (contracts) and sold back (coins) at present prices. */
  readonly hedgeMinContracts: Decimal;
  readonly sellMinCoin: Decimal;
  /** Dust of this coin held at the domestic venue when the intent was planned. */
  readonly dustCoin: Decimal;
  readonly orders: readonly OrderView[];
  /** Attempts taken over from a process that died: they were never this process's tries. */
  readonly adopted: Readonly<Partial<Record<OrderPurpose, number>>>;
  readonly domestic: VenueTiming;
  readonly overseas: VenueTiming;
}

export type EntryStep =
  | SettleStep
  /** Commit the move (and the order's row, if any), then send. */
  | { readonly do: "move"; readonly to: IntentState; readonly send: SendOrder | undefined }
  | { readonly do: "send"; readonly send: SendOrder }
  /** Commit position, dust and the end state in one transaction. */
  | { readonly do: "end"; readonly to: "hedged" | "flat" | "abandoned"; readonly hedgedContracts: Decimal }
  /** Cannot progress by itself: alert, then careful retries. */
  | { readonly do: "needs-human"; readonly why: string };

export interface SendOrder {
  readonly purpose: OrderPurpose;
  readonly attempt: number;
  readonly qty: Decimal;
  /** Try 4 of a sell-back goes at market. */
  readonly atMarket: boolean;
}

/** The hedge's tries must be over within this after the domestic leg. */
const HEDGE_MS_MAX = 1_500;

/**
 * What a successor adds to the journal before it acts: every id the planned row allowed and that has no row yet, as
 * possibly sent until `sentAtMsMax`. Nothing before the domestic leg was begun: nothing was allowed then.
 */
export function adoptPreAuthorised(
  view: Pick<EntryView, "state" | "orders">,
  allowed: readonly PreAuthorised[],
  sentAtMsMax: number,
): OrderView[] {
  if (view.state === "planned") return [];
  const known = new Set(view.orders.map(({ clientOrderId }) => clientOrderId));
  return allowed
    .filter(({ clientOrderId }) => !known.has(clientOrderId))
    .map(({ clientOrderId, purpose, attempt, qtyMax }) => ({
      clientOrderId,
      purpose,
      attempt,
      qty: qtyMax,
      status: "created",
      filledQty: Decimal.ZERO,
      sentAtMsMax,
      emptyLookupsAtMs: [],
      burnedAtMs: undefined,
    }));
}

export function nextEntryStep(view: EntryView, nowMs: number): EntryStep {
  // Nothing new in either leg while an outcome is open: what a lost order did decides what is left to do.
  const open = openOrder(view.orders);
  if (open) return settleOrder(open, open.purpose === "hedge" ? view.overseas : view.domestic, nowMs);
  switch (view.state) {
    case "planned":
      return planned(view, nowMs);
    case "domestic-sending":
      return domesticSending(view);
    case "domestic-done":
      return domesticDone(view);
    case "overseas-sending":
      return overseasSending(view, nowMs);
    case "unwinding":
    case "needs-human":
      return unwinding(view);
    default:
      throw new RangeError(`expected an entry that is not over, was ${view.state}`);
  }
}

function planned(view: EntryView, nowMs: number): EntryStep {
  if (nowMs - view.plannedAtMs > PLANNED_MS_MAX) return end("abandoned");
  return { do: "move", to: "domestic-sending", send: send("buy", 1, view.qtyCoin) };
}

function domesticSending(view: EntryView): EntryStep {
  // A buy is never repeated: whatever its single order filled is what there is.
  if (filledOf(view.orders, "buy").isZero) return end("abandoned");
  return { do: "move", to: "domestic-done", send: undefined };
}

function domesticDone(view: EntryView): EntryStep {
  const hedged = filledOf(view.orders, "hedge");
  const left = qtyLeft(hedgeWanted(view), [hedged]);
  // Somebody who died may have hedged already.
  if (left.isZero && hedged.isPositive) return { do: "move", to: "overseas-sending", send: undefined };
  if (!left.isPositive || left.below(view.hedgeMinContracts))
    return { do: "move", to: "unwinding", send: undefined };
  const attempt = nextAttempt(ordersOf(view.orders, "hedge"));
  return { do: "move", to: "overseas-sending", send: send("hedge", attempt, left) };
}

function overseasSending(view: EntryView, nowMs: number): EntryStep {
  const hedged = filledOf(view.orders, "hedge");
  const left = qtyLeft(hedgeWanted(view), [hedged]);
  if (left.isZero && hedged.isPositive) return end("hedged", hedged);
  // Nothing hedged and nothing left: somebody who died has sold it back.
  if (left.isZero) return { do: "move", to: "unwinding", send: undefined };
  const attempt = nextAttempt(ordersOf(view.orders, "hedge"));
  const inTime = view.domesticDoneAtMs !== undefined && nowMs - view.domesticDoneAtMs < HEDGE_MS_MAX;
  if (attempt - adoptedOf(view, "hedge") <= HEDGE_TRIES && inTime && left.atLeast(view.hedgeMinContracts)) {
    return { do: "send", send: send("hedge", attempt, left) };
  }
  return { do: "move", to: "unwinding", send: undefined };
}

function unwinding(view: EntryView): EntryStep {
  const hedged = filledOf(view.orders, "hedge");
  const left = coinsUnhedged(view, hedged);
  const attempt = nextAttempt(ordersOf(view.orders, "unwind"));
  if (left.below(view.sellMinCoin) || !left.isPositive)
    return end(hedged.isPositive ? "hedged" : "flat", hedged);
  const tries = attempt - adoptedOf(view, "unwind");
  if (tries > UNWIND_TRIES && view.state !== "needs-human") {
    return { do: "needs-human", why: `${"unsold" satisfies Trouble}: ${left}` };
  }
  return { do: "send", send: send("unwind", attempt, left, tries >= UNWIND_TRIES) };
}

function adoptedOf(view: EntryView, purpose: OrderPurpose): number {
  return view.adopted[purpose] ?? 0;
}

/** Contracts to hedge: whole lots of what was bought, and not sold back by one who died, plus the dust. */
export function hedgeWanted(view: EntryView): Decimal {
  const kept = qtyLeft(filledOf(view.orders, "buy"), [filledOf(view.orders, "unwind")]);
  return hedgeSize(kept, view.dustCoin, view).qtyContracts;
}

/** Coins of this entry that are neither hedged nor sold back; dust of before is not this entry's to sell. */
export function coinsUnhedged(view: EntryView, hedgedContracts: Decimal): Decimal {
  const bought = filledOf(view.orders, "buy");
  const hedgedOwn = Decimal.min(bought, hedgedContracts.times(view.multiplier));
  return qtyLeft(bought.minus(hedgedOwn), [filledOf(view.orders, "unwind")]);
}

function send(purpose: OrderPurpose, attempt: number, qty: Decimal, atMarket = false): SendOrder {
  return { purpose, attempt, qty, atMarket };
}

function end(to: "hedged" | "flat" | "abandoned", hedgedContracts = Decimal.ZERO): EntryStep {
  return { do: "end", to, hedgedContracts };
}
