import { describe, expect, test } from "bun:test";
import { valueIn } from "../parsed-testing.ts";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseBalances,
  parseFunding,
  parseKeyInfo,
  parseMarginMode,
  parsePositions,
  parseRules,
  parseTakerFee,
  parseTime,
} from "./account-parse.ts";
import { parseExecutions, parseOrders, placedId } from "./order-parse.ts";

const result = (value: object) => JSON.stringify({ retCode: 0, retMsg: "OK", result: value, time: 1 });
const listed = (list: object[], nextPageCursor = "") => result({ list, nextPageCursor });

const order = (change: object = {}) => ({
  orderId: "o-1",
  orderLinkId: "sx-1",
  symbol: "BTCUSDT",
  side: "Sell",
  orderStatus: "Cancelled",
  cumExecQty: "0.003",
  avgPrice: "",
  ...change,
});
const execution = (change: object = {}) => ({
  execId: "e-1",
  orderId: "o-1",
  orderLinkId: "sx-1",
  symbol: "BTCUSDT",
  side: "Sell",
  execType: "Trade",
  execPrice: "100000.5",
  execQty: "0.003",
  execFee: "0.165",
  feeCurrency: "",
  execTime: "1672282722429",
  ...change,
});

describe("Bybit's orders", () => {
  test("a cancelled one can have filled", () => {
    const { rows, nextCursor } = valueIn(parseOrders(listed([order()])));
    expect(rows[0]).toMatchObject({ state: "closed", side: "sell", orderLinkId: "sx-1" });
    expect(String(rows[0]!.filledQty)).toBe("0.003");
    expect(nextCursor).toBeUndefined();
  });

  test.each([
    ["New", "open"],
    ["PartiallyFilled", "open"],
    ["Untriggered", "open"],
    ["Filled", "closed"],
    ["Rejected", "closed"],
    ["Deactivated", "closed"],
    ["PartiallyFilledCanceled", "closed"],
    ["SomethingNew", "open"],
  ])("%s is %s", (orderStatus, state) => {
    expect(valueIn(parseOrders(listed([order({ orderStatus })]))).rows[0]!.state).toBe(state as "open");
  });

  test.each([[{ cumExecQty: "" }], [{ cumExecQty: "-1" }], [{ side: "" }], [{ orderId: "" }]])(
    "%p makes the list unreadable",
    (change) => {
      expect(parseOrders(listed([order(), order(change)])).ok).toBe(false);
    },
  );

  test("a refusal is no list", () => {
    const parsed = parseOrders('{"retCode":10005,"retMsg":"Permission denied","result":{"list":[]}}');
    expect(parsed).toMatchObject({ ok: false, issues: [{ kind: "refused" }] });
  });

  test.each([
    [result({ orderId: "a", orderLinkId: "b" }), "a"],
    [result({}), undefined],
    ['{"retCode":110007,"retMsg":"x","result":{"orderId":"a"}}', undefined],
    ['{"retCode":0', undefined],
  ])("the reply %s", (body, id) => {
    expect(placedId(body)).toBe(id as string);
  });
});

describe("Bybit's executions", () => {
  test("an empty fee currency is USDT, and profit is only what is stated", () => {
    const { rows } = valueIn(
      parseExecutions(listed([execution(), execution({ execId: "e-2", execPnl: "-1.5" })], "c")),
    );
    expect(
      rows.map(({ fill }) => [fill.fillId, fill.feeAsset, `${fill.fee}`, `${fill.realisedUsdt}`]),
    ).toEqual([
      ["e-1", "USDT", "0.165", "undefined"],
      ["e-2", "USDT", "0.165", "-1.5"],
    ]);
  });

  test("funding is no fill", () => {
    expect(valueIn(parseExecutions(listed([execution({ execType: "Funding" })]))).rows).toEqual([]);
  });
});

describe("Bybit's account", () => {
  const wallet = (coin: object, totalAvailableBalance = "1000") =>
    listed([{ totalAvailableBalance, coin: [{ coin: "USDT", ...coin }] }]);
  const freeOf = (body: string) => {
    const [row] = valueIn(parseBalances(body));
    return [String(row!.free), String(row!.locked)];
  };

  test.each([
    [{ walletBalance: "100" }, ["100", "0"]],
    [{ walletBalance: "100", totalPositionIM: "20", totalOrderIM: "5", locked: "1" }, ["74", "26"]],
    [{ walletBalance: "100", unrealisedPnl: "-30" }, ["70", "30"]],
    [{ walletBalance: "100", unrealisedPnl: "30" }, ["100", "0"]],
    [{ walletBalance: "100", totalPositionIM: "120" }, ["0", "100"]],
    [{ walletBalance: "" }, ["0", "0"]],
  ])("%p leaves free and locked %p", (coin, expected) => {
    expect(freeOf(wallet(coin))).toEqual(expected);
  });

  test("no more is free than the whole account has available", () => {
    expect(freeOf(wallet({ walletBalance: "100" }, "40"))).toEqual(["40", "60"]);
    expect(freeOf(wallet({ walletBalance: "100" }, ""))).toEqual(["100", "0"]);
  });

  test("positions: sides, the empty row that tells the mode, and a liquidation price that is none", () => {
    const { rows } = valueIn(
      parsePositions(
        listed([
          {
            symbol: "BTCUSDT",
            side: "Sell",
            size: "0.5",
            positionIdx: 2,
            avgPrice: "100",
            liqPrice: "120.5",
            leverage: "3",
          },
          {
            symbol: "BTCUSDT",
            side: "",
            size: "0",
            positionIdx: 0,
            avgPrice: "",
            liqPrice: "",
            markPrice: "1",
            leverage: "",
          },
        ]),
      ),
    );
    expect(rows[0]).toMatchObject({ side: "short", positionIdx: 2 });
    expect([rows[0]!.qtyContracts, rows[0]!.liquidationPrice, rows[0]!.leverage].map(String)).toEqual([
      "0.5",
      "120.5",
      "3",
    ]);
    expect(rows[1]).toMatchObject({ positionIdx: 0, liquidationPrice: undefined, leverage: undefined });
  });

  test.each([
    ["REGULAR_MARGIN", "cross"],
    ["ISOLATED_MARGIN", "isolated"],
    ["PORTFOLIO_MARGIN", "other"],
  ])("%s is %s", (marginMode, mode) => {
    expect(valueIn(parseMarginMode(result({ marginMode })))).toBe(mode as "cross");
  });

  test("funding: received is positive, other coins and other rows are left out", () => {
    const row = (id: string, change: object) => ({
      id,
      symbol: "BTCUSDT",
      type: "SETTLEMENT",
      currency: "USDT",
      funding: "0.5",
      change: "-0.5",
      cashFlow: "0",
      transactionTime: "1672282722429",
      ...change,
    });
    const { rows } = valueIn(
      parseFunding(
        listed([
          row("1", {}),
          row("2", { currency: "USDC" }),
          row("3", { type: "TRADE" }),
          row("4", { change: "0.35", cashFlow: "0.1" }),
        ]),
      ),
    );
    expect(rows.map(({ id, amountUsdt }) => [id, String(amountUsdt)])).toEqual([
      ["1", "-0.5"],
      ["4", "0.25"],
    ]);
  });

  test("what a key may do", () => {
    const info = (change: object) =>
      valueIn(
        parseKeyInfo(
          result({
            readOnly: 0,
            permissions: { ContractTrade: ["Order", "Position"], Wallet: [] },
            ips: ["1.2.3.4"],
            expiredAt: "2026-12-22T07:20:25Z",
            uta: 1,
            ...change,
          }),
        ),
      );
    expect(info({})).toMatchObject({
      mayTrade: true,
      mayWithdraw: false,
      isBoundToAddress: true,
      isUnified: true,
    });
    expect(info({ readOnly: 1 }).mayTrade).toBe(false);
    expect(info({ ips: ["*"] }).isBoundToAddress).toBe(false);
    expect(info({ permissions: { ContractTrade: ["Order"], Wallet: ["Withdraw"] } })).toMatchObject({
      mayTrade: false,
      mayWithdraw: true,
    });
  });
});

if (samplesPresent) {
  const raw = async (path: string) => result(JSON.parse(await sample(path)));
  describe("Bybit's recorded answers about accounts", () => {
    test.each([
      ["bybit/order-lookup-1.json", "closed"],
      ["bybit/order-lookup-2.json", "open"],
      ["bybit/order-lookup-3.json", "open"],
    ])("%s", async (path, state) => {
      expect(valueIn(parseOrders(await sample(path))).rows[0]!.state).toBe(state as "open");
    });

    test("executions", async () => {
      const [first] = valueIn(parseExecutions(await raw("bybit/executions-1.json"))).rows;
      expect([first!.fill.qty, first!.fill.price, first!.fill.fee].map(String)).toEqual([
        "0.01",
        "26816.8",
        "0.1609008",
      ]);
      expect(valueIn(parseExecutions(await sample("bybit/executions-2.json"))).rows[0]!.fill.feeAsset).toBe(
        "USDT",
      );
    });

    test("positions", async () => {
      expect(valueIn(parsePositions(await sample("bybit/positions-2.json"))).rows[0]).toMatchObject({
        side: "long",
      });
      expect(valueIn(parsePositions(await raw("bybit/positions-3.json"))).rows[0]!.qtyContracts.isZero).toBe(
        true,
      );
    });

    test("balances", async () => {
      const usdt = valueIn(parseBalances(await raw("bybit/wallet-balance-1.json"))).find(
        ({ asset }) => asset === "USDT",
      );
      expect([usdt!.free, usdt!.locked].map(String)).toEqual(["1339.61537267", "100"]);
      expect(valueIn(parseBalances(await sample("bybit/wallet-balance-2.json")))).toHaveLength(1);
    });

    test("the small ones", async () => {
      expect(String(valueIn(parseTakerFee(await sample("bybit/fee-rate.json"), "ETHUSDT")))).toBe("0.0006");
      expect(parseTakerFee(await sample("bybit/fee-rate.json"), "BTCUSDT").ok).toBe(false);
      expect(valueIn(parseTime(await sample("bybit/time.json")))).toBe(1688639403423);
      expect(valueIn(parseMarginMode(await sample("bybit/account-info.json")))).toBe("cross");
      expect(valueIn(parseKeyInfo(await sample("bybit/api-key-info.json")))).toMatchObject({
        mayTrade: true,
        isBoundToAddress: false,
        isUnified: false,
      });
      expect(placedId(await raw("bybit/order-placed.json"))).toBe("1358868270414852352");
      const rules = valueIn(parseRules(await sample("bybit/instruments.json"), "BTCUSDT"));
      expect([rules.qtyStep, rules.qtyMaxLimit.above(rules.qtyMaxMarket)].map(String)).toEqual([
        "0.001",
        "true",
      ]);
    });
  });
}
