import { describe, expect, test } from "bun:test";
import { OVERSEAS_VENUES } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { bookDefect } from "../../domain/order-book.ts";
import type { VenueBalance } from "../../ports/trading-venue.ts";
import { KIM, kindOf, orderAt, placed, settled, testWorld } from "./world-testing.ts";

const D = (text: string | number) => Decimal.of(text);

function moneyOf(balances: readonly VenueBalance[], asset: string): string {
  const balance = balances.find((one) => one.asset === asset);
  return balance === undefined ? "none" : `${balance.free} + ${balance.locked}`;
}

test("a book is read as the engine gets it, into the arrays handed in", () => {
  const { clock, world } = testWorld();
  world.setClockOffset("bybit", 250);
  const book = world.readBook("bybit", "BTCUSDT");
  expect(bookDefect(book)).toBeUndefined();
  expect([...book.bidPrices.slice(0, 2)]).toEqual([99_999.5, 99_990]);
  expect(book.stampAtMs).toBe(clock.nowMs() + 250);
  world.setBook("bybit", "BTCUSDT", { bids: [[1, 1]], asks: [[2, 1]] });
  expect(world.readBook("bybit", "BTCUSDT", book)).toBe(book);
  expect([book.bidCount, book.bidPrices[0], book.askPrices[0]]).toEqual([1, 1, 2]);
  expect(() =>
    world.setBook("bybit", "BTCUSDT", {
      bids: [],
      asks: [
        [2, 1],
        [1, 1],
      ],
    }),
  ).toThrow("best first");
});

test("rules, fees and clock offsets are told as they are", async () => {
  const { clock, world } = testWorld();
  world.setClockOffset("bybit", -30);
  const bybit = world.venue("kim", "bybit");
  expect(await settled(clock, bybit.clockOffsetMs())).toBe(-30);
  expect(`${(await settled(clock, bybit.feeRates("BTCUSDT"))).buy}`).toBe("0.00055");
  const rules = await settled(clock, bybit.rules("1000PEPEUSDT"));
  expect([`${rules.qtyStep}`, `${rules.notionalMin}`, rules.tradable]).toEqual(["1", "5", true]);
  await expect(settled(clock, bybit.rules("NONE"))).rejects.toThrow("no symbol");
});

test("an order that rests locks what it would spend, and shows among the open ones", async () => {
  const { clock, world } = testWorld();
  const upbit = world.venue("kim", "upbit");
  const rest = { symbol: "KRW-BTC", side: "buy", qty: "0.5", price: 100_000_000 } as const;
  const order = world.restByHand("kim", "upbit", rest);
  expect(moneyOf(await settled(clock, upbit.balances()), "KRW")).toBe("49975000 + 50025000");
  expect(await settled(clock, upbit.openOrders("KRW-BTC"))).toMatchObject([{ state: "open", fills: [] }]);
  expect(await settled(clock, upbit.openOrders("KRW-PEPE"))).toEqual([]);
  expect(() => world.restByHand("kim", "upbit", rest)).toThrow("to lock");
  expect(kindOf(await placed({ clock, world }, upbit, { qty: D("0.4") }))).toBe("funds");
  world.cancelByHand("kim", "upbit", order);
  expect(await settled(clock, upbit.openOrders("KRW-BTC"))).toEqual([]);
  expect(moneyOf(await settled(clock, upbit.balances()), "KRW")).toBe("100000000 + 0");
});

describe("perpetuals", () => {
  test("a short takes margin, follows the mark, and realises gross of fees", async () => {
    for (const name of OVERSEAS_VENUES) {
      const t = testWorld({ users: [{ ...KIM, leverage: 4, feeRatios: { [name]: "0.001" } }] });
      const venue = t.world.venue("kim", name);
      t.world.setBook(name, "BTCUSDT", { bids: [[100_000, 1]], asks: [[100_001, 1]] });
      await placed(t, venue, { clientOrderId: "open", qty: D("0.2"), limitPrice: undefined });
      const [short] = await settled(t.clock, venue.positions());
      expect(short).toMatchObject({ symbol: "BTCUSDT", side: "short" });
      expect(`${short!.qtyContracts} at ${short!.entryPrice}, mark ${short!.markPrice}`).toBe(
        "0.2 at 100000, mark 100000.5",
      );
      expect(`${short!.leverage}`).toBe("4");
      // 50,000 less a fee of 20; margin 5,000, and 0.1 lost at the mark.
      expect(moneyOf(await settled(t.clock, venue.balances()), "USDT")).toBe("44979.9 + 5000.1");
      // 100,000 + (49,980 - 100) / 0.2
      expect(`${short!.liquidationPrice}`).toBe("349400");

      t.world.setBook(name, "BTCUSDT", { bids: [[109_999, 1]], asks: [[110_000, 1]] });
      const cover = { side: "buy", reducesShort: true, limitPrice: undefined } as const;
      await placed(t, venue, { ...cover, clientOrderId: "part", qty: D("0.05") });
      const found = await settled(t.clock, venue.lookup({ symbol: "BTCUSDT", clientOrderId: "part" }, 1_000));
      if (found.kind !== "found") throw new Error(`expected the order, was ${found.kind}`);
      expect(found.order.fills.map(({ realisedUsdt, fee }) => `${realisedUsdt} ${fee}`)).toEqual([
        "-500 5.5",
      ]);
      await placed(t, venue, { ...cover, clientOrderId: "rest", qty: D("0.15") });
      expect(await settled(t.clock, venue.positions("BTCUSDT"))).toEqual([]);
      expect(`${t.world.ledger.balance("kim", name, "USDT")}`).toBe("47958");
      expect(t.world.bookFaults()).toEqual([]);
    }
  });

  test("reduces at most what is short, in both modes", async () => {
    for (const positionMode of ["one-way", "hedge"] as const)
      for (const name of OVERSEAS_VENUES) {
        const t = testWorld({ users: [{ ...KIM, positionMode }] });
        const venue = t.world.venue("kim", name);
        const cover = { side: "buy", reducesShort: true } as const;
        await placed(t, venue, { clientOrderId: "open", qty: D("0.002") });
        const beyond = await placed(t, venue, { ...cover, clientOrderId: "beyond", qty: D("0.003") });
        expect(kindOf(beyond)).toBe("nothing-to-reduce");
        const unmarked = { side: "buy", clientOrderId: "unmarked", qty: D("0.003") } as const;
        // Unmarked it turns a one-way short into a long; the short side of hedge mode can only shrink.
        expect(kindOf(await placed(t, venue, unmarked))).toBe(
          positionMode === "hedge" ? "nothing-to-reduce" : "accepted",
        );
        expect(
          (await settled(t.clock, venue.positions())).map(
            ({ side, qtyContracts }) => `${side} ${qtyContracts}`,
          ),
        ).toEqual([positionMode === "hedge" ? "short 0.002" : "long 0.001"]);
      }
  });

  test("hedge mode keeps the user's own long apart", async () => {
    const t = testWorld({ users: [{ ...KIM, positionMode: "hedge" }] });
    const trade = { symbol: "BTCUSDT", side: "buy", qty: "0.01", positionSide: "long" } as const;
    t.world.tradeByHand("kim", "binance", trade);
    await placed(t, t.world.venue("kim", "binance"), { qty: D("0.004") });
    const held = await settled(t.clock, t.world.venue("kim", "binance").positions("BTCUSDT"));
    expect(held.map(({ side, qtyContracts }) => `${side} ${qtyContracts}`)).toEqual([
      "long 0.01",
      "short 0.004",
    ]);
    expect(`${t.world.exposure("kim", "BTC", { beyondOpening: true })}`).toBe("0.006");
  });

  test("an order for the mode of yesterday is refused once, then the mode is read again", async () => {
    const t = testWorld();
    const bybit = t.world.venue("kim", "bybit");
    const away = { limitPrice: D(105_000) };
    expect(kindOf(await placed(t, bybit, { ...away, clientOrderId: "a" }))).toBe("accepted");
    t.world.setModes("kim", "bybit", { positionMode: "hedge", marginMode: "isolated" });
    expect(kindOf(await placed(t, bybit, { ...away, clientOrderId: "b" }))).toBe("mode");
    expect(kindOf(await placed(t, bybit, { ...away, clientOrderId: "c" }))).toBe("accepted");
    expect(await settled(t.clock, bybit.modes("BTCUSDT"))).toEqual({
      positionMode: "hedge",
      marginMode: "isolated",
    });
    expect(kindOf(await placed(t, bybit, { clientOrderId: "d" }))).toBe("accepted");
    expect(() => t.world.setModes("kim", "bybit", { positionMode: "one-way" })).toThrow("no position");
  });

  test("leverage is set while there is no position; the same value is success always", async () => {
    const t = testWorld();
    const binance = t.world.venue("kim", "binance");
    await settled(t.clock, binance.setLeverage("BTCUSDT", D(3)));
    await placed(t, binance);
    await settled(t.clock, binance.setLeverage("BTCUSDT", D("3.0")));
    await expect(settled(t.clock, binance.setLeverage("BTCUSDT", D(2)))).rejects.toThrow("no position");
    expect(`${(await settled(t.clock, binance.positions()))[0]!.leverage}`).toBe("3");
  });

  test("contracts count their multiple of coins", async () => {
    const t = testWorld();
    const pepe = { symbol: "1000PEPEUSDT", qty: D(2_000), limitPrice: D("0.0099") } as const;
    await placed(t, t.world.venue("kim", "bybit"), pepe);
    t.world.tradeByHand("kim", "upbit", { symbol: "KRW-PEPE", side: "buy", qty: 1_999_999 });
    expect(`${t.world.exposure("kim", "PEPE")}`).toBe("-1");
  });

  test("fees are taken in BNB while there is enough, with the discount", async () => {
    const t = testWorld({ users: [{ ...KIM, feesInBnb: true }] });
    t.world.setBnbPrice(500);
    t.world.setBook("binance", "BTCUSDT", { bids: [[100_000, 5]], asks: [[100_001, 5]] });
    const sell = { symbol: "BTCUSDT", side: "sell" } as const;
    // 100 USDT x 0.0005 x 0.9 / 500
    const [fill] = t.world.tradeByHand("kim", "binance", { ...sell, qty: "0.001" }).fills;
    expect(`${fill!.fee} ${fill!.feeAsset}`).toBe("0.00009 BNB");
    expect(t.world.tradeByHand("kim", "binance", { ...sell, qty: "0.2" }).fills[0]!.feeAsset).toBe("USDT");
    expect(t.world.bookFaults()).toEqual([]);
  });

  test("funding is paid into the wallet and told since an instant", async () => {
    const t = testWorld();
    t.world.payFunding("kim", "bybit", "BTCUSDT", "-1.25");
    const sinceMs = t.clock.nowMs();
    await t.clock.advance(1);
    t.world.payFunding("kim", "bybit", "BTCUSDT", "0.5");
    const bybit = t.world.venue("kim", "bybit");
    const all = await settled(t.clock, bybit.fundingSince("BTCUSDT", sinceMs));
    expect(all.map(({ amountUsdt }) => `${amountUsdt}`)).toEqual(["-1.25", "0.5"]);
    expect((await settled(t.clock, bybit.fundingSince("BTCUSDT", sinceMs + 1))).length).toBe(1);
    expect((await settled(t.clock, bybit.fundingSince("1000PEPEUSDT", 0))).length).toBe(0);
    expect(`${t.world.ledger.sum("kim", "bybit", "USDT", "funding")}`).toBe("-0.75");
    expect(`${t.world.ledger.balance("kim", "bybit", "USDT")}`).toBe("49999.25");
  });

  test("the venue takes a position, whole or in part, at its price, and the user under no id of ours", async () => {
    const t = testWorld();
    const binance = t.world.venue("kim", "binance");
    t.world.setBook("binance", "BTCUSDT", { bids: [[100_000, 5]], asks: [[100_001, 5]] });
    await placed(t, binance, { qty: D("0.01") });
    t.world.takePosition("kim", "binance", "BTCUSDT", {
      reason: "deleveraging",
      qty: "0.004",
      price: 90_000,
    });
    expect(`${(await settled(t.clock, binance.positions()))[0]!.qtyContracts}`).toBe("0.006");
    t.world.takePosition("kim", "binance", "BTCUSDT", { reason: "liquidation", price: 120_000 });
    expect(await settled(t.clock, binance.positions())).toEqual([]);
    expect(`${t.world.ledger.sum("kim", "binance", "USDT", "realised")}`).toBe("-80");
    expect(t.world.executions().map(({ clientOrderId, fromBook }) => [clientOrderId, fromBook])).toEqual([
      [orderAt("binance").clientOrderId, true],
      [undefined, false],
      [undefined, false],
    ]);
    expect(() => t.world.takePosition("kim", "binance", "BTCUSDT", { reason: "liquidation" })).toThrow(
      "expected",
    );
    expect(t.world.bookFaults()).toEqual([]);
  });

  test("a liquidation price can be set, also to none", async () => {
    const t = testWorld();
    const bybit = t.world.venue("kim", "bybit");
    await placed(t, bybit);
    const stated = async () => (await settled(t.clock, bybit.positions()))[0]!.liquidationPrice?.toString();
    t.world.setLiquidationPrice("kim", "bybit", "BTCUSDT", 101_000);
    expect(await stated()).toBe("101000");
    t.world.setLiquidationPrice("kim", "bybit", "BTCUSDT", undefined);
    expect(await stated()).toBeUndefined();
  });
});

test("transfers and trades by hand show in balances, in the ledger and in nobody's orders", async () => {
  const t = testWorld();
  t.world.deposit("kim", "upbit", "KRW", 1_000);
  t.world.withdraw("kim", "upbit", "BTC", "0.04");
  expect(() => t.world.withdraw("kim", "upbit", "BTC", "0.07")).toThrow("to be free");
  t.world.tradeByHand("kim", "upbit", { symbol: "KRW-BTC", side: "sell", qty: "0.06" });
  expect(() => t.world.tradeByHand("kim", "upbit", { symbol: "KRW-BTC", side: "sell", qty: 1 })).toThrow(
    "by hand",
  );
  const balances = await settled(t.clock, t.world.venue("kim", "upbit").balances());
  expect(balances.map(({ asset, free }) => `${free} ${asset}`)).toEqual(["108336830 KRW", "0 BTC"]);
  expect(
    t.world.ledger.entries.map(({ reason, asset, amount, ref }) => [reason, asset, `${amount}`, ref]),
  ).toEqual([
    ["deposit", "KRW", "1000", "upbit-transfer-1"],
    ["withdrawal", "BTC", "-0.04", "upbit-transfer-2"],
    ["fill", "KRW", "8340000", "hand"],
    ["fill", "BTC", "-0.06", "hand"],
    ["fee", "KRW", "-4170", "hand"],
  ]);
  expect([...t.world.idRecords()]).toEqual([]);
  expect(`${t.world.exposure("kim", "BTC", { beyondOpening: true })}`).toBe("-0.1");
  expect(t.world.bookFaults()).toEqual([]);
});
