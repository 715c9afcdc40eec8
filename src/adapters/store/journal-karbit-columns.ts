// The figures of a row for Karbit's `positions`, made to fit: rounded half-up to what each column keeps, and where a
// figure is larger than its column (coins counted in tens of billions), the largest the column holds. Exact figures
// are in our own tables.

import type { positions } from "../../../schema/tables/karbit.ts";
import { Decimal } from "../../domain/decimal.ts";

type KarbitColumns = Pick<
  typeof positions.$inferInsert,
  | ("leverage" | "krExchange" | "frExchange" | "krOrderId" | "frOrderId")
  | ("krPrice" | "krVolume" | "krFunds" | "krFee" | "frPrice" | "frOriginalPrice" | "frVolume" | "frFunds")
  | ("frFee" | "frSlippage" | "usdtPrice" | "entryRate" | "exitRate" | "profit" | "profitRate")
>;

/** Throws RangeError for a figure that is missing or no decimal. */
export function asKarbitColumns(figures: Readonly<Record<string, string>>): KarbitColumns {
  const text = (name: string): string => {
    const value = figures[name];
    if (value === undefined) throw new RangeError(`expected ${name} in the row for Karbit, was none`);
    return value;
  };
  const amount = (name: string) => fit(text(name), { whole: 10, decimals: 8 });
  const rate = (name: string) => fit(text(name), { whole: 8, decimals: 2 });
  const closed = "profit" in figures;
  return {
    leverage: Number(text("leverage")),
    krExchange: text("krExchange"),
    frExchange: text("frExchange"),
    krOrderId: text("krOrderId"),
    frOrderId: text("frOrderId"),
    krPrice: amount("krPrice"),
    krVolume: amount("krVolume"),
    krFunds: amount("krFunds"),
    krFee: amount("krFee"),
    frPrice: amount("frPrice"),
    frOriginalPrice: amount("frOriginalPrice"),
    frVolume: amount("frVolume"),
    frFunds: amount("frFunds"),
    frFee: amount("frFee"),
    frSlippage: fit(text("frSlippage"), { whole: 6, decimals: 4 }),
    usdtPrice: rate("usdtPrice"),
    entryRate: rate("entryRate"),
    exitRate: closed ? rate("exitRate") : null,
    profit: closed ? fit(text("profit"), { whole: 16, decimals: 2 }) : null,
    profitRate: closed ? rate("profitRate") : null,
  };
}

function fit(
  text: string,
  { whole, decimals }: { readonly whole: number; readonly decimals: number },
): string {
  const largest = Decimal.of(`${"9".repeat(whole)}.${"9".repeat(decimals)}`);
  const value = Decimal.of(Decimal.of(text).toFixed(decimals));
  return Decimal.max(largest.negated(), Decimal.min(value, largest)).toFixed(decimals);
}
