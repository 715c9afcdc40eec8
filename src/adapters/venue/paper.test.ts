// Paper orders that get lost or late, two users at once, and a whole hedge against the settlement.

import { describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { legTotal, matchEntry, NO_DUST, positionTotals } from "../../domain/position.ts";
import { settle } from "../../domain/settlement.ts";
import type { TradingVenue, VenueOrder } from "../../ports/trading-venue.ts";
import { balancesOf, fillsOf, kindOf, kitWithBooks, shown, TIMEOUT_MS } from "./paper-looks-testing.ts";
import { paperKit, paperOrder } from "./paper-testing.ts";

const d = (text: string) => Decimal.of(text);

describe("What becomes of an order", () => {
  test("a lost answer is unknown; the look-up finds what was done, and the id does nothing more", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("upbit", 1);
    const order = paperOrder("a", "buy 0.1 KRW-BTC at 100000000");
    kit.store.lose = "after";
    expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "unknown" });
    expect(kit.log.said("warn")).toEqual(["order outcome unknown"]);
    expect(shown(await fillsOf(venue, order))).toEqual(["0.1 at 100000000, 5000 KRW"]);
    expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({
      kind: "rejected",
      rejection: { kind: "duplicate", idStillFree: false },
    });
    expect(await balancesOf(venue)).toEqual({ KRW: "89995000 0", BTC: "0.1 0" });
  });

  test("one lost on the way is unknown and absent", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("upbit", 1);
    const order = paperOrder("a", "buy 0.1 KRW-BTC at 100000000");
    kit.store.lose = "before";
    expect(await venue.place(order, TIMEOUT_MS)).toMatchObject({ kind: "unknown" });
    expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
  });

  test("nothing is taken up after the caller's time, however late the store looks at it", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("upbit", 1);
    const order = paperOrder("a", "buy 0.1 KRW-BTC at 100000000");
    let open = () => {};
    kit.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const placing = venue.place(order, 500);
    const looking = venue.lookup(order, 400);
    await kit.clock.advance(501);
    expect(await placing).toMatchObject({ kind: "unknown", why: "no answer within 500 ms" });
    expect(await looking).toMatchObject({ kind: "failed" });
    open();
    expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
    expect(kit.clock.sleeperCount).toBe(0);
    // What it would have taken is there again.
    const next = paperOrder("b", "buy 0.1 KRW-BTC at 100000000");
    await venue.place(next, TIMEOUT_MS);
    expect(await fillsOf(venue, next)).toHaveLength(1);
  });

  test("what may no longer be sent is not", async () => {
    const venue = kitWithBooks().venues.open("upbit", 1);
    const order = paperOrder("a", "buy 0.1 KRW-BTC at 100000000");
    expect(await venue.place(order, TIMEOUT_MS, { mayStillSend: () => false })).toMatchObject({
      kind: "unsent",
    });
    expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
  });

  test("a book that never comes leaves the order unsent in time", async () => {
    const kit = paperKit({ books: () => new Promise(() => {}) });
    const placing = kit.venues.open("upbit", 1).place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), 500);
    await kit.clock.advance(501);
    expect(await placing).toMatchObject({ kind: "unsent" });
  });

  test("an id of another symbol is not mistaken for the order", async () => {
    const venue = kitWithBooks().venues.open("upbit", 1);
    await venue.place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), TIMEOUT_MS);
    expect(await venue.lookup({ symbol: "KRW-ETH", clientOrderId: "a" }, TIMEOUT_MS)).toMatchObject({
      kind: "failed",
    });
    expect(await venue.openOrders("KRW-BTC")).toEqual([]);
  });
});

describe("Two users at once", () => {
  test("do not fill on the same level, in each other's account neither", async () => {
    const kit = kitWithBooks();
    const users = [1, 2].map((userId) => kit.venues.open("upbit", userId));
    const order = paperOrder("a", "buy 0.1 KRW-BTC at 100100000");
    const outcomes = await Promise.all(users.map((venue) => venue.place(order, TIMEOUT_MS)));
    expect(outcomes.map(kindOf)).toEqual(["accepted", "accepted"]);
    const [first, second] = await Promise.all(users.map((venue) => fillsOf(venue, order)));
    expect([shown(first!), shown(second!)]).toEqual([
      ["0.1 at 100000000, 5000 KRW"],
      ["0.1 at 100100000, 5005 KRW"],
    ]);
    expect(first![0]!.fillId).not.toBe(second![0]!.fillId);
    expect(await balancesOf(users[0]!)).toEqual({ KRW: "89995000 0", BTC: "0.1 0" });
    expect(await balancesOf(users[1]!)).toEqual({ KRW: "89984995 0", BTC: "0.1 0" });
  });

  test("a second later the level is there again; what was refused takes nothing", async () => {
    const kit = kitWithBooks();
    const [first, second] = [1, 2].map((userId) => kit.venues.open("upbit", userId));
    expect(kindOf(await first!.place(paperOrder("x", "buy 1 KRW-BTC at 100300000"), TIMEOUT_MS))).toBe(
      "funds",
    );
    await first!.place(paperOrder("a", "buy 0.06 KRW-BTC at 100000000"), TIMEOUT_MS);
    const short = paperOrder("b", "buy 0.06 KRW-BTC at 100000000");
    await second!.place(short, TIMEOUT_MS);
    expect((await fillsOf(second!, short)).map(({ qty }) => String(qty))).toEqual(["0.04"]);
    await kit.clock.advance(1_000);
    const later = paperOrder("c", "buy 0.1 KRW-BTC at 100000000");
    await second!.place(later, TIMEOUT_MS);
    expect((await fillsOf(second!, later)).map(({ qty }) => String(qty))).toEqual(["0.1"]);
  });
});

test("A hedge bought, shorted, sold and covered earns to the won what the settlement says", async () => {
  const kit = kitWithBooks();
  const [home, abroad] = [kit.venues.open("bithumb", 1), kit.venues.open("bybit", 1)];
  const [buy, short] = [
    paperOrder("a", "buy 0.25 KRW-BTC at 100100000"),
    paperOrder("b", "sell 0.25 BTCUSDT"),
  ];
  await home.place(buy, TIMEOUT_MS);
  await abroad.place(short, TIMEOUT_MS);
  await kit.clock.advance(60_000);
  kit.setBook("bithumb", "KRW-BTC", { asks: [[103_000_000, 1]], bids: [[102_900_000, 0.11], [102_800_000, 2]] }); // biome-ignore format: a book
  kit.setBook("bybit", "BTCUSDT", { asks: [[70_111.7, 0.07], [70_123.4, 3]], bids: [[70_100, 1]] }); // biome-ignore format: a book
  const sell = paperOrder("c", "sell 0.25 KRW-BTC at 102000000");
  const cover = paperOrder("d", "buy 0.25 BTCUSDT", { reducesShort: true });
  await home.place(sell, TIMEOUT_MS);
  await abroad.place(cover, TIMEOUT_MS);
  const leg = async (venue: TradingVenue, order: VenueOrder) => legTotal(await fillsOf(venue, order));
  const multiplier = Decimal.ONE;
  const { entry } = matchEntry({
    domestic: await leg(home, buy),
    overseas: await leg(abroad, short),
    multiplier,
    dust: NO_DUST,
  });
  const referenceKrw = d("1433.5");
  const settled = settle({
    totals: positionTotals([entry]),
    sale: await leg(home, sell),
    buyBack: await leg(abroad, cover),
    multiplier,
    fundingUsdt: Decimal.ZERO,
    referenceKrw,
    placedPriceUsdt: d("70111.7"),
  });
  const realised = Decimal.sum((await fillsOf(abroad, cover)).map(({ realisedUsdt }) => realisedUsdt!));
  expect(String(realised)).toBe(String(settled.realisedUsdt));
  const [krw] = (await home.balances()).filter(({ asset }) => asset === "KRW");
  const [usdt] = await abroad.balances();
  const earned = krw!.free.minus(d("100000000")).plus(usdt!.free.minus(d("100000")).times(referenceKrw));
  expect(String(earned)).toBe(String(settled.profitKrw));
  expect((await home.balances()).map(({ asset }) => asset)).toEqual(["KRW"]);
});
