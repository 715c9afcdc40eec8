// What Bybit's refusals of an order mean. They come with HTTP 200 and a retCode other than 0; texts vary, so codes
// decide. Letters as in docs/venues.md: D documents, C ccxt, U unverified.

import { type AnswerRules, LIMIT_STATUSES, type RefusalRow } from "../order-answer.ts";
import { parseRefusal } from "./parse.ts";

export const BYBIT_ROWS: readonly RefusalRow[] = [
  {
    codes: [10000],
    kind: "unknown",
    idStillFree: false,
    why: "server time-out: it may have been carried out; look up by orderLinkId D",
  },
  {
    codes: [10016, 10019, 3400214],
    kind: "unknown",
    idStillFree: false,
    why: "internal error or restart: requests in process go on D",
  },
  {
    codes: [110079],
    kind: "unknown",
    idStillFree: false,
    why: "an order under this id is being processed D",
  },
  {
    codes: [110072, 110030, 10014],
    kind: "duplicate",
    idStillFree: false,
    why: "the id is used up; says nothing of what the first one did D",
  },
  {
    codes: [10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10028, 33004, -2015],
    kind: "key",
    idStillFree: true,
    why: "key, signature, permission, address, region or account type: refused at the gate D",
  },
  {
    codes: [10002, -1],
    kind: "clock",
    idStillFree: true,
    why: "outside the time window: refused at the gate D",
  },
  {
    codes: [10006, 10018, 10429, 429, 20003],
    kind: "limited",
    idStillFree: true,
    why: "too many requests, or the system protects itself and asks to retry D",
  },
  {
    codes: [110004, 110006, 110007, 110012, 110044, 110045, 110051, 110052, 110053, 110040, 170131],
    kind: "funds",
    idStillFree: false,
    why: "balance or margin too low for this order D",
  },
  { codes: [110094], kind: "minimum", idStillFree: false, why: "notional below the smallest D" },
  {
    codes: [110017],
    kind: "quantity",
    idStillFree: false,
    why: "rounds to zero; of a reducing order: there is no position (see bybitRules) D",
  },
  { codes: [110022], kind: "quantity", idStillFree: false, why: "more than may be ordered D" },
  {
    codes: [110003, 30208, 30209, 110116, 110118, 110120, 110121],
    kind: "price",
    idStillFree: false,
    why: "outside the band of prices, or no price in a thin book D",
  },
  { codes: [110034], kind: "nothing-to-reduce", idStillFree: false, why: "there is no net position D" },
  {
    codes: [
      110074, 110042, 110023, 30228, 110063, 110066, 110095, 110021, 10027, 10029, 110124, 110132, 110137,
    ],
    kind: "closed",
    idStillFree: false,
    why: "not live, being delisted or settled, reduce-only, or not for this account D",
  },
  {
    codes: [110024, 110025, 110028, 110029],
    kind: "mode",
    idStillFree: false,
    why: "about the position mode D",
  },
  {
    codes: /^10001 .*position ?idx/i,
    kind: "mode",
    idStillFree: false,
    why: "parameter error whose text names positionIdx: the account is in the other mode C",
  },
  {
    codes: /^10001 .*\b(qty|quantity)\b/i,
    kind: "quantity",
    idStillFree: false,
    why: "parameter error whose text names the quantity: off its step or above the maximum D",
  },
  {
    codes: /^10001 .*\bprice\b/i,
    kind: "price",
    idStillFree: false,
    why: "parameter error whose text names the price U",
  },
  {
    codes: [110001, 110008, 110010, 110019],
    kind: "unknown-order",
    idStillFree: false,
    why: "only of look-ups and cancellations D",
  },
  {
    codes: [10001, 10017, 10404],
    kind: "other",
    idStillFree: false,
    why: "a request not as it should be: a defect of ours D",
  },
  {
    codes: /^110\d{3} /,
    kind: "other",
    idStillFree: false,
    why: "the rest of the order module's codes: each says why an order was not taken (risk limits and the like) D",
  },
];

/**
 * The rules for one order. Codes in no row are unknown: other modules' codes can mean anything, and a look-up settles
 * it. A 5xx is unknown whatever it carries.
 */
export function bybitRules(order: { readonly reducesShort: boolean }): AnswerRules {
  return order.reducesShort ? REDUCING : OPENING;
}

const OPENING: AnswerRules = {
  rows: BYBIT_ROWS,
  wordsIn: parseRefusal,
  statuses: new Map([
    ...LIMIT_STATUSES,
    [
      403,
      {
        kind: "limited",
        idStillFree: true,
        why: "the address's limit, or its country: refused at the gate D",
      },
    ],
  ]),
};

const REDUCING: AnswerRules = {
  ...OPENING,
  rows: [
    {
      codes: [110017],
      kind: "nothing-to-reduce",
      idStillFree: false,
      why: "cut to the position, nothing was left of it D",
    },
    ...BYBIT_ROWS,
  ],
};
