// Ten thousand strategies over the bench's market, for the sections that measure trading. For every coin whose books
// are tight enough there are ten strategies whose targets only a fallen rate meets; everybody else's lie below that. A
// frame in which one row falls makes exactly those ten fire.

import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { createOrderBook, type OrderBook } from "../../src/domain/order-book.ts";
import type { RateRow } from "../../src/domain/rate-table.ts";
import type { Strategy } from "../../src/domain/strategy.ts";
import type { FreshBooks } from "../../src/ports/book-desk.ts";
import type { OpenPosition } from "../../src/ports/journal.ts";
import type { Trader } from "../../src/ports/traders.ts";
import { type BenchTick, evenTick, marketTicks, rowsOf, seededRandom } from "./books.ts";

export const STRATEGIES = 10_000;
export const FIRING = 10;
export const POSITIONS = 1_000;
/** KRW per USDT: within 3 % of the median entry rate of the bench's market (1,394), its auto targets below FALLEN. */
export const REFERENCE_KRW = 1_353;
/** Where the fallen row is, between the targets of the ten and those of the rest. No other row comes near it. */
const FALLEN_JEON = 134_300;
const NEAR_KRW = 1_355;
const FAR_KRW = 1_338;
const SPREAD_MAX = 0.004;
const SLICE_SEEDS_MAX = 10;
/** All ten take from the same books, which are so many times as deep as the frame says. */
const DEPTH = FIRING;

/** One row that can fall: its rates and books as they are. */
export interface Fallible {
  readonly row: RateRow;
  readonly books: Pick<FreshBooks, "domestic" | "overseas">;
  readonly symbols: Readonly<Record<"domestic" | "overseas", string>>;
  readonly multiplier: number;
}

export interface TradingGround {
  readonly rows: readonly RateRow[];
  readonly fallible: readonly Fallible[];
  readonly traders: readonly Trader[];
  /** Those of the first users; their strategies hold all they may. */
  readonly positions: readonly OpenPosition[];
}

/** `heldKrw`: entry target of the strategies that hold all they may, on all coins. */
export function tradingGround(heldKrw: number): TradingGround {
  const tick = evenTick([...marketTicks(1)][0]!);
  const rows = rowsOf(tick);
  const fallible = rows.flatMap((row, index) => (isTight(row) ? [fallibleOf(tick, row, index)] : []));
  const coins = [...new Set(fallible.map(({ row }) => row.coin))];
  const random = seededRandom(11);
  const traders = Array.from({ length: STRATEGIES }, (_, index): Trader => {
    const near = index - POSITIONS;
    const isHolding = index < POSITIONS;
    const isNear = !isHolding && near < coins.length * FIRING;
    const entryKrw = isHolding ? heldKrw : isNear ? NEAR_KRW + random() * 10 : FAR_KRW - random() * 90;
    return traderOf(index + 1, {
      entryRateTarget: Decimal.of(entryKrw.toFixed(2)),
      exitRateTarget: Decimal.of((entryKrw * 1.1).toFixed(2)),
      tradeMode: !isHolding && !isNear && random() < 0.2 ? "auto" : "custom",
      coinMode: isHolding ? "auto" : "custom",
      selectedCoins: new Set(isNear ? [coins[near % coins.length]!] : someCoins(coins, random)),
      seedAmountKrw: Decimal.of((1 + Math.floor(random() * SLICE_SEEDS_MAX)) * (isHolding ? 1e6 : 5e6)),
      seedDivision: isHolding ? 1 : 5,
    });
  });
  const positions = traders
    .slice(0, POSITIONS)
    .map((trader, index) => positionOf(trader, rows[index % rows.length]!));
  return { rows, fallible, traders, positions };
}

function isTight({ ratesJeon }: RateRow): boolean {
  for (let seed = 0; seed < SLICE_SEEDS_MAX; seed++) {
    const [entry, exit] = [ratesJeon[seed]!, ratesJeon[SEED_COUNT + seed]!];
    if (!(Math.abs(exit - entry) / entry < SPREAD_MAX)) return false;
  }
  return true;
}

function fallibleOf({ coins }: BenchTick, row: RateRow, index: number): Fallible {
  const { legs } = coins[Math.floor(index / PAIRS.length)]!;
  const { domestic, overseas } = PAIRS[row.pairIndex]!;
  return {
    row,
    books: { domestic: legs[domestic].book, overseas: legs[overseas].book },
    symbols: { domestic: `KRW-${row.coin}`, overseas: `${row.coin}USDT` },
    multiplier: legs[overseas].multiplier,
  };
}

function someCoins(coins: readonly string[], random: () => number): string[] {
  return Array.from({ length: 8 }, () => coins[Math.floor(random() * coins.length)]!);
}

function traderOf(
  id: number,
  strategy: Omit<Strategy, "strategyId" | "userId" | "leverage" | "allowAverageDown" | "allowAverageUp">,
): Trader {
  return {
    userId: id,
    strategy: {
      ...{ strategyId: id, userId: id, leverage: 2, allowAverageDown: false, allowAverageUp: false },
      ...strategy,
    },
    keys: { upbit: "usable", bithumb: "usable", bybit: "usable", binance: "usable" },
    liveConsent: true,
    stopRate: undefined,
    holdingMsMax: undefined,
  };
}

function positionOf({ userId, strategy }: Trader, { coin, pairIndex }: RateRow): OpenPosition {
  return {
    ...{ mode: "live", positionId: userId, userId, strategyId: strategy.strategyId, coin, leverage: 2 },
    pair: PAIRS[pairIndex]!.key,
    openedAtMs: 0,
    exitTerms: { tradeMode: "custom", exitRateTarget: "1990" },
    entries: [
      {
        ...{
          intentId: `entry-${userId}`,
          strategyId: strategy.strategyId,
          atMs: 0,
          qtyCoin: Decimal.of("12.345"),
          feeKrw: Decimal.of("500.25"),
        },
        ...{
          spentKrw: Decimal.of("1000000.123"),
          receivedUsdt: Decimal.of("721.4567"),
          feeUsdt: Decimal.of("0.4"),
        },
      },
    ],
    parts: [],
  };
}

export interface Frame {
  readonly rows: readonly RateRow[];
  readonly books: FreshBooks;
}

/** All rows a little elsewhere than in any other frame, and `fallen` fallen with its books. */
export function frameOf(
  { rows }: TradingGround,
  fallen: Fallible,
  tickAtMs: number,
  random: () => number,
): Frame {
  const ratio = FALLEN_JEON / fallen.row.ratesJeon[0]!;
  const moved = rows.map((row): RateRow => {
    const factor = row === fallen.row ? ratio : 1 + (random() - 0.5) * 0.002;
    return { ...row, tickAtMs, ratesJeon: row.ratesJeon.map((jeon) => Math.round(jeon * factor)) };
  });
  const { domestic, overseas } = fallen.books;
  // The overseas side: its prices may be as fine as they come out.
  return {
    rows: moved,
    books: { domestic: deeper(domestic, 1), overseas: deeper(overseas, 1 / ratio), atMs: tickAtMs },
  };
}

function deeper(book: OrderBook, ratio: number): OrderBook {
  const copy = createOrderBook(Math.max(book.askCount, book.bidCount));
  for (const side of ["ask", "bid"] as const) {
    for (let level = 0; level < book[`${side}Count`]; level++) {
      copy[`${side}Prices`][level] = Number((book[`${side}Prices`][level]! * ratio).toPrecision(9));
      copy[`${side}Qtys`][level] = book[`${side}Qtys`][level]! * DEPTH;
    }
    copy[`${side}Count`] = book[`${side}Count`];
  }
  return copy;
}
