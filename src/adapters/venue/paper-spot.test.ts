// Upbit and Bithumb on paper, on books set by hand: exact fills, fees and balances, and every refusal.

import { expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { balancesOf, fillsOf, kindOf, kitWithBooks, shown, TIMEOUT_MS } from "./paper-looks-testing.ts";
import { paperListing, paperOrder } from "./paper-testing.ts";

const d = (text: string) => Decimal.of(text);

test("a KRW-BTC buy fills level by level up to its limit, with the fee on top", async () => {
  const venue = kitWithBooks().venues.open("upbit", 1);
  const order = paperOrder("a", "buy 0.5 KRW-BTC at 100200000");
  expect(await venue.place(order, TIMEOUT_MS)).toEqual({ kind: "accepted", venueOrderId: "paper-a" });
  expect(shown(await fillsOf(venue, order))).toEqual([
    "0.1 at 100000000, 5000 KRW",
    "0.2 at 100100000, 10010 KRW",
  ]);
  // 100,000,000 - 10,000,000 - 20,020,000 - 15,010
  expect(await balancesOf(venue)).toEqual({ KRW: "69964990 0", BTC: "0.3 0" });
});

test("a KRW-BTC sale at market walks the bids and pays its fee from the proceeds", async () => {
  const kit = kitWithBooks();
  const venue = kit.venues.open("bithumb", 1);
  await venue.place(paperOrder("a", "buy 0.3 KRW-BTC at 100100000"), TIMEOUT_MS);
  const order = paperOrder("b", "sell 0.25 KRW-BTC");
  expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe("accepted");
  expect(shown(await fillsOf(venue, order))).toEqual([
    "0.1 at 99900000, 24975 KRW",
    "0.15 at 99800000, 37425 KRW",
  ]);
  // 100,000,000 - 30,020,000 - 75,050 + 24,960,000 - 62,400
  expect(await balancesOf(venue)).toEqual({ KRW: "94802550 0", BTC: "0.05 0" });
});

test("a limit below the best ask is accepted, fills nothing, and its id is used up", async () => {
  const venue = kitWithBooks().venues.open("upbit", 1);
  const order = paperOrder("a", "buy 0.1 KRW-BTC at 99999000");
  expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe("accepted");
  expect(await fillsOf(venue, order)).toEqual([]);
  expect(await balancesOf(venue)).toEqual({ KRW: "100000000 0" });
  expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe("duplicate");
});

test("a market that tells its own increment keeps it; else the increment is that of the limit's band", async () => {
  const kit = kitWithBooks();
  const venue = kit.venues.open("upbit", 1);
  const book = { asks: [[1_001, 100]], bids: [[999, 100]] } as const;
  kit.setBook("upbit", "KRW-ETH", book);
  expect(kindOf(await venue.place(paperOrder("a", "buy 10 KRW-ETH at 1000.5"), TIMEOUT_MS))).toBe("price");
  expect(kindOf(await venue.place(paperOrder("b", "buy 10 KRW-ETH at 5003"), TIMEOUT_MS))).toBe("price");
  expect(String((await venue.rules("KRW-ETH")).priceIncrement)).toBe("1");
  kit.setListing(paperListing("upbit", "ETH", { priceIncrement: "0.5" }));
  expect(kindOf(await venue.place(paperOrder("c", "buy 10 KRW-ETH at 1000.5"), TIMEOUT_MS))).toBe("accepted");
  expect(String((await venue.rules("KRW-ETH")).priceIncrement)).toBe("0.5");
});

const refused: readonly (readonly [text: string, kind: string])[] = [
  ["buy 1 KRW-BTC at 100300000", "funds"],
  ["buy 0.9996 KRW-BTC at 100000000", "funds"], // the fee no longer fits
  ["sell 0.1 KRW-BTC at 99900000", "funds"],
  ["buy 0.00004 KRW-BTC at 100000000", "minimum"],
  ["buy 0.123456789 KRW-BTC at 100000000", "quantity"],
  ["buy 0.1 KRW-BTC at 100000500", "price"],
  ["buy 0.1 KRW-XYZ at 100000000", "closed"],
  ["buy 0.1 KRW-BTC", "unsent"], // by money there
  ["buy 0.1 KRW-ETH at 5000000", "unsent"], // no book
];
for (const [text, kind] of refused) {
  test(`"${text}" is answered with ${kind}, leaves nothing, and its id stays free`, async () => {
    const venue = kitWithBooks().venues.open("upbit", 1);
    const order = paperOrder("a", text);
    const outcome = await venue.place(order, TIMEOUT_MS);
    expect(kindOf(outcome)).toBe(kind);
    if (outcome.kind === "rejected") expect(outcome.rejection.idStillFree).toBe(true);
    expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
    expect(await balancesOf(venue)).toEqual({ KRW: "100000000 0" });
    const next = paperOrder("a", "buy 0.1 KRW-BTC at 100000000");
    expect(kindOf(await venue.place(next, TIMEOUT_MS))).toBe("accepted");
  });
}

test("the largest buy the account can pay is taken, to the last won", async () => {
  const kit = kitWithBooks({ startBalances: { upbit: d("10005000") } });
  const venue = kit.venues.open("upbit", 1);
  expect(kindOf(await venue.place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), TIMEOUT_MS))).toBe(
    "accepted",
  );
  expect(await balancesOf(venue)).toEqual({ KRW: "0 0", BTC: "0.1 0" });
});

test("what is closed to entries can still be left", async () => {
  const kit = kitWithBooks();
  const venue = kit.venues.open("upbit", 1);
  await venue.place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), TIMEOUT_MS);
  kit.setListing(paperListing("upbit", "BTC", { tradable: false }));
  expect(kindOf(await venue.place(paperOrder("b", "buy 0.1 KRW-BTC at 100100000"), TIMEOUT_MS))).toBe(
    "closed",
  );
  expect(kindOf(await venue.place(paperOrder("c", "sell 0.1 KRW-BTC at 99000000"), TIMEOUT_MS))).toBe(
    "accepted",
  );
  expect((await venue.rules("KRW-BTC")).tradable).toBe(false);
});

test("a crossed book is none to trade on", async () => {
  const kit = kitWithBooks();
  kit.setBook("upbit", "KRW-BTC", { asks: [[100_000_000, 1]], bids: [[100_000_000, 1]] });
  const outcome = await kit.venues
    .open("upbit", 1)
    .place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), TIMEOUT_MS);
  expect(outcome.kind).toBe("unsent");
});
