// What trading goes by, from the settings: percent become ratios here, and hours milliseconds, and nowhere else.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { SchedulerSettings } from "../../config.ts";
import { Decimal } from "../../domain/decimal.ts";
import {
  CAUTION_DEFAULT,
  type CautionSettings,
  RISK_LIMITS_DEFAULT,
  type RiskLimits,
} from "../../domain/risk.ts";
import { HOLDING_MS_DEFAULT } from "../../domain/settlement.ts";
import { DECISION_SETTINGS_DEFAULT, type DecisionSettings } from "../../domain/strategy.ts";
import { FEE_RATIOS_DEFAULT } from "../../domain/venue-limits.ts";
import { WATCH_DEFAULT, type WatchSettings } from "../../trading/watch-positions.ts";

export interface TradingRules {
  readonly decision: DecisionSettings;
  readonly limits: RiskLimits;
  readonly watch: WatchSettings;
  readonly caution: CautionSettings;
  /** Takers' fees, ratios, where an account does not tell its own. */
  readonly feeRatios: Readonly<Record<Venue, string>>;
  /** Over which funding is expected. */
  readonly holdingMs: number;
  /** Undefined: as the adapter has it. */
  readonly bithumbAcceptMs: number | undefined;
}

export const TRADING_RULES_DEFAULT: TradingRules = {
  decision: DECISION_SETTINGS_DEFAULT,
  limits: RISK_LIMITS_DEFAULT,
  watch: WATCH_DEFAULT,
  caution: CAUTION_DEFAULT,
  feeRatios: FEE_RATIOS_DEFAULT,
  holdingMs: HOLDING_MS_DEFAULT,
  bithumbAcceptMs: undefined,
};

const HOUR_MS = 3_600_000;

export function rulesOf(settings: SchedulerSettings): TradingRules {
  return {
    decision: decisionOf(settings),
    limits: limitsOf(settings),
    watch: {
      ...WATCH_DEFAULT,
      fundingCostMax: ratioOf(settings.FUNDING_COST_PCT_MAX),
      nakedSpot: settings.NAKED_SPOT,
    },
    caution: {
      restMs: {
        closed: settings.REST_AFTER_CLOSE_MS,
        "entry-empty": settings.REST_AFTER_EMPTY_ENTRY_MS,
        unwound: settings.REST_AFTER_TROUBLE_MS,
        guardian: settings.REST_AFTER_TROUBLE_MS,
      },
      restMsMax: settings.REST_MS_MAX,
      unwindsMax: settings.UNWINDS_MAX,
      unwindsWithinMs: settings.UNWINDS_WITHIN_MS,
    },
    feeRatios: {
      upbit: ratioOf(settings.UPBIT_FEE_PCT).toString(),
      bithumb: ratioOf(settings.BITHUMB_FEE_PCT).toString(),
      bybit: ratioOf(settings.BYBIT_FEE_PCT).toString(),
      binance: ratioOf(settings.BINANCE_FEE_PCT).toString(),
    },
    holdingMs: settings.FUNDING_HOURS * HOUR_MS,
    bithumbAcceptMs: settings.BITHUMB_ACCEPT_MS,
  };
}

function decisionOf(settings: SchedulerSettings): DecisionSettings {
  return {
    ...DECISION_SETTINGS_DEFAULT,
    autoEntryDiscount: ratioOf(settings.AUTO_ENTRY_DISCOUNT_PCT),
    autoExitGain: ratioOf(settings.AUTO_EXIT_GAIN_PCT),
    spreadMax: ratioOf(settings.SPREAD_PCT_MAX),
    averageStep: ratioOf(settings.AVERAGE_STEP_PCT),
    averagePauseMs: settings.AVERAGE_PAUSE_MS,
  };
}

/** Everybody's limits. */
function limitsOf(settings: SchedulerSettings): RiskLimits {
  const amount = (text: string | undefined) => (text === undefined ? undefined : Decimal.of(text));
  return {
    ...RISK_LIMITS_DEFAULT,
    sliceKrwMax: amount(settings.SLICE_KRW_MAX),
    userNotionalKrwMax: amount(settings.USER_NOTIONAL_KRW_MAX),
    coinNotionalKrwMax: amount(settings.COIN_NOTIONAL_KRW_MAX),
    serviceNotionalKrwMax: amount(settings.SERVICE_NOTIONAL_KRW_MAX),
    dailyLossKrwMax: amount(settings.DAILY_LOSS_KRW_MAX),
    openPositionsMax: settings.OPEN_POSITIONS_MAX,
    leverageMax: Decimal.of(settings.LEVERAGE_MAX),
    neverCoins: new Set(settings.NEVER_COINS?.split(",") ?? []),
  };
}

function ratioOf(percent: string): Decimal {
  return Decimal.of(percent).dividedBy(Decimal.of(100), 8, "half-up");
}
