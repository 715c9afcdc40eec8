// Bybit and Binance on paper, on books set by hand: fills, margin, realised profit, liquidation, funding, refusals.

import { expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { balancesOf, fillsOf, kindOf, kitWithBooks, shown, TIMEOUT_MS } from "./paper-looks-testing.ts";
import { paperKit, paperListing, paperOrder } from "./paper-testing.ts";

const d = (text: string) => Decimal.of(text);

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

test("with positions in two coins each liquidation price lets the other stay where it is", async () => {
  const kit = kitWithBooks();
  kit.setBook("bybit", "ETHUSDT", { asks: [[4_001, 90]], bids: [[4_000, 90]] });
  const venue = kit.venues.open("bybit", 1);
  await venue.setLeverage("ETHUSDT", d("10"));
  await venue.place(paperOrder("a", "sell 0.5 BTCUSDT at 70000"), TIMEOUT_MS);
  await venue.place(paperOrder("b", "buy 10 ETHUSDT at 4001"), TIMEOUT_MS);
  const [btc, eth] = await venue.positions();
  // Wallet 100,000 - 19.25 - 22.0055 = 99,958.7445; ETH: lost 5, maintenance 10 x 4,000.5 x 0.005 = 200.025;
  // BTC: lost 0.025, maintenance 0.5 x 70,000.05 x 0.005 = 175.000125.
  // Short: (99,958.7445 - 205.025 + 35,000) / (0.5 x 1.005); long: it would take less than nothing.
  expect(String(btc!.liquidationPrice)).toBe("268166.605970149254");
  expect(eth!.liquidationPrice).toBeUndefined();
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
  // 100,000 + 2,998.53 + 999.41 + 2,998.53 + 2,998.23, less the fees.
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
