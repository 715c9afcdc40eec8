// What the scheduler trades by.

import * as v from "valibot";
import { amountKrw, type Fields, integer, percent, text } from "./field.ts";
import { autoExitGainField } from "./shared.ts";

/** What entries and exits are decided by (specification: targets, guard, add-ons, break-even). */
export const decisionFields = {
  AUTO_ENTRY_DISCOUNT_PCT: {
    about: "In auto mode an entry is at most the reference price less this, %.",
    default: "1",
    schema: percent(0, 50),
  },
  AUTO_EXIT_GAIN_PCT: autoExitGainField,
  SPREAD_PCT_MAX: {
    about: "No entry where the exit rate is further than this from the entry rate, % of the entry rate.",
    default: "0.5",
    schema: percent(0.01, 5),
  },
  AVERAGE_STEP_PCT: {
    about: "An entry into an open position is at least this much below or above the last one, %.",
    default: "0.3",
    schema: percent(0.01, 50),
  },
  AVERAGE_PAUSE_MS: {
    about: "And at least so long after it.",
    default: "60000",
    schema: integer(1_000, 86_400_000),
  },
  FUNDING_HOURS: {
    about:
      "Funding is expected over so many hours: in the break-even of each decision and for FUNDING_COST_PCT_MAX.",
    default: "8",
    schema: integer(1, 720),
  },
  UPBIT_FEE_PCT: feeField("Upbit", "0.05"),
  BITHUMB_FEE_PCT: feeField("Bithumb", "0.25"),
  BYBIT_FEE_PCT: feeField("Bybit", "0.055"),
  BINANCE_FEE_PCT: feeField("Binance", "0.05"),
} as const satisfies Fields;

function feeField<const D extends string>(venue: string, fee: D) {
  return {
    about: `Taker's fee at ${venue} where the account does not tell its own, %.`,
    default: fee,
    schema: percent(0, 5),
  } as const;
}

/** How the engine keeps away from trouble. */
export const cautionFields = {
  REST_AFTER_CLOSE_MS: {
    about: "A user's coin rests so long after a position in it is closed.",
    default: "60000",
    schema: integer(1_000, 21_600_000),
  },
  REST_AFTER_EMPTY_ENTRY_MS: {
    about: "And so long after an entry that filled nothing.",
    default: "30000",
    schema: integer(1_000, 21_600_000),
  },
  REST_AFTER_TROUBLE_MS: {
    about:
      "And so long after an entry was sold back or the guardian closed: each time twice as long, until a round trip was clean.",
    default: "600000",
    schema: integer(1_000, 21_600_000),
  },
  REST_MS_MAX: {
    about: "But never longer than this, at least REST_AFTER_TROUBLE_MS.",
    default: "21600000",
    schema: integer(1_000, 604_800_000),
  },
  UNWINDS_MAX: {
    about:
      "So many entries in one coin, of all users, sold back within UNWINDS_WITHIN_MS switch its entries off until an operator switches them on.",
    default: "3",
    schema: integer(1, 100),
  },
  UNWINDS_WITHIN_MS: {
    about: "See UNWINDS_MAX.",
    default: "300000",
    schema: integer(10_000, 86_400_000),
  },
  NAKED_SPOT: {
    about:
      "When a short is gone by a liquidation or somebody's hand: sell, its coins are sold at once; alert, its user is told, and they wait.",
    default: "sell",
    schema: v.picklist(["sell", "alert"], "expected sell or alert"),
  },
  BITHUMB_ACCEPT_MS: {
    about:
      "Bithumb may carry out an order so long after it was signed: no outcome that is not known is final before. Longer is safer and slower.",
    default: "20000",
    schema: integer(20_000, 600_000),
  },
} as const satisfies Fields;

/** Limits for everybody; users' own may be stricter or wider (our table of limits). Not set: no limit. */
export const riskFields = {
  SLICE_KRW_MAX: { about: "Largest single entry, KRW.", schema: amountKrw },
  USER_NOTIONAL_KRW_MAX: { about: "Most KRW a user may have in open positions.", schema: amountKrw },
  COIN_NOTIONAL_KRW_MAX: { about: "Most KRW all users may have in one coin.", schema: amountKrw },
  SERVICE_NOTIONAL_KRW_MAX: { about: "Most KRW all users may have in all.", schema: amountKrw },
  DAILY_LOSS_KRW_MAX: {
    about: "After losing so much since 00:00 KST a user's entries stop for the day, KRW.",
    schema: amountKrw,
  },
  OPEN_POSITIONS_MAX: { about: "Most open positions of a user.", schema: integer(1, 10_000) },
  FUNDING_COST_PCT_MAX: {
    about:
      "When a held coin's funding is expected to cost more than this over FUNDING_HOURS its holders are told, % of the position.",
    default: "0.5",
    schema: v.pipe(
      v.string(),
      v.regex(/^(?!0*\.?0*$)\d{1,2}(\.\d{1,4})?$/, "expected a percentage above 0 and below 100"),
    ),
  },
  LEVERAGE_MAX: { about: "Highest leverage a strategy may ask for.", default: "5", schema: integer(1, 20) },
  NEVER_COINS: {
    about: "Coins that are never traded, with commas between: BTT,LUNC.",
    schema: v.pipe(
      text,
      v.regex(/^[A-Z0-9]{1,20}(,[A-Z0-9]{1,20})*$/, "expected tickers with commas between"),
    ),
  },
} as const satisfies Fields;
