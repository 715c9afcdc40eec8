// Random bodies of Upbit's and Bithumb's order book endpoint and their plain reading: one shape, one description.

import type { VenueBooks } from "../../ports/market-data.ts";
import type { ScannerCase } from "./scan-fuzz.ts";
import {
  cutSide,
  numberIn,
  numberText,
  type PlainBook,
  Printer,
  type Random,
  type Scanned,
  type ScanOptions,
  stampIn,
} from "./scan-testing.ts";

const MARKETS = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-비", "KRW-A"];
const LIMIT_NAMES = new Set(["429", "418", "too_many_requests"]);

export function krwScannerCase(books: VenueBooks): ScannerCase {
  return { books, document, reference };
}

function document(random: Random): { text: string; symbols: readonly string[] } {
  const printer = new Printer(random);
  const symbols = random.shuffled(MARKETS).slice(0, 1 + random.below(4));
  if (random.chance(0.05)) return { text: refusal(random, printer), symbols };
  const listed = random.chance(0.2) ? random.shuffled(MARKETS).slice(0, random.below(5)) : symbols;
  return {
    text: printer.space() + printer.array(listed.map((name) => market(random, printer, name))),
    symbols,
  };
}

function market(random: Random, printer: Printer, name: string): string {
  // A whole book of 30 now and then: in a small one a damage is met the sooner, and a hundred thousand are printed.
  const count = random.chance(0.02) ? 30 : random.pick([0, 1, 1, 2, 2, 3, 4, 8]);
  const paddedFrom = random.chance(0.3) ? random.below(count + 1) : count;
  const paddedSide = random.pick(["ask", "bid"]);
  const units = Array.from({ length: count }, (_, index) => {
    const value = (side: string) =>
      printer.number(index >= paddedFrom && side === paddedSide ? "0" : numberText(random));
    const members: [string, string][] = [
      ["ask_price", value("ask")],
      ["bid_price", value("bid")],
      ["ask_size", value("ask")],
      ["bid_size", value("bid")],
    ];
    const extra = random.chance(0.05) ? printer.strangers() : [];
    return printer.object(
      random.chance(0.2) ? random.shuffled([...members, ...extra]) : [...members, ...extra],
    );
  });
  const stamp = random.pick(["1751606867762", "1783657882348968", "null", '"1783657882348968"', "0"]);
  const members: (readonly [string, string])[] = [
    ["market", printer.text(name)],
    ...(random.chance(0.9) ? [["timestamp", stamp] as const] : []),
    ["total_ask_size", "10.37591054"],
    ["orderbook_units", printer.array(units)],
    ...printer.strangers(),
  ];
  return printer.object(random.chance(0.5) ? random.shuffled(members) : members);
}

function refusal(random: Random, printer: Printer): string {
  const name = random.pick([
    '"too_many_requests"',
    "429",
    "418",
    '"429"',
    "400",
    '"validation_error"',
    "500",
  ]);
  const error = printer.object([
    ["name", name],
    ["message", printer.text("요청")],
  ]);
  return printer.object([["error", error]]);
}

function reference(value: unknown, options: Required<ScanOptions>): Scanned {
  const books = new Map<string, PlainBook>();
  if (!Array.isArray(value)) {
    const { error, status } = value as { error?: { name?: unknown }; status?: unknown };
    if (typeof status === "string" && error === undefined) return { outcome: "refused", books };
    const name = error?.name;
    if (typeof name !== "string" && typeof name !== "number") throw new Error("expected an error body");
    return { outcome: LIMIT_NAMES.has(String(name)) ? "rate-limited" : "refused", books };
  }
  for (const entry of value as Record<string, unknown>[]) {
    const symbol = entry.market;
    if (typeof symbol !== "string") throw new Error("expected a market");
    if (options.unwanted.has(symbol)) continue;
    const units = entry.orderbook_units as Record<string, unknown>[];
    const asks = sideOf(units, "ask", options.limit.askQtyEnough, options.levelsMax);
    const bids = sideOf(units, "bid", options.limit.bidQtyEnough, options.levelsMax);
    books.set(symbol, {
      asks: asks.levels,
      bids: bids.levels,
      asksCut: asks.cut,
      bidsCut: bids.cut,
      stampAtMs: stampIn(entry.timestamp),
    });
  }
  return { outcome: books.size > 0 ? "ok" : "refused", books };
}

function sideOf(units: Record<string, unknown>[], side: "ask" | "bid", qtyEnough: number, levelsMax: number) {
  const levels = units.map(
    (unit) => [numberIn(unit[`${side}_price`]), numberIn(unit[`${side}_size`])] as [number, number],
  );
  const end = levels.findIndex(([price, qty]) => price === 0 || qty === 0);
  // Padding after enough was read counts as more: it is not looked at.
  return cutSide(end === -1 ? levels : levels.slice(0, end), qtyEnough, levelsMax, end !== -1);
}
