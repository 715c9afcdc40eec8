import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Listing } from "./instrument.ts";
import { confirmByPrice, isPlausible, matchCoin, proposeMultiplier } from "./multiplier.ts";

const KOREAN = new Set(
  "BTC PEPE SHIB SATS MOG BABYDOGE CHEEMS CAT TON LUNA LUNC 1INCH 0G 2Z 4 MATIC ELON INCH".split(" "),
);

describe("proposeMultiplier", () => {
  test.each([
    ["1000PEPE", "PEPE", 1_000],
    ["10000SATS", "SATS", 10_000],
    ["1000000MOG", "MOG", 1_000_000],
    ["1MBABYDOGE", "BABYDOGE", 1_000_000],
    ["SHIB1000", "SHIB", 1_000],
    ["1000CAT", "CAT", 1_000],
  ])("%s suggests %s x %d", (base, coin, multiplier) => {
    expect(proposeMultiplier(base)).toEqual({ coin, multiplier });
  });

  test.each([
    "BTC",
    "1INCH",
    "0G",
    "2Z",
    "4",
    "100X",
    "1000",
    "1000000000X",
    "C98",
    "LUNA2",
    "1M",
    "",
    "1000币",
  ])("%s suggests nothing", (base) => expect(proposeMultiplier(base)).toBeUndefined());

  test("only ever takes a power of ten that stands in the name", () => {
    const base = fc.stringMatching(/^[A-Z0-9]{1,12}$/);
    fc.assert(
      fc.property(base, (text) => {
        const proposal = proposeMultiplier(text);
        if (proposal === undefined) return;
        const prefix =
          proposal.multiplier === 1_000_000 && text.startsWith("1M") ? "1M" : String(proposal.multiplier);
        expect([`${prefix}${proposal.coin}`, `${proposal.coin}1000`]).toContain(text);
      }),
    );
  });
});

describe("matchCoin", () => {
  test.each([
    ["bybit", "BTC", "BTC", 1, "ticker"],
    ["bybit", "1000PEPE", "PEPE", 1_000, "table"],
    ["binance", "1000PEPE", "PEPE", 1_000, "table"],
    ["bybit", "SHIB1000", "SHIB", 1_000, "table"],
    ["binance", "1000SHIB", "SHIB", 1_000, "table"],
    ["bybit", "10000SATS", "SATS", 10_000, "table"],
    ["binance", "1000SATS", "SATS", 1_000, "table"],
    ["bybit", "1000000BABYDOGE", "BABYDOGE", 1_000_000, "table"],
    ["binance", "1MBABYDOGE", "BABYDOGE", 1_000_000, "table"],
    ["bybit", "1000000CHEEMS", "CHEEMS", 1_000_000, "table"],
    ["binance", "1000CHEEMS", "CHEEMS", 1_000, "table"],
    ["binance", "CAT", "CAT", 1, "ticker"],
    ["binance", "1000CAT", "CAT", 1_000, "table"],
    ["bybit", "1INCH", "1INCH", 1, "ticker"],
    ["bybit", "0G", "0G", 1, "ticker"],
    ["bybit", "2Z", "2Z", 1, "ticker"],
    ["binance", "4", "4", 1, "ticker"],
    ["bybit", "LUNA2", "LUNA", 1, "renamed"],
    ["bybit", "POL", "MATIC", 1, "renamed"],
    ["binance", "10000ELON", "ELON", 10_000, "proposed"],
  ] as const)("on %s %s is %s x %d by %s", (venue, base, coin, multiplier, basis) => {
    expect(matchCoin(venue, base, KOREAN)).toEqual({ coin, multiplier, basis });
  });

  test.each(["DOGE", "1000DOGE", "10000000INCHES", "3P", ""])("%s is of no Korean coin", (base) => {
    expect(matchCoin("bybit", base, KOREAN)).toBeUndefined();
  });

  test("Toncoin is never Upbit's TON, which is Tokamak Network, but is the GRAM it was renamed to", () => {
    expect(matchCoin("bybit", "TON", KOREAN)).toBeUndefined();
    expect(matchCoin("binance", "TON", new Set(["TON", "GRAM"]))).toEqual({
      coin: "GRAM",
      multiplier: 1,
      basis: "renamed",
    });
    expect(matchCoin("binance", "GRAM", new Set(["GRAM"]))?.basis).toBe("ticker");
  });

  test("a Korean ticker of the very name wins over what the name suggests", () => {
    expect(matchCoin("bybit", "1000PEPE", new Set(["PEPE", "1000PEPE"]))?.coin).toBe("1000PEPE");
    expect(matchCoin("binance", "POL", new Set(["POL", "MATIC"]))?.coin).toBe("POL");
  });
});

describe("isPlausible", () => {
  test("takes rates within a fifth of the median, bounds included", () => {
    expect(isPlausible(1200, 1000)).toBe(true);
    expect(isPlausible(800, 1000)).toBe(true);
    expect(isPlausible(1201, 1000)).toBe(false);
    expect(isPlausible(799, 1000)).toBe(false);
    expect(isPlausible(1050, 1000, 0.04)).toBe(false);
  });

  test.each([
    [Number.NaN, 1000],
    [1000, Number.NaN],
    [0, 1000],
    [-1000, -1000],
    [Number.POSITIVE_INFINITY, 1000],
    [1000, 0],
  ])("%d against %d is not", (rate, median) => expect(isPlausible(rate, median)).toBe(false));
});

describe("confirmByPrice", () => {
  const listing = (coin: string, symbol: string, multiplier: number): Listing => ({
    venue: "binance",
    coin,
    symbol,
    multiplier,
    displayName: coin,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  });
  const majors = ["BTC", "ETH", "XRP", "SOL", "ADA"].map((coin, index) => ({
    listing: listing(coin, `${coin}USDT`, 1),
    priceUsdt: 10 ** index,
  }));
  const pricesKrw = new Map([
    ...majors.map(({ listing: { coin }, priceUsdt }) => [coin, priceUsdt * 1400] as const),
    ["CAT", 0.014],
    ["ACE", 500],
  ]);
  const cat = { listing: listing("CAT", "CATUSDT", 1), priceUsdt: 0.02 };
  const thousandCat = { listing: listing("CAT", "1000CATUSDT", 1_000), priceUsdt: 0.01 };
  const impostor = { listing: listing("ACE", "ACEUSDT", 1), priceUsdt: 0.26 };

  test("takes the candidate whose rate agrees with the others, whatever the order", () => {
    for (const candidates of [
      [...majors, cat, thousandCat],
      [...majors, thousandCat, cat],
    ]) {
      const { confirmed, doubtful } = confirmByPrice(candidates, pricesKrw);
      expect(confirmed.map(({ symbol }) => symbol)).toContain("1000CATUSDT");
      expect(confirmed.length).toBe(6);
      expect(doubtful).toEqual([]);
    }
  });

  test("reports a same-ticker impostor with its rate", () => {
    const { confirmed, doubtful } = confirmByPrice([...majors, impostor], pricesKrw);
    expect(confirmed.length).toBe(5);
    expect(doubtful).toEqual([{ listing: impostor.listing, rate: 500 / 0.26, medianRate: 1400 }]);
  });

  test("doubts a coin without a price, and nothing at all when there is no median to judge by", () => {
    const unpriced = { listing: listing("XYZ", "XYZUSDT", 1), priceUsdt: 1 };
    expect(confirmByPrice([...majors, unpriced], pricesKrw).doubtful[0]!.listing.coin).toBe("XYZ");
    expect(confirmByPrice([impostor, cat], pricesKrw)).toEqual({
      confirmed: [impostor.listing, cat.listing],
      doubtful: [],
    });
  });
});
