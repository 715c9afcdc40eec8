// What Upbit's and Bithumb's refusals of an order mean. Both answer {"error":{"name","message"}}; the name is a word,
// or the HTTP status as an integer for what they did not name.
// Letters as in docs/venues.md: D documents, U unverified.

import { parseKrwRefusal } from "./krw-lists.ts";
import { type AnswerRules, LIMIT_STATUSES, type RefusalRow, type StatusRow } from "./order-answer.ts";

const bothSides = (stem: string) => [`${stem}_bid`, `${stem}_ask`, stem];

/** Refused at the gate, before the order was looked at: no id is used up. */
const GATE: readonly RefusalRow[] = [
  {
    codes: ["jwt_verification", "invalid_query_payload"],
    kind: "key",
    idStillFree: true,
    why: "the signature does not fit: a wrong secret, or a defect of ours D",
  },
  {
    codes: ["invalid_access_key", "expired_access_key", "no_authorization_token"],
    kind: "key",
    idStillFree: true,
    why: "the key is unknown, revoked or has ended D",
  },
  {
    codes: ["no_authorization_ip", "no_authorization_i_p", "NotAllowIP"],
    kind: "key",
    idStillFree: true,
    why: "the key is bound to other addresses; three spellings D",
  },
  {
    codes: ["out_of_scope", "blocked_member_id"],
    kind: "key",
    idStillFree: true,
    why: "the key lacks the permission, or the member is shut out; 401 or 403 D",
  },
  { codes: ["expired_jwt"], kind: "clock", idStillFree: true, why: "our time is off by too much D" },
  {
    codes: ["nonce_used"],
    kind: "unknown",
    idStillFree: false,
    why: "our nonce is fresh for every attempt: a used one means these very bytes came twice, and the first may stand",
  },
  {
    codes: ["too_many_requests", 429, 418],
    kind: "limited",
    idStillFree: true,
    why: "the limit said in a body under another status U",
  },
];

/** Refused as an order. Upbit burns the identifier of a refused order D; Bithumb does not say, so none counts as free. */
const ORDER: readonly RefusalRow[] = [
  {
    codes: bothSides("insufficient_funds"),
    kind: "funds",
    idStillFree: false,
    why: "balance too low, the fee on top included; at Bithumb not in the published table U",
  },
  {
    codes: [...bothSides("under_min_total"), ...bothSides("under_price_limit")],
    kind: "minimum",
    idStillFree: false,
    why: "below the smallest order; Bithumb's documents and its sibling's names differ D U",
  },
  {
    codes: bothSides("invalid_price"),
    kind: "price",
    idStillFree: false,
    why: "not a multiple of the price increment D",
  },
  {
    codes: [...bothSides("invalid_volume"), "volume_too_large", "over_max_total"],
    kind: "quantity",
    idStillFree: false,
    why: "more digits or more money than one order may have U",
  },
  {
    codes: [
      "market_does_not_exist",
      "market_not_found",
      "notfoundmarket",
      "market_offline",
      "invalid_market",
    ],
    kind: "closed",
    idStillFree: false,
    why: "no such market, or not trading U",
  },
  {
    codes: ["order_not_ready"],
    kind: "unknown",
    idStillFree: false,
    why: "said of an order that exists and is still being accepted D",
  },
  { codes: ["order_not_found"], kind: "unknown-order", idStillFree: false, why: "only of look-ups D" },
  {
    codes:
      /^(?=.*(identifier|client_?order_?id))(?=.*(already|duplicat|_used|been used|in use|exists|중복|이미|사용된))/is,
    kind: "duplicate",
    idStillFree: false,
    why: "neither venue names the refusal of a used id, so its name and text are searched U",
  },
  {
    codes: [
      ...bothSides("create").map((name) => `${name}_error`),
      "validation_error",
      "invalid_parameter",
      400,
    ],
    kind: "other",
    idStillFree: false,
    why: "parameters that do not fit together: a defect of ours; the integer name is the status D",
  },
  { codes: ["cross_trading"], kind: "other", idStillFree: false, why: "would have met our own order D" },
];

export const KRW_ROWS: readonly RefusalRow[] = [...GATE, ...ORDER];

/** Names that are in no table. */
function otherwise(status: number): StatusRow | undefined {
  if (status === 401 || status === 403) {
    return { kind: "key", idStillFree: true, why: "refused at the gate under a name not documented D" };
  }
  if (status === 409)
    return { kind: "duplicate", idStillFree: false, why: "a conflict can only be the id U" };
  if (status === 400 || status === 404) {
    return { kind: "other", idStillFree: false, why: "the venue read the order and refused it D" };
  }
  return undefined;
}

export const KRW_RULES: AnswerRules = {
  rows: KRW_ROWS,
  wordsIn: parseKrwRefusal,
  statuses: new Map(LIMIT_STATUSES),
  otherwise,
};
