import { describe, expect, test } from "bun:test";
import { readSettings, SettingsError, schedulerFields } from "../../config.ts";
import { rulesOf, TRADING_RULES_DEFAULT } from "./trading-rules.ts";

const settingsOf = (env: Record<string, string>) =>
  readSettings(schedulerFields, { DATABASE_URL: "postgres://db.mine/schedulerx", ...env });
const textOf = (rules: unknown) =>
  JSON.stringify(rules, (_, value) => (value instanceof Set ? [...value] : value));

test("without settings trading goes by the defaults of the specification", () => {
  expect(textOf(rulesOf(settingsOf({})))).toBe(textOf({ ...TRADING_RULES_DEFAULT, bithumbAcceptMs: 20_000 }));
});

test("each number of the specification that may be set reaches what goes by it", () => {
  const { decision, watch, caution, feeRatios, holdingMs, bithumbAcceptMs } = rulesOf(
    settingsOf({
      ...{ AUTO_ENTRY_DISCOUNT_PCT: "1.5", AUTO_EXIT_GAIN_PCT: "3", SPREAD_PCT_MAX: "0.25" },
      ...{ AVERAGE_STEP_PCT: "0.4", AVERAGE_PAUSE_MS: "90000", FUNDING_HOURS: "24" },
      ...{ FUNDING_COST_PCT_MAX: "1.25", NAKED_SPOT: "alert", BITHUMB_ACCEPT_MS: "30000" },
      ...{ REST_AFTER_CLOSE_MS: "61000", REST_AFTER_EMPTY_ENTRY_MS: "31000" },
      ...{
        REST_AFTER_TROUBLE_MS: "700000",
        REST_MS_MAX: "800000",
        UNWINDS_MAX: "2",
        UNWINDS_WITHIN_MS: "120000",
      },
      ...{ UPBIT_FEE_PCT: "0.139", BITHUMB_FEE_PCT: "0.04", BYBIT_FEE_PCT: "0.1", BINANCE_FEE_PCT: "0.04" },
    }),
  );
  expect(textOf(decision)).toBe(
    textOf({
      ...{ autoEntryDiscount: "0.015", autoExitGain: "0.03", spreadMax: "0.0025", averageStep: "0.004" },
      ...{ averagePauseMs: 90_000, bookAgeMsMax: 2_000 },
    }),
  );
  expect([watch.fundingCostMax.toString(), watch.nakedSpot]).toEqual(["0.0125", "alert"]);
  expect(caution).toEqual({
    restMs: { closed: 61_000, "entry-empty": 31_000, unwound: 700_000, guardian: 700_000 },
    ...{ restMsMax: 800_000, unwindsMax: 2, unwindsWithinMs: 120_000 },
  });
  expect(feeRatios).toEqual({ upbit: "0.00139", bithumb: "0.0004", bybit: "0.001", binance: "0.0004" });
  expect([holdingMs, bithumbAcceptMs]).toEqual([86_400_000, 30_000]);
});

describe("no setting weakens a promise:", () => {
  const refused: readonly (readonly [name: string, values: readonly string[]])[] = [
    ["BITHUMB_ACCEPT_MS", ["19999", "0", "-1"]],
    ["SPREAD_PCT_MAX", ["0", "5.1", "-0.5", "0,5"]],
    ["AVERAGE_STEP_PCT", ["0", "0.0", "51"]],
    ["AVERAGE_PAUSE_MS", ["0", "999"]],
    ["AUTO_EXIT_GAIN_PCT", ["0", "51"]],
    ["AUTO_ENTRY_DISCOUNT_PCT", ["-1", "51"]],
    ["REST_AFTER_TROUBLE_MS", ["0", "21600001"]],
    ["REST_MS_MAX", ["599999"]],
    ["UNWINDS_MAX", ["0"]],
    ["FUNDING_HOURS", ["0"]],
    ["FUNDING_COST_PCT_MAX", ["0", "0.0", "-1", "100", "1,5"]],
    ["UPBIT_FEE_PCT", ["-0.05", "5.01"]],
    ["NAKED_SPOT", ["wait"]],
  ];
  for (const [name, values] of refused) {
    test(`${name} is none of ${values.join(", ")}`, () => {
      for (const value of values) expect(() => settingsOf({ [name]: value })).toThrow(SettingsError);
    });
  }
});
