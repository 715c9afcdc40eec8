import { expect, test } from "bun:test";
import { readSettings, SettingsError, schedulerFields } from "../../config.ts";
import { watchOf } from "./trading.ts";

const settingsOf = (percent: string) => {
  const { FUNDING_COST_PCT_MAX } = schedulerFields;
  return readSettings({ FUNDING_COST_PCT_MAX }, { FUNDING_COST_PCT_MAX: percent });
};

test("the cost of funding that is told of is set in percent, and is half a percent otherwise", () => {
  expect(watchOf(settingsOf("")).fundingCostMax.toString()).toBe("0.005");
  expect(watchOf(settingsOf("1.25")).fundingCostMax.toString()).toBe("0.0125");
  for (const odd of ["0", "0.0", "-1", "100", "1,5"]) expect(() => settingsOf(odd)).toThrow(SettingsError);
});
