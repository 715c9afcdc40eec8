import { describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import {
  type KrwOrder,
  parseBalances,
  parseChance,
  parseKeys,
  parseOrder,
  parseOrders,
  placedId,
} from "./krw-order-parse.ts";
import { valueIn } from "./parsed-testing.ts";
import { sample, samplesPresent } from "./scan-testing.ts";
import { parseLastPrice, parseTickSize } from "./upbit/trading.ts";

const trade = (uuid: string, price: string, volume: string, funds: string) => ({
  market: "KRW-BTC",
  uuid,
  price,
  volume,
  funds,
  trend: "up",
  created_at: "2026-07-04T14:39:05+09:00",
  side: "bid",
});

const order = (change: object = {}) =>
  JSON.stringify({
    uuid: "u-1",
    side: "bid",
    ord_type: "limit",
    price: "100",
    state: "cancel",
    market: "KRW-BTC",
    created_at: "2026-07-04T14:39:04+09:00",
    volume: "3",
    remaining_volume: "1",
    paid_fee: "0.1",
    locked: "0",
    executed_volume: "2",
    trades_count: 2,
    identifier: "sx-a-b0-1",
    trades: [trade("t-1", "100", "1", "100"), trade("t-2", "101", "1", "101")],
    ...change,
  });

describe("An order at a KRW venue", () => {
  test("ended in `cancel` has what its trades say", () => {
    const read = valueIn(parseOrder(order()));
    expect(read).toMatchObject({
      state: "closed",
      fillsComplete: true,
      side: "buy",
      clientOrderId: "sx-a-b0-1",
    });
    expect(read.filledQty.toString()).toBe("2");
    expect(
      read.fills.map(({ fillId, price, qty, feeAsset }) => [fillId, `${price}`, `${qty}`, feeAsset]),
    ).toEqual([
      ["t-1", "100", "1", "KRW"],
      ["t-2", "101", "1", "KRW"],
    ]);
    expect(read.fills[0]!.atMs).toBe(Date.parse("2026-07-04T05:39:05Z"));
  });

  test("deals its fee out by money, and the parts make the whole", () => {
    const trades = ["1", "2", "3.5"].map((funds, index) => trade(`t-${index}`, funds, "1", funds));
    const read = valueIn(parseOrder(order({ trades, executed_volume: "3", paid_fee: "0.00000001" })));
    expect(Decimal.sum(read.fills.map(({ fee }) => fee)).toString()).toBe("0.00000001");
    const rich = valueIn(parseOrder(order({ trades, executed_volume: "3", paid_fee: "6.5" })));
    expect(rich.fills.map(({ fee }) => `${fee}`)).toEqual(["1", "2", "3.5"]);
  });

  test("whose trades do not add up yet is not complete", () => {
    const read = valueIn(parseOrder(order({ executed_volume: "2.5" })));
    expect(read).toMatchObject({ fillsComplete: false, state: "closed" });
  });

  test.each(["wait", "watch", "trade", "prevented", "something new"])("in the state %s is open", (state) => {
    expect(valueIn(parseOrder(order({ state }))).state).toBe("open");
  });

  test("of Bithumb goes by its own names", () => {
    const change = { uuid: undefined, order_id: "C0101", identifier: undefined, client_order_id: "sx-b" };
    expect(valueIn(parseOrder(order(change)))).toMatchObject({
      venueOrderId: "C0101",
      clientOrderId: "sx-b",
    });
  });

  test("by money has no volume", () => {
    const read = valueIn(parseOrder(order({ volume: null, remaining_volume: null, price: "1000000" })));
    expect(read.fillsComplete).toBe(true);
  });

  test("in a list has no trades", () => {
    const rows = valueIn(parseOrders(`[${order({ trades: undefined })}]`));
    expect(rows[0]).toMatchObject({ hasTrades: false, fillsComplete: false });
    expect(valueIn(parseOrders("[]"))).toEqual([]);
  });

  test.each([
    ["no id", { uuid: undefined }],
    ["no executed volume", { executed_volume: undefined }],
    ["a negative executed volume", { executed_volume: "-1" }],
    ["a side nobody knows", { side: "long" }],
    ["a time without a zone", { created_at: "2026-07-04T14:39:04" }],
    ["a day that is none", { created_at: "2026-13-44T14:39:04Z" }],
    ["a trade without a price", { trades: [{ uuid: "t", volume: "1" }] }],
    ["a trade of nothing", { trades: [trade("t", "1", "0", "0")] }],
    ["an amount without end", { executed_volume: "1".repeat(80) }],
    ["an amount written large", { executed_volume: "1e99" }],
  ])("with %s is not believed", (_, change) => {
    expect(parseOrder(order(change)).ok).toBe(false);
  });

  test("one bad row makes a list unreadable: a skipped order could be ours", () => {
    expect(parseOrders(`[${order()},{}]`).ok).toBe(false);
  });

  test("an amount keeps every digit", () => {
    const read = valueIn(parseOrder(order({ executed_volume: "0.12345678901234567890" })));
    expect(read.filledQty.toString()).toBe("0.1234567890123456789");
  });
});

describe("The reply to a new order", () => {
  test.each([
    ['{"uuid":"a"}', "a"],
    ['{"order_id":"C01"}', "C01"],
    ["{}", undefined],
    ['{"uuid":""}', undefined],
    ["[]", undefined],
    ["<html>", undefined],
    ['{"uuid":"a"', undefined],
  ])("%s", (body, id) => {
    expect(placedId(body)).toBe(id as string);
  });
});

describe("The account", () => {
  test("free is the balance, which leaves out what is locked", () => {
    const rows = valueIn(
      parseBalances('[{"currency":"KRW","balance":"12.5","locked":"3","avg_buy_price":"0"}]'),
    );
    expect(rows.map(({ asset, free, locked }) => [asset, `${free}`, `${locked}`])).toEqual([
      ["KRW", "12.5", "3"],
    ]);
    expect(valueIn(parseBalances("[]"))).toEqual([]);
  });

  test("one unreadable row makes it unreadable", () => {
    expect(parseBalances('[{"currency":"KRW","balance":"1","locked":"0"},{"currency":"BTC"}]').ok).toBe(
      false,
    );
  });

  const chance = (change: object = {}) =>
    JSON.stringify({
      bid_fee: "0.0005",
      ask_fee: "0.0004",
      market: {
        id: "KRW-BTC",
        bid: { min_total: 5000 },
        ask: { min_total: "7000" },
        state: "active",
        ...change,
      },
    });

  test("the larger minimum counts for both sides", () => {
    const read = valueIn(parseChance(chance({ max_total: "1000000000.0" })));
    expect(
      [read.buyFeeRatio, read.sellFeeRatio, read.notionalMinKrw, read.notionalMaxKrw].map(String),
    ).toEqual(["0.0005", "0.0004", "7000", "1000000000"]);
    expect(read.tradable).toBe(true);
  });

  test("a market in any other state is not tradable", () => {
    expect(valueIn(parseChance(chance({ state: "preview" }))).tradable).toBe(false);
  });

  test("its keys have their ends", () => {
    const body = '[{"access_key":"k","expire_at":"2026-03-09T12:39:39.000Z"}]';
    expect(valueIn(parseKeys(body))).toEqual([
      { accessKey: "k", endsAtMs: Date.UTC(2026, 2, 9, 12, 39, 39) },
    ]);
  });
});

describe("Public answers", () => {
  test("the tick size and the price of the market asked for, no other's", () => {
    const ticks = '[{"market":"KRW-ETH","tick_size":1000},{"market":"KRW-BTC","tick_size":0.5}]';
    expect(String(valueIn(parseTickSize(ticks, "KRW-BTC")))).toBe("0.5");
    expect(parseTickSize(ticks, "KRW-XRP").ok).toBe(false);
    expect(String(valueIn(parseLastPrice('[{"market":"KRW-BTC","trade_price":1.5e8}]', "KRW-BTC")))).toBe(
      "150000000",
    );
    expect(parseLastPrice("[]", "KRW-BTC").ok).toBe(false);
  });
});

if (samplesPresent) {
  describe("Recorded answers", () => {
    test.each([
      ["upbit/order-filled.json", "closed", "1", true],
      ["upbit/order-placed.json", "open", "0", true],
      ["upbit/order-cancelnew-prev.json", "open", "0", true],
    ])("%s", async (path, state, filled, fillsComplete) => {
      const read: KrwOrder = valueIn(parseOrder(await sample(path)));
      expect([read.state as string, String(read.filledQty), read.fillsComplete]).toEqual([
        state,
        filled,
        fillsComplete,
      ]);
    });

    test.each(["upbit/orders-open.json", "upbit/orders-closed.json"])("%s", async (path) => {
      expect(valueIn(parseOrders(await sample(path)))).toHaveLength(1);
    });

    test.each([
      ["upbit/accounts.json", "KRW", "0.34202414", "4999.99999922"],
      ["bithumb/accounts.json", "KRW", "51026", "0"],
    ])("%s", async (path, asset, free, locked) => {
      const row = valueIn(parseBalances(await sample(path))).find((each) => each.asset === asset);
      expect([String(row!.free), String(row!.locked)]).toEqual([free, locked]);
    });

    test("what was placed", async () => {
      expect(placedId(await sample("bithumb/order-placed.json"))).toBe("C0101000003152350309");
      expect(placedId(await sample("upbit/order-placed.json"))).toBe("cdd92199-2897-4e14-9448-f923320408ad");
    });

    test("the other small ones", async () => {
      expect(String(valueIn(parseChance(await sample("upbit/orders-chance.json"))).notionalMinKrw)).toBe(
        "5000",
      );
      expect(valueIn(parseKeys(await sample("upbit/apikeys.json")))).toHaveLength(2);
      const ticks = await sample("upbit/orderbook-instruments.json");
      expect(String(valueIn(parseTickSize(ticks, "KRW-BTC")))).toBe("1000");
      expect(String(valueIn(parseLastPrice(await sample("upbit/tickers.json"), "KRW-BTC")))).not.toBe("0");
    });
  });
}
