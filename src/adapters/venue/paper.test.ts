// Paper orders on books set by hand: exact fills, fees and balances; every refusal; lost answers; two users at once.

import { describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { legTotal, matchEntry, NO_DUST, positionTotals } from "../../domain/position.ts";
import { settle } from "../../domain/settlement.ts";
import type { PlaceOutcome, TradingVenue, VenueFill, VenueOrder } from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { type PaperKit, paperKit, paperListing, paperOrder } from "./paper-testing.ts";

const TIMEOUT_MS = 3_000;
const d = (text: string) => Decimal.of(text);

const HOME_BTC = {
  asks: [
    [100_000_000, 0.1],
    [100_100_000, 0.2],
    [100_300_000, 5],
  ],
  bids: [
    [99_900_000, 0.1],
    [99_800_000, 5],
  ],
} as const;
const ABROAD_BTC = {
  asks: [
    [70_000.1, 0.5],
    [70_010.3, 20],
  ],
  bids: [
    [70_000, 0.5],
    [69_990.2, 20],
  ],
} as const;

function kitWithBooks(changes: Parameters<typeof paperKit>[0] = {}): PaperKit {
  const kit = paperKit(changes);
  for (const venue of ["upbit", "bithumb"] as const) kit.setBook(venue, "KRW-BTC", HOME_BTC);
  for (const venue of ["bybit", "binance"] as const) kit.setBook(venue, "BTCUSDT", ABROAD_BTC);
  return kit;
}

async function fillsOf(venue: TradingVenue, order: VenueOrder): Promise<readonly VenueFill[]> {
  const found = await venue.lookup(order, TIMEOUT_MS);
  if (found.kind !== "found")
    throw new Error(`expected ${order.clientOrderId} to be found, was ${found.kind}`);
  expect([found.order.state, found.order.fillsComplete]).toEqual(["closed", true]);
  expect(String(found.order.filledQty)).toBe(String(Decimal.sum(found.order.fills.map(({ qty }) => qty))));
  return found.order.fills;
}

const shown = (fills: readonly VenueFill[]) =>
  fills.map(({ price, qty, fee, feeAsset }) => `${qty} at ${price}, ${fee} ${feeAsset}`);

async function balancesOf(venue: TradingVenue): Promise<Record<string, string>> {
  const rows = await venue.balances();
  return Object.fromEntries(rows.map(({ asset, free, locked }) => [asset, `${free} ${locked}`]));
}

function kindOf(outcome: PlaceOutcome): string {
  return outcome.kind === "rejected" ? outcome.rejection.kind : outcome.kind;
}

describe("At home", () => {
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
    expect(kindOf(await venue.place(paperOrder("c", "buy 10 KRW-ETH at 1000.5"), TIMEOUT_MS))).toBe(
      "accepted",
    );
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
    kit.setBook("upbit", "KRW-BTC", { asks: HOME_BTC.asks, bids: [[100_000_000, 1]] });
    const outcome = await kit.venues
      .open("upbit", 1)
      .place(paperOrder("a", "buy 0.1 KRW-BTC at 100000000"), TIMEOUT_MS);
    expect(outcome.kind).toBe("unsent");
  });
});

describe("Overseas", () => {
  test("a BTCUSDT short fills down to its limit and is a position with margin and a liquidation price", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("bybit", 1);
    await venue.setLeverage("BTCUSDT", d("5"));
    const order = paperOrder("a", "sell 1 BTCUSDT at 69990.2");
    expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe("accepted");
    const fills = await fillsOf(venue, order);
    expect(shown(fills)).toEqual(["0.5 at 70000, 19.25 USDT", "0.5 at 69990.2, 19.247305 USDT"]);
    expect(fills.map(({ realisedUsdt }) => String(realisedUsdt))).toEqual(["0", "0"]);
    const [position] = await venue.positions();
    expect(JSON.parse(JSON.stringify(position))).toEqual({
      symbol: "BTCUSDT",
      side: "short",
      qtyContracts: "1",
      entryPrice: "69995.1",
      markPrice: "70000.05",
      // (99,961.502695 + 69,995.1) / 1.005
      liquidationPrice: "169111.047457711443",
      leverage: "5",
    });
    // Wallet 99,961.502695 less margin 13,999.02 less a loss of 4.95.
    expect(await balancesOf(venue)).toEqual({ USDT: "85957.532695 14003.97" });
    expect(await venue.modes("BTCUSDT")).toEqual({ positionMode: "one-way", marginMode: "cross" });
  });

  test("covering realises gross profit per fill, in parts and to the last contract", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("binance", 1);
    await venue.place(paperOrder("a", "sell 1 BTCUSDT"), TIMEOUT_MS);
    kit.setBook("binance", "BTCUSDT", { asks: [[60_000, 0.3], [60_001, 9]], bids: [[59_999, 9]] }); // biome-ignore format: a book
    const part = paperOrder("b", "buy 0.4 BTCUSDT", { reducesShort: true });
    expect(kindOf(await venue.place(part, TIMEOUT_MS))).toBe("accepted");
    const fills = await fillsOf(venue, part);
    // Sold at 69,995.1 on average.
    expect(fills.map(({ realisedUsdt }) => String(realisedUsdt))).toEqual(["2998.53", "999.41"]);
    await kit.clock.advance(1_001);
    const rest = paperOrder("c", "buy 0.6 BTCUSDT at 60001", { reducesShort: true });
    await venue.place(rest, TIMEOUT_MS);
    expect((await fillsOf(venue, rest)).map(({ realisedUsdt }) => String(realisedUsdt))).toEqual([
      "2998.53",
      "2998.23",
    ]);
    expect(await venue.positions()).toEqual([]);
    // 100,000 + 9,994.7 - fees of 34.99755 and 30.0001 + 0.00015 x ... summed by the fills below.
    const all = [...(await fillsOf(venue, paperOrder("a", "sell 1 BTCUSDT"))), ...fills];
    const fees = Decimal.sum([...all, ...(await fillsOf(venue, rest))].map(({ fee }) => fee));
    expect(await balancesOf(venue)).toEqual({ USDT: `${d("109994.7").minus(fees)} 0` });
  });

  test("a market order goes 5 % beyond the best price and no further", async () => {
    const kit = kitWithBooks();
    kit.setBook("bybit", "BTCUSDT", {
      asks: [[70_001, 1]],
      bids: [[70_000, 0.1], [66_500, 0.2], [66_499.9, 5]], // biome-ignore format: a book
    });
    const venue = kit.venues.open("bybit", 1);
    const order = paperOrder("a", "sell 1 BTCUSDT");
    expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe("accepted");
    expect((await fillsOf(venue, order)).map(({ price, qty }) => `${qty} at ${price}`)).toEqual([
      "0.1 at 70000",
      "0.2 at 66500",
    ]);
  });

  test("an order past the end of the book fills what is there", async () => {
    const kit = kitWithBooks();
    kit.setBook("bybit", "BTCUSDT", { asks: [[70_001, 1]], bids: [[70_000, 0.1]] });
    const venue = kit.venues.open("bybit", 1);
    const order = paperOrder("a", "sell 0.2 BTCUSDT at 60000");
    await venue.place(order, TIMEOUT_MS);
    expect((await fillsOf(venue, order)).map(({ qty }) => String(qty))).toEqual(["0.1"]);
  });

  test("a sale through a long opens a short at the price of what was left", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("bybit", 1);
    await venue.place(paperOrder("a", "buy 0.2 BTCUSDT at 70000.1"), TIMEOUT_MS);
    const order = paperOrder("b", "sell 0.5 BTCUSDT at 70000");
    await venue.place(order, TIMEOUT_MS);
    expect((await fillsOf(venue, order)).map(({ realisedUsdt }) => String(realisedUsdt))).toEqual(["-0.02"]);
    const [position] = await venue.positions("BTCUSDT");
    expect([position!.side, String(position!.qtyContracts), String(position!.entryPrice)]).toEqual([
      "short",
      "0.3",
      "70000",
    ]);
    expect(await venue.positions("ETHUSDT")).toEqual([]);
  });

  const refused: readonly (readonly [text: string, kind: string, reducesShort?: boolean])[] = [
    ["sell 1.43 BTCUSDT at 69990.2", "funds"], // leverage 1
    ["sell 20 BTCUSDT at 70000", "funds"], // also what would not fill
    ["sell 0.0005 BTCUSDT at 70000", "quantity"],
    ["sell 0.001 BTCUSDT at 70000.05", "price"],
    ["sell 0.001 ETHUSDT at 4000", "minimum"],
    ["buy 0.1 BTCUSDT at 70010.3", "nothing-to-reduce", true],
    ["sell 100 BTCUSDT", "quantity"], // above the largest at market
    ["sell 0.1 XYZUSDT", "closed"],
    ["sell 0.1 BTCUSDT at 70000", "unsent", true],
  ];
  for (const [text, kind, reducesShort = false] of refused) {
    test(`"${text}"${reducesShort ? ", to reduce," : ""} is answered with ${kind}, and nothing is opened`, async () => {
      const kit = kitWithBooks();
      kit.setBook("bybit", "ETHUSDT", { asks: [[4_001, 1]], bids: [[4_000, 1]] });
      const venue = kit.venues.open("bybit", 1);
      const order = paperOrder("a", text, { reducesShort });
      expect(kindOf(await venue.place(order, TIMEOUT_MS))).toBe(kind);
      expect(await venue.lookup(order, TIMEOUT_MS)).toEqual({ kind: "absent" });
      expect(await venue.positions()).toEqual([]);
      expect(await balancesOf(venue)).toEqual({ USDT: "100000 0" });
    });
  }

  test("more than the short cannot be reduced, and below the minimum all of it can", async () => {
    const kit = kitWithBooks();
    kit.setListing(paperListing("bybit", "BTC", { notionalMin: "100" }));
    const venue = kit.venues.open("bybit", 1);
    await venue.place(paperOrder("a", "sell 0.002 BTCUSDT at 70000"), TIMEOUT_MS);
    const cover = (id: string, qty: string) =>
      venue.place(paperOrder(id, `buy ${qty} BTCUSDT`, { reducesShort: true }), TIMEOUT_MS);
    expect(kindOf(await cover("b", "0.003"))).toBe("nothing-to-reduce");
    expect(kindOf(await cover("c", "0.001"))).toBe("accepted");
    expect(kindOf(await cover("d", "0.002"))).toBe("nothing-to-reduce");
    kit.setListing(paperListing("bybit", "BTC", { tradable: false, notionalMin: "100" }));
    expect(kindOf(await cover("e", "0.001"))).toBe("accepted");
    expect(await venue.positions()).toEqual([]);
  });

  test("a loss not yet realised is not free, a profit neither; covering is always possible", async () => {
    const kit = kitWithBooks();
    const venue = kit.venues.open("bybit", 1);
    await venue.place(paperOrder("a", "sell 1 BTCUSDT at 69990.2"), TIMEOUT_MS);
    const moveTo = async (bid: number, ask: number) => {
      await kit.clock.advance(1_001);
      kit.setBook("bybit", "BTCUSDT", { asks: [[ask, 9]], bids: [[bid, 9]] });
    };
    await moveTo(49_999, 50_001);
    const wallet = d("100000").minus(d("38.497305"));
    expect(await balancesOf(venue)).toEqual({ USDT: `${wallet.minus(d("69995.1"))} 69995.1` });
    await moveTo(199_999, 200_001);
    expect(await balancesOf(venue)).toEqual({ USDT: `0 ${wallet}` });
    expect(kindOf(await venue.place(paperOrder("b", "sell 0.001 BTCUSDT at 199999"), TIMEOUT_MS))).toBe(
      "funds",
    );
    const cover = paperOrder("c", "buy 1 BTCUSDT", { reducesShort: true });
    expect(kindOf(await venue.place(cover, TIMEOUT_MS))).toBe("accepted");
    // The account is gone, and says so.
    expect((await balancesOf(venue)).USDT).toMatch(/^0 -30/);
  });

  test("leverage holds for the symbol, is no more than 100, and stays while there is a position", async () => {
    const venue = kitWithBooks().venues.open("binance", 1);
    await venue.setLeverage("BTCUSDT", d("3"));
    await venue.place(paperOrder("a", "sell 2 BTCUSDT at 69990.2"), TIMEOUT_MS);
    await venue.setLeverage("BTCUSDT", d("3"));
    await expect(venue.setLeverage("BTCUSDT", d("5"))).rejects.toThrow("expected no position in BTCUSDT");
    await expect(venue.setLeverage("ETHUSDT", d("101"))).rejects.toBeInstanceOf(VenueReadFault);
    const [position] = await venue.positions();
    expect(String(position!.leverage)).toBe("3");
  });

  test("positions without a price to be had are a fault; with one they keep their last", async () => {
    const kit = kitWithBooks();
    await kit.venues.open("bybit", 1).place(paperOrder("a", "sell 1 BTCUSDT"), TIMEOUT_MS);
    kit.setBook("bybit", "BTCUSDT", undefined);
    await kit.clock.advance(60_000);
    const [position] = await kit.venues.open("bybit", 1).positions();
    expect(String(position!.markPrice)).toBe("70000.05");
    const { venues } = paperKit({ store: kit.store });
    await expect(venues.open("bybit", 1).positions()).rejects.toBeInstanceOf(VenueReadFault);
  });

  test("funding falls due on what was held then, once, and is in the balance", async () => {
    const kit = kitWithBooks();
    const startMs = kit.clock.nowMs();
    const rows = [1, 2, 3].map((hour) => ({
      id: `f-${hour}`,
      rate: hour === 2 ? "-0.0002" : "0.0001",
      atMs: startMs + hour * 3_600_000,
      markPrice: "70100.5",
    }));
    const paid = kitWithBooks({ store: kit.store, clock: kit.clock, funding: async () => rows });
    const venue = paid.venues.open("bybit", 1);
    await kit.clock.advance(3_600_001);
    await venue.place(paperOrder("a", "sell 0.5 BTCUSDT at 70000"), TIMEOUT_MS);
    await kit.clock.advance(3_600_000);
    const read = async () =>
      (await venue.fundingSince("BTCUSDT", startMs)).map(({ id, amountUsdt }) => `${id} ${amountUsdt}`);
    expect(await read()).toEqual(["BTCUSDT f-2 -7.01005"]);
    await kit.clock.advance(3_600_000);
    expect(await read()).toEqual(["BTCUSDT f-2 -7.01005", "BTCUSDT f-3 3.505025"]);
    expect(await read()).toHaveLength(2);
    expect(await balancesOf(venue)).toEqual({ USDT: `${d("64977.219975")} ${d("35000.025")}` });
    expect(await kit.venues.open("bybit", 1).fundingSince("BTCUSDT", startMs)).toHaveLength(2);
    expect(await kit.venues.open("bybit", 2).fundingSince("BTCUSDT", startMs)).toEqual([]);
  });
});

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
