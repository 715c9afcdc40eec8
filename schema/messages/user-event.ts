// What happened to one user's trading, for himself. JSON on the events stream, one subject per mode and user. Events are
// told after what they tell of was stored, and may be lost; the stored rows are the truth. Amounts are decimal texts.

import * as v from "valibot";
import { PAIR_KEYS, VENUES } from "../vocabulary.ts";
import { parseJson } from "./quote-task.ts";

const text = v.string();
const amount = v.pipe(v.string(), v.regex(/^-?\d{1,30}(\.\d{1,30})?$/, "expected a decimal number"));
const coin = v.string();
const pair = v.picklist(PAIR_KEYS);
const side = v.picklist(["buy", "sell"]);
const ofUser = {
  mode: v.picklist(["paper", "live"]),
  userId: v.pipe(v.number(), v.integer()),
  /** When it was told, epoch ms. */
  atMs: v.number(),
};
const ofOrder = {
  intentId: text,
  clientOrderId: text,
  coin,
  venue: v.picklist(VENUES),
  purpose: v.picklist(["buy", "hedge", "unwind", "sell", "cover"]),
  side,
};

export const DecisionEvent = v.object({
  kind: v.literal("decision"),
  ...ofUser,
  strategyId: v.number(),
  coin,
  pair,
  action: v.picklist(["enter", "exit", "hold"]),
  reason: text,
  context: text,
});
export const OrderEvent = v.object({
  kind: v.literal("order"),
  ...ofUser,
  ...ofOrder,
  symbol: text,
  /** In units of the venue's symbol. */
  qty: amount,
  limitPrice: v.pipe(v.nullable(amount), v.description("null: at market.")),
  status: v.picklist(["created", "sent", "unknown", "open", "done", "rejected", "never-arrived"]),
  refusal: v.pipe(v.nullable(text), v.description("The venue's code and words, when it refused.")),
});
export const FillEvent = v.object({
  kind: v.literal("fill"),
  ...ofUser,
  ...ofOrder,
  fillId: text,
  price: amount,
  qty: amount,
  fee: amount,
  feeAsset: text,
});
export const PositionEvent = v.object({
  kind: v.literal("position"),
  ...ofUser,
  intentId: text,
  strategyId: v.number(),
  coin,
  pair,
  state: v.pipe(
    v.picklist(["opened", "added", "parted", "closed"]),
    v.description("parted: some of the position was sold and some stays."),
  ),
  qtyCoin: v.pipe(amount, v.description("What came or went, coins.")),
  profitKrw: v.pipe(v.nullable(amount), v.description("null: not settled, or nothing was left.")),
});
export const AlertEvent = v.object({
  kind: v.literal("alert"),
  ...ofUser,
  level: v.picklist(["info", "alert"]),
  notice: v.pipe(text, v.description("What it is about, as a word: incident, guardian, key-fault.")),
  coin: v.nullable(coin),
  ko: text,
  en: text,
});
/** Some were lost: read the lists again. */
export const ResetEvent = v.object({ kind: v.literal("reset"), ...ofUser });

export const UserEvent = v.variant("kind", [
  DecisionEvent,
  OrderEvent,
  FillEvent,
  PositionEvent,
  AlertEvent,
  ResetEvent,
]);
export type PositionEvent = v.InferOutput<typeof PositionEvent>;
export type DecisionEvent = v.InferOutput<typeof DecisionEvent>;
export type UserEvent = v.InferOutput<typeof UserEvent>;

export function encodeUserEvent(event: UserEvent): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(event));
}

/** Throws MessageError naming what was expected and what was found. */
export function parseUserEvent(bytes: Uint8Array): UserEvent {
  return parseJson(UserEvent, bytes, "user event");
}
