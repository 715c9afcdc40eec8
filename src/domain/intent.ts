// The life of an intent (specification 3 and 4): its states, the moves between them, the ids of its orders, and what
// its planned row allows a process to finish when the store is lost meanwhile.
//
// Entry:  planned -> domestic-sending -> domestic-done -> overseas-sending -> hedged
//            |              | nothing filled                    | refused or unfilled after its tries
//            v              v                                   v
//         abandoned      abandoned                          unwinding -> flat, or hedged when a part was hedged
// Exit:   planned -> sending (both legs at once) -> closed, or parted when some of the position stays
//            |
//            v
//         abandoned
// Any state that is not an end may become needs-human, and goes on from there by careful retries to the same ends.

import { createHash } from "node:crypto";
import { Decimal } from "./decimal.ts";

export const INTENT_KINDS = ["entry", "exit"] as const;
export type IntentKind = (typeof INTENT_KINDS)[number];

export const INTENT_STATES = [
  "planned",
  "domestic-sending",
  "domestic-done",
  "overseas-sending",
  "unwinding",
  "sending",
  "needs-human",
  "hedged",
  "flat",
  "closed",
  "parted",
  "abandoned",
] as const;
export type IntentState = (typeof INTENT_STATES)[number];

/** The diagram: where an intent may go from each state. */
export const INTENT_MOVES: Readonly<
  Record<IntentKind, Partial<Record<IntentState, readonly IntentState[]>>>
> = {
  entry: {
    planned: ["domestic-sending", "abandoned"],
    "domestic-sending": ["domestic-done", "abandoned", "needs-human"],
    "domestic-done": ["overseas-sending", "unwinding", "needs-human"],
    "overseas-sending": ["hedged", "unwinding", "needs-human"],
    unwinding: ["flat", "hedged", "needs-human"],
    "needs-human": ["domestic-done", "abandoned", "hedged", "unwinding", "flat"],
  },
  exit: {
    planned: ["sending", "abandoned"],
    sending: ["closed", "parted", "needs-human"],
    "needs-human": ["closed", "parted"],
  },
};

export function isEnd(state: IntentState): boolean {
  return ["hedged", "flat", "closed", "parted", "abandoned"].includes(state);
}

/** Whether an intent of this kind may go from one state to the other. */
export function mayMove(kind: IntentKind, from: IntentState, to: IntentState): boolean {
  return INTENT_MOVES[kind][from]?.includes(to) ?? false;
}

/** Throws RangeError for a move the diagram does not have: a defect, never a venue's doing. */
export function checkMove(kind: IntentKind, from: IntentState, to: IntentState): void {
  if (!mayMove(kind, from, to)) throw new RangeError(`expected no move of an ${kind} from ${from} to ${to}`);
}

/**
 * - buy: the domestic leg of an entry; hedge: its overseas leg; unwind: selling back what could not be hedged
 * - sell and cover: the two legs of an exit
 */
export const ORDER_PURPOSES = ["buy", "hedge", "unwind", "sell", "cover"] as const;
export type OrderPurpose = (typeof ORDER_PURPOSES)[number];

const PURPOSE_CODE: Readonly<Record<OrderPurpose, string>> = {
  buy: "b",
  hedge: "h",
  unwind: "u",
  sell: "s",
  cover: "c",
};

const INTENT_ID_CHARS = 20;
const CHUNKS_MAX = 99;
/** A try each half minute for most of a year. */
const ATTEMPTS_MAX = 999_999;

/** A short id that is a function of the decision: the same decision taken twice is one intent. */
export function intentIdOf(decisionId: string): string {
  const hex = createHash("sha256").update(decisionId).digest("hex");
  // Base 32 of the first 100 bits.
  let bits = BigInt(`0x${hex.slice(0, 25)}`);
  let id = "";
  for (let index = 0; index < INTENT_ID_CHARS; index++) {
    id = "0123456789abcdefghjkmnpqrstvwxyz"[Number(bits & 31n)]! + id;
    bits >>= 5n;
  }
  return id;
}

/**
 * The client order id: a function of intent, purpose, chunk and attempt, at most 36 of A-Za-z0-9_-, so a restarted
 * process knows what a dead one may have sent.
 */
export function clientOrderIdOf(intentId: string, purpose: OrderPurpose, attempt: number, chunk = 0): string {
  if (!/^[0-9a-z]{20}$/.test(intentId)) throw new RangeError(`expected an intent id, was ${intentId}`);
  if (!Number.isInteger(attempt) || attempt < 1 || attempt > ATTEMPTS_MAX) {
    throw new RangeError(`expected an attempt from 1 to ${ATTEMPTS_MAX}, was ${attempt}`);
  }
  if (!Number.isInteger(chunk) || chunk < 0 || chunk > CHUNKS_MAX) {
    throw new RangeError(`expected a chunk from 0 to ${CHUNKS_MAX}, was ${chunk}`);
  }
  return `sx-${intentId}-${PURPOSE_CODE[purpose]}${chunk}-${attempt}`;
}

/** The intent of one of our orders; undefined for an id that is not ours. */
export function intentIdOfOrder(clientOrderId: string): string | undefined {
  return isOwnOrderId(clientOrderId) ? clientOrderId.slice(3, 3 + INTENT_ID_CHARS) : undefined;
}

/** Whether an order a venue shows can be one of ours. */
export function isOwnOrderId(clientOrderId: string): boolean {
  return /^sx-[0-9a-z]{20}-[bhusc]\d{1,3}-\d{1,6}$/.test(clientOrderId);
}

/** What a planned row allows beyond its first order. */
export interface PreAuthorised {
  readonly purpose: OrderPurpose;
  readonly attempt: number;
  readonly clientOrderId: string;
  /** Coins for domestic orders, contracts for overseas ones. */
  readonly qtyMax: Decimal;
}

export const HEDGE_TRIES = 3;
export const UNWIND_TRIES = 4;
export const EXIT_TRIES = 3;
/** How long, on the monotonic clock of the process that committed, the pre-authorised orders may still be sent. */
export const PRE_AUTHORISED_MS = 8_000;
/** A successor touches such an intent this long after that commit at the earliest. */
export const SUCCESSOR_WAIT_MS = 13_000;
/** An intent that has sent nothing is abandoned after this. */
export const PLANNED_MS_MAX = 10_000;

/** Hedge tries 1 to 3 and sell-backs 1 to 4, none larger than the whole entry. */
export function preAuthoriseEntry(
  intentId: string,
  size: { readonly qtyCoin: Decimal; readonly qtyContracts: Decimal },
): PreAuthorised[] {
  return [
    ...preAuthorise(intentId, "hedge", HEDGE_TRIES, size.qtyContracts),
    ...preAuthorise(intentId, "unwind", UNWIND_TRIES, size.qtyCoin),
  ];
}

/** Tries 1 to 3 of each leg. */
export function preAuthoriseExit(
  intentId: string,
  size: { readonly qtyCoin: Decimal; readonly qtyContracts: Decimal },
): PreAuthorised[] {
  return [
    ...preAuthorise(intentId, "sell", EXIT_TRIES, size.qtyCoin),
    ...preAuthorise(intentId, "cover", EXIT_TRIES, size.qtyContracts),
  ];
}

function preAuthorise(
  intentId: string,
  purpose: OrderPurpose,
  tries: number,
  qtyMax: Decimal,
): PreAuthorised[] {
  return Array.from({ length: tries }, (_, index) => {
    const attempt = index + 1;
    return { purpose, attempt, clientOrderId: clientOrderIdOf(intentId, purpose, attempt), qtyMax };
  });
}

/** Whether an order may still leave on the strength of the planned row alone. */
export function isPreAuthorised(
  allowed: readonly PreAuthorised[],
  order: { readonly clientOrderId: string; readonly qty: Decimal },
  sinceCommitMs: number,
): boolean {
  if (!(sinceCommitMs >= 0 && sinceCommitMs < PRE_AUTHORISED_MS)) return false;
  const found = allowed.find(({ clientOrderId }) => clientOrderId === order.clientOrderId);
  return found !== undefined && order.qty.isPositive && order.qty.atMost(found.qtyMax);
}

/** What an order became. "unknown" is looked up, never resent; "created" has a row and may have been sent by a dead process. */
export const ORDER_STATUSES = [
  "created",
  "sent",
  "unknown",
  "open",
  "done",
  "rejected",
  "never-arrived",
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** An outcome after which nothing more can happen to the order. */
export function isTerminal(status: OrderStatus): boolean {
  return status === "done" || status === "rejected" || status === "never-arrived";
}

/** The attempt after these; throws RangeError while an earlier one is not terminal: its outcome is looked up first. */
export function nextAttempt(
  orders: readonly { readonly attempt: number; readonly status: OrderStatus }[],
): number {
  const open = orders.find(({ status }) => !isTerminal(status));
  if (open) throw new RangeError(`expected attempt ${open.attempt} to be terminal, was ${open.status}`);
  return Math.max(0, ...orders.map(({ attempt }) => attempt)) + 1;
}

/** What is left to do of a quantity, from fills alone. Throws RangeError when more was filled than wanted. */
export function qtyLeft(wanted: Decimal, filled: Iterable<Decimal>): Decimal {
  const left = wanted.minus(Decimal.sum(filled));
  if (left.isNegative) throw new RangeError(`expected at most ${wanted} filled, was ${left.abs()} more`);
  return left;
}
