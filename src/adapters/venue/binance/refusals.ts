// What Binance's refusals of an order mean: {"code":-2019,"msg":"..."} with a 4xx, or one of three texts with 503.
// An id has to be unique among open orders only, so that of a refused order is free. Letters as in docs/venues.md.

import * as v from "valibot";
import {
  type AnswerRules,
  LIMIT_STATUSES,
  type RefusalRow,
  type StatusRow,
  type VenueWords,
} from "../order-answer.ts";
import { check, readJson } from "../parsed.ts";

export const BINANCE_ROWS: readonly RefusalRow[] = [
  {
    codes: [-1000, -1001, -1004, -1006, -1007, -1010],
    kind: "unknown",
    idStillFree: false,
    why: "disconnected, time-out or an unexpected answer inside: execution status unknown D",
  },
  {
    codes: [-1003, -1015, -1034],
    kind: "limited",
    idStillFree: true,
    why: "too much weight, too many orders or connections D",
  },
  {
    codes: [-1008],
    kind: "limited",
    idStillFree: true,
    why: "system throttling, said before matching; reducing orders are exempt D",
  },
  {
    codes: [-1002, -1005, -1011, -1022, -1099, -1109, -2008, -2014, -2015, -2017],
    kind: "key",
    idStillFree: true,
    why: "signature, key, address or permission; -2015 is one code for the last three D",
  },
  { codes: [-1021, -5028], kind: "clock", idStillFree: true, why: "outside recvWindow D" },
  {
    codes: [-2018, -2019, -2027, -2028, -4050, -4051],
    kind: "funds",
    idStillFree: true,
    why: "balance or margin too low, or the position too large for its leverage D C",
  },
  {
    codes: [-4164, -4003, -4004],
    kind: "minimum",
    idStillFree: true,
    why: "notional or quantity below the smallest D",
  },
  {
    codes: [-1013, -1111, -4005, -4023],
    kind: "quantity",
    idStillFree: true,
    why: "off its step, above the maximum, too many digits D R",
  },
  {
    codes: [-4001, -4002, -4013, -4014, -4016, -4024, -4029, -4131, -4183, -4184],
    kind: "price",
    idStillFree: true,
    why: "off its increment, outside the band, or no counterparty within it (-4131) D",
  },
  {
    codes: [-2022, -4118, -2024],
    kind: "nothing-to-reduce",
    idStillFree: true,
    why: "reduce-only refused: the short is gone or smaller D",
  },
  {
    codes: [-1121, -1122, -1016, -2023, -4087, -4088, -4108, -4140, -4141, -4192, -4400, -4401, -4402, -4403],
    kind: "closed",
    idStillFree: true,
    why: "symbol not open, account in liquidation, or only reducing allowed D C",
  },
  {
    codes: [-4061, -4060],
    kind: "mode",
    idStillFree: true,
    why: "position side does not fit the position mode D",
  },
  {
    codes: [-4116, -4115],
    kind: "duplicate",
    idStillFree: false,
    why: "the id belongs to an open order; says nothing of what that one did D",
  },
  {
    codes: [-2011, -2013],
    kind: "unknown-order",
    idStillFree: true,
    why: "only of look-ups and cancellations D",
  },
  {
    codes: [-1014, -1020, -1023],
    kind: "other",
    idStillFree: true,
    why: "not a combination it knows: a defect of ours D",
  },
  {
    codes: /^-11\d\d /,
    kind: "other",
    idStillFree: true,
    why: "the rest of 11xx: the request is malformed, a defect of ours D",
  },
  {
    codes: /^-20\d\d /,
    kind: "other",
    idStillFree: true,
    why: "the rest of 20xx: the order was refused in processing D",
  },
  {
    codes: /^-[45]\d\d\d /,
    kind: "other",
    idStillFree: true,
    why: "the rest of 40xx to 50xx: filters and account rules D",
  },
];

const CLOSED_503: StatusRow = {
  kind: "closed",
  idStillFree: true,
  why: '503 "Service Unavailable" and "Internal error; unable to process": the request has failed D',
};
const UNKNOWN: StatusRow = {
  kind: "unknown",
  idStillFree: false,
  why: '"Unknown error, please check your request": it may have been carried out, whatever code stands beside it D R',
};

/** The three meanings of 503, and the text that makes any answer unknown. */
function first(status: number, words: VenueWords | undefined): StatusRow | undefined {
  if (words === undefined) return undefined;
  if (/^unknown error\b/i.test(words.message)) return UNKNOWN;
  if (status !== 503) return undefined;
  if (words.code === "-1008")
    return BINANCE_ROWS.find(({ codes }) => Array.isArray(codes) && codes.includes(-1008));
  if (/^service unavailable\b/i.test(words.message)) return CLOSED_503;
  if (/^internal error\b.*unable to process/i.test(words.message)) return CLOSED_503;
  return UNKNOWN;
}

const Words = v.object({ code: v.optional(v.string(), ""), msg: v.string() });

/** Words under any code: which one stands beside the 503 texts is not documented. */
function wordsIn(text: string): VenueWords | undefined {
  const json = readJson(text);
  const one =
    json.ok && Array.isArray(json.value) && json.value.length === 1 ? json.value[0] : json.ok && json.value;
  const words = check(Words, one);
  return words.ok ? { code: words.value.code, message: words.value.msg } : undefined;
}

export const BINANCE_RULES: AnswerRules = {
  rows: BINANCE_ROWS,
  wordsIn,
  statuses: new Map([
    ...LIMIT_STATUSES,
    [403, { kind: "limited", idStillFree: true, why: "the web firewall: it never came through D" }],
  ]),
  first,
};
