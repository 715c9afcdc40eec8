import { describe, expect, test } from "bun:test";
import { VENUES } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { VenueOrder } from "../../ports/trading-venue.ts";
import { KIM, kindOf, orderAt, placed, settled, testWorld } from "./world-testing.ts";

const D = (text: string | number) => Decimal.of(text);
const text = (value: Decimal | undefined) => value?.toString();

test("a limit order takes level by level up to its price, and the rest is cancelled", async () => {
  const { clock, world } = testWorld();
  const upbit = world.venue("kim", "upbit");
  const order = orderAt("upbit", { qty: D("0.6"), limitPrice: D(140_000_000) });
  expect(kindOf(await settled(clock, upbit.place(order, 2_000)))).toBe("accepted");
  const found = await settled(clock, upbit.lookup(order, 2_000));
  if (found.kind !== "found") throw new Error(`expected the order, was ${found.kind}`);
  expect(found.order.state).toBe("closed");
  expect(found.order.fillsComplete).toBe(true);
  expect(text(found.order.filledQty)).toBe("0.5");
  expect(
    found.order.fills.map(({ price, qty, fee, feeAsset }) => [`${price}`, `${qty}`, `${fee}`, feeAsset]),
  ).toEqual([["140000000", "0.5", "35000", "KRW"]]);
  expect(text(world.ledger.balance("kim", "upbit", "KRW"))).toBe("29965000");
  expect(text(world.ledger.balance("kim", "upbit", "BTC"))).toBe("0.6");
  expect(world.bookFaults()).toEqual([]);
});

test("an order across levels has an execution for each, with ids of its own", async () => {
  const { clock, world } = testWorld();
  const bybit = world.venue("kim", "bybit");
  const order = orderAt("bybit", { qty: D(1), limitPrice: undefined });
  await settled(clock, bybit.place(order, 2_000));
  const found = await settled(clock, bybit.lookup(order, 2_000));
  if (found.kind !== "found") throw new Error(`expected the order, was ${found.kind}`);
  expect(found.order.fills.map(({ price, qty }) => `${qty} at ${price}`)).toEqual([
    "0.5 at 99999.5",
    "0.5 at 99990",
  ]);
  expect(new Set(world.executions().map(({ fillId }) => fillId)).size).toBe(2);
});

test("what orders take is missing for everybody until the book is refilled", async () => {
  const t = testWorld();
  await placed(t, t.world.venue("kim", "upbit"), { qty: D("0.5") });
  expect(t.world.readBook("upbit", "KRW-BTC").askPrices[0]).toBe(141_000_000);
  await placed(t, t.world.venue("lee", "upbit"), { qty: D("0.5"), limitPrice: D(141_000_000) });
  expect(t.world.readBook("upbit", "KRW-BTC").askQtys[0]).toBe(1.5);
  expect(t.world.readBook("bithumb", "KRW-BTC").askPrices[0]).toBe(140_000_000);
  const sale = { symbol: "KRW-BTC", side: "sell", qty: "0.1" } as const;
  for (let round = 0; round < 2; round++) {
    t.world.refill("upbit", "KRW-BTC");
    const { askPrices, askQtys, bidQtys } = t.world.readBook("upbit", "KRW-BTC");
    expect([askPrices[0], askQtys[0], bidQtys[0]]).toEqual([140_000_000, 0.5, 0.5]);
    t.world.tradeByHand("kim", "upbit", { ...sale, side: "buy" });
    t.world.tradeByHand("kim", "upbit", sale);
  }
  t.world.setBook("upbit", "KRW-BTC", { bids: [], asks: [[1000, 1]] });
  const book = t.world.readBook("upbit", "KRW-BTC");
  expect([book.bidCount, book.askCount, book.askPrices[0]]).toEqual([0, 1, 1000]);
});

test("a drift keeps books sorted and on the increment", () => {
  let draw = 0;
  const { world } = testWorld({ random: () => (draw = (draw * 7 + 0.123) % 1) });
  for (let round = 0; round < 20; round++) world.drift(0.01);
  const market = world.market("bybit", "BTCUSDT");
  const [bids, asks] = [market.levels("bids"), market.levels("asks")];
  expect(bids[0]!.price.below(asks[0]!.price)).toBe(true);
  for (const { price } of [...bids, ...asks])
    expect(price.toStep(market.priceIncrement, "down").equals(price)).toBe(true);
});

describe("refusals", () => {
  const cases: [string, Partial<VenueOrder>, string][] = [
    ["a quantity off the step", { qty: D("0.0015") }, "quantity"],
    ["no quantity", { qty: D(0) }, "quantity"],
    ["more than the largest order at market", { qty: D(11), limitPrice: undefined }, "quantity"],
    ["a price off the increment", { limitPrice: D("99980.05") }, "price"],
    ["a price outside the band", { limitPrice: D("89000") }, "price"],
    [
      "a notional below the smallest",
      { symbol: "1000PEPEUSDT", qty: D(2), limitPrice: D("0.0099") },
      "minimum",
    ],
    ["margin that is not there", { qty: D(6) }, "funds"],
    ["a short that is not there", { side: "buy", reducesShort: true }, "nothing-to-reduce"],
    ["a sale that reduces a short", { reducesShort: true }, "nothing-to-reduce"],
    ["an unknown symbol", { symbol: "NONEUSDT" }, "other"],
    ["an id of the wrong letters", { clientOrderId: "a b" }, "other"],
  ];
  for (const [name, parts, kind] of cases)
    test(`${name} is refused as "${kind}" and changes nothing`, async () => {
      const t = testWorld({ users: [{ ...KIM, leverage: 10 }] });
      for (const venue of ["bybit", "binance"] as const) {
        expect(kindOf(await placed(t, t.world.venue("kim", venue), parts))).toBe(kind);
      }
      expect(t.world.executions()).toEqual([]);
      expect(t.world.ledger.entries).toEqual([]);
    });

  test("at home what is too small, too dear or not owned", async () => {
    const t = testWorld();
    for (const name of ["upbit", "bithumb"] as const) {
      const venue = t.world.venue("kim", name);
      const id = (n: number) => ({ clientOrderId: `id-${n}` });
      expect(kindOf(await placed(t, venue, { ...id(1), qty: D("0.00009") }))).toBe("minimum");
      expect(kindOf(await placed(t, venue, { ...id(2), qty: D("0.0001"), limitPrice: D(1000) }))).toBe(
        "minimum",
      );
      expect(kindOf(await placed(t, venue, { ...id(3), qty: D(1) }))).toBe("funds");
      expect(kindOf(await placed(t, venue, { ...id(4), side: "sell", qty: D("0.10000001") }))).toBe("funds");
      expect(kindOf(await placed(t, venue, { ...id(5), limitPrice: undefined }))).toBe("unsent");
      expect(kindOf(await placed(t, venue, { ...id(6), side: "sell", limitPrice: undefined }))).toBe(
        "accepted",
      );
      // Far below the book: accepted, and fills nothing.
      expect(kindOf(await placed(t, venue, { ...id(7), limitPrice: D(10_000_000) }))).toBe("accepted");
      expect(t.world.idRecord("kim", name, "id-7")).toMatchObject({ orderCount: 1, executedCount: 0 });
    }
  });

  test("exactly the money for an order with its fee is enough", async () => {
    const t = testWorld({ users: [{ user: "kim", balances: { upbit: { KRW: "140070" } } }] });
    const upbit = t.world.venue("kim", "upbit");
    expect(kindOf(await placed(t, upbit, { limitPrice: D(140_001_000), clientOrderId: "a" }))).toBe("funds");
    expect(kindOf(await placed(t, upbit, { limitPrice: D(140_000_000), clientOrderId: "b" }))).toBe(
      "accepted",
    );
    expect(text(t.world.ledger.balance("kim", "upbit", "KRW"))).toBe("0");
  });

  test("a fee of many decimals never costs more than was checked", async () => {
    const book = {
      bids: [],
      asks: [
        ["100000000.3", "0.00000007"],
        ["100000000.9", 1],
      ],
    } as const;
    const qty = D("0.00010003");
    const price = D("100000000.9");
    const money = qty.times(price).times(D("1.0005"));
    const t = testWorld({ users: [{ user: "kim", balances: { upbit: { KRW: money } } }] });
    t.world.setBook("upbit", "KRW-BTC", book);
    Object.assign(t.world.market("upbit", "KRW-BTC"), { priceIncrement: D("0.1") });
    await placed(t, t.world.venue("kim", "upbit"), { qty, limitPrice: price });
    expect(t.world.executions().map(({ fee }) => `${fee}`)).toEqual(["0.0035", "4.99800004"]);
    expect(t.world.bookFaults()).toEqual([]);
  });

  test("a short below the smallest notional is let go where the venue is told that the order only reduces", async () => {
    for (const [name, positionMode, kind] of [
      ["binance", "one-way", "accepted"],
      ["binance", "hedge", "minimum"],
      ["bybit", "one-way", "accepted"],
      ["bybit", "hedge", "accepted"],
    ] as const) {
      const t = testWorld({ users: [{ ...KIM, positionMode }] });
      const venue = t.world.venue("kim", name);
      const pepe = { symbol: "1000PEPEUSDT", limitPrice: D("0.0099") } as const;
      await placed(t, venue, { ...pepe, clientOrderId: "open", qty: D(1_000) });
      const cover = { side: "buy", reducesShort: true, qty: D(10), limitPrice: D("0.0101") } as const;
      expect(kindOf(await placed(t, venue, { ...pepe, ...cover, clientOrderId: "cover" }))).toBe(kind);
    }
  });

  test("a closed symbol takes nothing, a reduce-only one what reduces", async () => {
    const t = testWorld();
    const bybit = t.world.venue("kim", "bybit");
    await placed(t, bybit, { clientOrderId: "open" });
    const market = t.world.market("bybit", "BTCUSDT");
    market.trading = "reduce-only";
    expect((await settled(t.clock, bybit.rules("BTCUSDT"))).tradable).toBe(false);
    expect(kindOf(await placed(t, bybit, { clientOrderId: "more" }))).toBe("closed");
    const cover = { side: "buy", reducesShort: true } as const;
    expect(kindOf(await placed(t, bybit, { ...cover, clientOrderId: "cover" }))).toBe("accepted");
    market.trading = "closed";
    expect(kindOf(await placed(t, bybit, { ...cover, clientOrderId: "again" }))).toBe("closed");
  });
});

describe("client order ids", () => {
  test("Upbit: used up by the first request, filled or refused", async () => {
    const t = testWorld();
    const upbit = t.world.venue("kim", "upbit");
    expect(kindOf(await placed(t, upbit, { clientOrderId: "filled" }))).toBe("accepted");
    expect(kindOf(await placed(t, upbit, { clientOrderId: "filled" }))).toBe("duplicate");
    const refusal = await placed(t, upbit, { clientOrderId: "refused", qty: D(1) });
    expect(refusal).toMatchObject({ rejection: { kind: "funds", idStillFree: false } });
    expect(kindOf(await placed(t, upbit, { clientOrderId: "refused" }))).toBe("duplicate");
    const order = orderAt("upbit", { clientOrderId: "refused" });
    expect((await settled(t.clock, upbit.lookup(order, 2_000))).kind).toBe("absent");
    expect(t.world.idsExecutedTwice()).toEqual([]);
  });

  test("Upbit: an order that cannot fill burns the id of a request still on its way", async () => {
    const t = testWorld();
    const upbit = t.world.venue("kim", "upbit");
    t.world.faults.arm({ call: "place" }, { lateMs: 30_000 });
    expect(kindOf(await placed(t, upbit))).toBe("unknown");
    expect(kindOf(await placed(t, upbit, { limitPrice: D(10_000_000) }))).toBe("accepted");
    await t.clock.advance(60_000);
    expect(t.world.inFlightCount).toBe(0);
    expect(t.world.executions()).toEqual([]);
    expect(t.world.idRecord("kim", "upbit", orderAt("upbit").clientOrderId)).toMatchObject({
      askedCount: 2,
      arrivedCount: 2,
      refusedCount: 1,
    });
  });

  test("Upbit: still free after a refusal at the gate", async () => {
    for (const refuse of ["key", "limited", "clock"] as const) {
      const t = testWorld();
      t.world.faults.arm({ call: "place" }, { refuse });
      const upbit = t.world.venue("kim", "upbit");
      expect(await placed(t, upbit)).toMatchObject({ rejection: { kind: refuse, idStillFree: true } });
      expect(kindOf(await placed(t, upbit))).toBe("accepted");
    }
  });

  test("Bithumb: a second request gets the first one's answer and makes nothing", async () => {
    const t = testWorld();
    const bithumb = t.world.venue("kim", "bithumb");
    const first = await placed(t, bithumb, { clientOrderId: "a" });
    expect(await placed(t, bithumb, { clientOrderId: "a", qty: D("0.3") })).toEqual(first);
    expect(t.world.executions().length).toBe(1);
    const refusal = await placed(t, bithumb, { clientOrderId: "b", qty: D(1) });
    expect(await placed(t, bithumb, { clientOrderId: "b" })).toEqual(refusal);
  });

  test("Bybit: a used id is refused", async () => {
    const t = testWorld();
    const bybit = t.world.venue("kim", "bybit");
    await placed(t, bybit);
    expect(await placed(t, bybit)).toMatchObject({ rejection: { kind: "duplicate", idStillFree: false } });
    expect(t.world.executions().length).toBe(1);
  });

  test("Binance: an ended order's id executes again, and the world tells", async () => {
    const t = testWorld();
    const binance = t.world.venue("kim", "binance");
    await placed(t, binance);
    expect(kindOf(await placed(t, binance))).toBe("accepted");
    expect(t.world.idsExecutedTwice()).toMatchObject([{ venue: "binance", askedCount: 2, executedCount: 2 }]);
    expect(text(t.world.exposure("kim", "BTC", { beyondOpening: true }))).toBe("-0.002");
    await placed(t, binance, { qty: D("0.005") });
    const newest = await settled(t.clock, binance.lookup(orderAt("binance"), 2_000));
    if (newest.kind !== "found") throw new Error(`expected the order, was ${newest.kind}`);
    expect(text(newest.order.filledQty)).toBe("0.005");
    const open = {
      symbol: "BTCUSDT",
      side: "sell",
      qty: "0.001",
      price: 105_000,
      clientOrderId: "mine",
    } as const;
    t.world.restByHand("kim", "binance", open);
    expect(await placed(t, binance, { clientOrderId: "mine" })).toMatchObject({
      rejection: { kind: "duplicate", idStillFree: false },
    });
  });

  test("Bybit and Bithumb may forget the ids of refused orders, Upbit never", async () => {
    const t = testWorld({ refusedIdsStayFree: true });
    const answers: string[] = [];
    for (const name of ["upbit", "bithumb", "bybit"] as const) {
      const venue = t.world.venue("kim", name);
      await placed(t, venue, { qty: D(6) });
      answers.push(kindOf(await placed(t, venue)));
    }
    expect(answers).toEqual(["duplicate", "accepted", "accepted"]);
  });

  test("ids of one user are nothing to another", async () => {
    const t = testWorld();
    for (const name of VENUES)
      for (const user of ["kim", "lee"])
        expect(kindOf(await placed(t, t.world.venue(user, name)))).toBe("accepted");
    expect(t.world.idsExecutedTwice()).toEqual([]);
  });
});
