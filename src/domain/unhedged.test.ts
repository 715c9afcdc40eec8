import { expect, test } from "bun:test";
import { Decimal } from "./decimal.ts";
import { unhedgedKrw } from "./unhedged.ts";

const D = Decimal.of;
const fill = (purpose: "buy" | "hedge" | "unwind" | "sell" | "cover", qty: string, price: string) => {
  return { purpose, qty: D(qty), price: D(price) };
};
const of = (...fills: ReturnType<typeof fill>[]) =>
  unhedgedKrw({ multiplier: D("1000"), priceKrw: D("20"), fills }).toString();

const CASES: readonly (readonly [what: string, krw: string, fills: ReturnType<typeof fill>[]])[] = [
  ["nothing yet", "0", []],
  // 3,000 PEPE for 62,000 KRW.
  ["bought", "62000", [fill("buy", "1000", "20"), fill("buy", "2000", "21")]],
  [
    "bought and hedged in part",
    "20667",
    [fill("buy", "1000", "20"), fill("buy", "2000", "21"), fill("hedge", "2", "0.01")],
  ],
  ["bought and hedged", "0", [fill("buy", "3000", "20"), fill("hedge", "3", "0.01")]],
  ["bought and sold back in part", "10000", [fill("buy", "3000", "20"), fill("unwind", "2500", "19")]],
  ["an exit whose coins are sold", "66000", [fill("sell", "3000", "22")]],
  ["an exit whose short is bought back, at the price known before", "60000", [fill("cover", "3", "0.01")]],
  ["an exit with both legs gone", "0", [fill("sell", "3000", "22"), fill("cover", "3", "0.01")]],
];

for (const [what, krw, fills] of CASES) {
  test(`PEPE, 1,000 coins a contract: ${what} is ${krw} KRW`, () => expect(of(...fills)).toBe(krw));
}
