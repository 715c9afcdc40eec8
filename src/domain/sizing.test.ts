import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "./decimal.ts";
import { bookOfLists } from "./json-book.ts";
import { closingChunks, hedgeSize, type SizingRules, sizeEntry } from "./sizing.ts";

const d = Decimal.of;
const RULES: SizingRules = {
  multiplier: d("1"),
  overseasLot: d("0.01"),
  overseasQtyMin: d("0.01"),
  overseasQtyMax: d("1000"),
  overseasNotionalMinUsdt: d("5"),
  domesticLot: d("0.00000001"),
  domesticQtyMax: d("1000"),
  incrementAtKrw: () => d("1000"),
  domesticNotionalMinKrw: d("5000"),
};
const KRW = bookOfLists({
  asks: [
    [4_600_000, 1],
    [4_601_000, 2],
    [4_650_000, 10],
  ],
  bids: [[4_599_000, 5]],
});
const USDT = bookOfLists({
  asks: [[3_301, 50]],
  bids: [
    [3_300, 1],
    [3_299, 50],
  ],
});

const UNBOUND = { overseasQtyMax: d("1e12"), domesticQtyMax: d("1e12"), incrementAtKrw: () => d("1") };

const entry = (over: Partial<Parameters<typeof sizeEntry>[0]> = {}) =>
  sizeEntry({
    sliceKrw: d("10000000"),
    rateMax: d("1400"),
    domestic: KRW,
    overseas: USDT,
    rules: RULES,
    freeKrw: d("100000000"),
    domesticFeeRatio: d("0.0005"),
    ...over,
  });

test("an entry buys whole lots for the slice, capped by the target and the deepest ask", () => {
  const sized = entry();
  // 1 + 5,400,000 / 4,601,000 = 2.1736... coins -> 2.17
  expect(sized).toMatchObject({ ok: true });
  if (!sized.ok) return;
  expect(sized.size.qtyCoin.toString()).toBe("2.17");
  expect(sized.size.qtyContracts.toString()).toBe("2.17");
  // deepest ask 4,601,000 x 1.002 = 4,610,202 -> 4,610,000; the target would allow 1400 x 3299.46 = 4,619,245
  expect(sized.size.capKrw.toString()).toBe("4610000");
  expect(sized.size.proceedsUsdt.toString()).toBe("7159.83");
});

test("a lower target lowers the cap and cuts the volume to what stands at or below it", () => {
  // 1394.4 x (7159.83 / 2.17) = 4,600,768 -> 4,600,000: only the first ask is left
  const sized = entry({ rateMax: d("1394.4") });
  expect(sized.ok && [sized.size.capKrw.toString(), sized.size.qtyCoin.toString()]).toEqual(["4600000", "1"]);
});

test("an entry is no larger than the largest order either venue takes, or its hedge would be refused", () => {
  const qtyWith = (rules: Partial<SizingRules>, rateMax = d("1400")) => {
    const sized = entry({ rateMax, rules: { ...RULES, ...rules } });
    const { qtyCoin, qtyContracts, proceedsUsdt } = (sized.ok && sized.size) || {};
    return [qtyCoin, qtyContracts, proceedsUsdt].map(String);
  };
  expect(qtyWith({ overseasQtyMax: d("1.505") })).toEqual(["1.5", "1.5", "4949.5"]);
  expect(qtyWith({ domesticQtyMax: d("1.209") })).toEqual(["1.2", "1.2", "3959.8"]);
  const thousands = {
    multiplier: d("1000"),
    overseasLot: d("0.00001"),
    overseasQtyMin: d("0.00001"),
    overseasNotionalMinUsdt: d("1"),
  };
  const ofThousands = qtyWith({ ...thousands, overseasQtyMax: d("0.0015") }, d("1400000"));
  expect(ofThousands.slice(0, 2)).toEqual(["1.5", "0.0015"]);
});

test("a cap that crosses into another band of prices stands on that band's increment", () => {
  const domestic = bookOfLists({ asks: [[4_998, 5_000]], bids: [[4_997, 5_000]] });
  const overseas = bookOfLists({ asks: [[3.6, 9_000]], bids: [[3.59, 9_000]] });
  const incrementAtKrw = (priceKrw: Decimal) => (priceKrw.atLeast(d("5000")) ? d("5") : d("1"));
  const sized = entry({ domestic, overseas, rules: { ...RULES, ...UNBOUND, incrementAtKrw } });
  // 4998 x 1.002 = 5007.996
  expect(sized.ok && sized.size.capKrw.toString()).toBe("5005");
});

test("each denial says its first reason", () => {
  const why = (over: Parameters<typeof entry>[0]) => {
    const sized = entry(over);
    return sized.ok ? "ok" : sized.why;
  };
  expect(why({ sliceKrw: d("9999999999") })).toBe("domestic-too-thin");
  expect(why({ sliceKrw: d("40000") })).toBe("below-one-lot");
  expect(why({ overseas: bookOfLists({ asks: [[3_301, 1]], bids: [[3_300, 1]] }) })).toBe(
    "overseas-too-thin",
  );
  expect(why({ rateMax: d("1300") })).toBe("cap-below-ask");
  expect(why({ rules: { ...RULES, overseasNotionalMinUsdt: d("5000") } })).toBe("below-minimum");
  expect(why({ rules: { ...RULES, domesticNotionalMinKrw: d("5000000") } })).toBe("below-minimum");
  expect(why({ freeKrw: d("10008701.84") })).toBe("krw-short");
  expect(why({ freeKrw: d("10008701.85") })).toBe("ok");
});

const levels = (direction: 1 | -1) =>
  fc
    .record({
      start: fc.integer({ min: 1_000, max: 1_000_000 }),
      steps: fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 ** 9 })), {
        minLength: 1,
        maxLength: 20,
      }),
    })
    .map(({ start, steps }) => {
      let price = start;
      return steps.flatMap(([step, qty]): [number, number][] => {
        price += step * direction;
        return price > 0 ? [[price, qty / 1e4]] : [];
      });
    });

test("no entry overspends, exceeds the book at its cap, pays worse than the target, or breaks a lot", () => {
  let sizedCount = 0;
  fc.assert(
    fc.property(
      levels(1),
      levels(-1),
      fc.integer({ min: 10_000, max: 10 ** 9 }),
      fc.integer({ min: 1, max: 10 ** 7 }),
      fc.constantFrom("1", "1000"),
      fc.constantFrom("0.001", "1", "10"),
      (asks, bids, slice, rate, multiplier, lot) => {
        const domestic = bookOfLists({ asks, bids: [[asks[0]![0] - 1, 1]] });
        if (bids.length === 0) return;
        const overseas = bookOfLists({ asks: [[bids[0]![0] + 1, 1]], bids });
        const rules = { ...RULES, multiplier: d(multiplier), overseasLot: d(lot), ...UNBOUND };
        const input = {
          sliceKrw: d(slice),
          rateMax: d(rate),
          domestic,
          overseas,
          rules,
          freeKrw: d("1e9"),
          domesticFeeRatio: d("0.0005"),
        };
        const sized = sizeEntry(input);
        if (!sized.ok) return;
        sizedCount++;
        const { qtyCoin, qtyContracts, capKrw, costMaxKrw, proceedsUsdt } = sized.size;
        expect(qtyContracts.toStep(d(lot), "down").equals(qtyContracts)).toBe(true);
        expect(qtyCoin.equals(qtyContracts.times(d(multiplier)))).toBe(true);
        expect(costMaxKrw.atMost(input.freeKrw)).toBe(true);
        const held = asks
          .filter(([price]) => price <= capKrw.toFloat())
          .map(([, qty]) => Decimal.ofFloat(qty));
        expect(qtyCoin.atMost(Decimal.sum(held))).toBe(true);
        // Even if every coin costs the cap, the rate is no worse than the target for the whole slice's proceeds.
        expect(
          capKrw.times(qtyCoin).atMost(input.rateMax.times(proceedsUsdt).plus(capKrw.times(d(lot)))),
        ).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
  expect(sizedCount).toBeGreaterThan(20);
});

test("two surpluses of 0.9 lot become one lot hedged and 0.8 dust, not 1.8 exposed", () => {
  const rules = { multiplier: d("1"), overseasLot: d("1") };
  const first = hedgeSize(d("0.9"), Decimal.ZERO, rules);
  expect([first.qtyContracts, first.dustAfterCoin].map(String)).toEqual(["0", "0.9"]);
  const second = hedgeSize(d("0.9"), first.dustAfterCoin, rules);
  expect([second.qtyContracts, second.matchedCoin, second.dustAfterCoin].map(String)).toEqual([
    "1",
    "1",
    "0.8",
  ]);
});

test("hedgeSize conserves coins and leaves less than a lot", () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((count) => d(`${count}e-8`));
  fc.assert(
    fc.property(
      amount,
      amount,
      fc.constantFrom("1", "1000"),
      fc.constantFrom("0.01", "1"),
      (fill, dust, m, lot) => {
        const rules = { multiplier: d(m), overseasLot: d(lot) };
        const { matchedCoin, dustAfterCoin } = hedgeSize(fill, dust, rules);
        expect(matchedCoin.plus(dustAfterCoin).equals(fill.plus(dust))).toBe(true);
        expect(dustAfterCoin.below(d(m).times(d(lot)))).toBe(true);
        expect(dustAfterCoin.isNegative).toBe(false);
      },
    ),
  );
});

test("closing chunks are below the maximum and add up", () => {
  expect(closingChunks(d("25"), d("10.7"), d("0.5")).map(String)).toEqual(["10.5", "10.5", "4"]);
  expect(() => closingChunks(d("1"), d("0.1"), d("1"))).toThrow(RangeError);
});
