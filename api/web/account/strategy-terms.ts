// A strategy as the form has it and as the api takes it. Pure. Nothing is judged here but what cannot be sent: the api
// says what does not fit, field by field.

import type { Parts } from "./data.ts";

type Strategy = Parts["strategies"]["strategies"][number];
type ExitTerms = Parts["strategies"]["exitTerms"];

export const FORM_FIELDS = [
  "name",
  "seedAmountKrw",
  "seedDivision",
  "leverage",
  "tradeMode",
  "entryRate",
  "exitRate",
  "stopRate",
  "holdingHours",
  "coinMode",
  "selectedCoins",
  "allowAverageDown",
  "allowAverageUp",
] as const;
export type FormField = (typeof FORM_FIELDS)[number];
export type FormValues = Readonly<Record<FormField, string>>;

const HOUR_MS = 3_600_000;
export const ON = "on";

export const FORM_DEFAULT: FormValues = {
  ...{ name: "", seedAmountKrw: "10000000", seedDivision: "5", leverage: "2" },
  ...{ tradeMode: "custom", entryRate: "", exitRate: "", stopRate: "", holdingHours: "" },
  ...{ coinMode: "auto", selectedCoins: "", allowAverageDown: "", allowAverageUp: "" },
};

/** Which field of the form a fault of the api belongs to. */
export function fieldOf(parameter: string): FormField | undefined {
  const name = parameter.split(".")[0];
  return name === "holdingMsMax" ? "holdingHours" : FORM_FIELDS.find((field) => field === name);
}

/** `exitTerms` belong to the user and not to a strategy. */
export function valuesOf(strategy: Strategy, exitTerms: ExitTerms): FormValues {
  const { name, seedAmountKrw, seedDivision, leverage, tradeMode, entryRate, exitRate, coinMode } = strategy;
  const isCustom = tradeMode === "custom";
  return {
    ...{ name, seedAmountKrw: plain(seedAmountKrw), seedDivision: String(seedDivision) },
    ...{ leverage: String(leverage), tradeMode, coinMode },
    entryRate: isCustom ? plain(entryRate) : "",
    exitRate: isCustom ? plain(exitRate) : "",
    stopRate: exitTerms.stopRate === null ? "" : plain(exitTerms.stopRate),
    holdingHours: exitTerms.holdingMsMax === null ? "" : String(exitTerms.holdingMsMax / HOUR_MS),
    selectedCoins: strategy.selectedCoins.join(", "),
    allowAverageDown: strategy.allowAverageDown ? ON : "",
    allowAverageUp: strategy.allowAverageUp ? ON : "",
  };
}

/** The body for the api: all fields, so that a change says everything that was seen. */
export function bodyOf(values: FormValues): Record<string, unknown> {
  const text = (name: FormField) => values[name].replaceAll(",", "").trim();
  const whole = (name: FormField) => (text(name) === "" ? null : Number(text(name)));
  const isCustom = values.tradeMode === "custom";
  return {
    name: values.name.trim(),
    seedAmountKrw: text("seedAmountKrw"),
    ...{ seedDivision: whole("seedDivision"), leverage: whole("leverage"), tradeMode: values.tradeMode },
    ...(isCustom && { entryRate: text("entryRate") || "0", exitRate: text("exitRate") || "0" }),
    stopRate: text("stopRate") || null,
    holdingMsMax: text("holdingHours") === "" ? null : Math.round(Number(text("holdingHours")) * HOUR_MS),
    coinMode: values.coinMode,
    selectedCoins:
      values.coinMode === "custom"
        ? [
            ...new Set(
              values.selectedCoins
                .toUpperCase()
                .split(/[\s,]+/)
                .filter(Boolean),
            ),
          ]
        : [],
    allowAverageDown: values.allowAverageDown === ON,
    allowAverageUp: values.allowAverageUp === ON,
  };
}

/** KRW of one entry, whole; undefined while the fields make no sense. */
export function sliceOf(values: Pick<FormValues, "seedAmountKrw" | "seedDivision">): string | undefined {
  const seed = values.seedAmountKrw.replaceAll(",", "").trim();
  const division = values.seedDivision.trim();
  if (!/^\d{1,10}(\.\d{1,8})?$/.test(seed) || !/^[1-9]\d{0,6}$/.test(division)) return undefined;
  return String(BigInt(seed.split(".")[0]!) / BigInt(division));
}

/** "1365.10000000" -> "1365.1": as one would type it. */
export function plain(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}
