import { describe, expect, test } from "bun:test";
import { valueIn } from "../parsed-testing.ts";
import { sample, samplesPresent } from "../scan-testing.ts";
import {
  parseAccountConfig,
  parseBalances,
  parseFunding,
  parseLeverage,
  parsePositions,
  parseRestrictions,
  parseRules,
  parseSymbolConfig,
  parseSymbols,
  parseTakerFee,
  parseTime,
} from "./account-parse.ts";
import { parseOrder, parseOrders, parseTrades, placedId } from "./order-parse.ts";

const order = (change: object = {}) => ({
  orderId: 22542179,
  clientOrderId: "sx-1",
  symbol: "BTCUSDT",
  side: "SELL",
  status: "EXPIRED",
  executedQty: "0.003",
  ...change,
});
const trade = (change: object = {}) => ({
  id: 698759,
  orderId: 22542179,
  symbol: "BTCUSDT",
  price: "7819.01",
  qty: "0.002",
  commission: "0.0781",
  commissionAsset: "USDT",
  realizedPnl: "-0.9",
  time: 1569514978020,
  ...change,
});

describe("Binance's orders", () => {
  test("an expired one can have filled; its average need not be there", () => {
    const read = valueIn(parseOrder(JSON.stringify(order())));
    expect(read).toMatchObject({ state: "closed", side: "sell", orderId: "22542179", clientOrderId: "sx-1" });
    expect(String(read.filledQty)).toBe("0.003");
  });

  test("an id of nineteen digits stays whole", () => {
    const body =
      '{"orderId":9007199254740993001,"clientOrderId":"a","symbol":"B","side":"BUY","status":"NEW","executedQty":"0"}';
    expect(valueIn(parseOrder(body)).orderId).toBe("9007199254740993001");
    expect(placedId(body)).toBe("9007199254740993001");
  });

  test.each([
    ["NEW", "open"],
    ["PARTIALLY_FILLED", "open"],
    ["PENDING_NEW", "open"],
    ["FILLED", "closed"],
    ["CANCELED", "closed"],
    ["REJECTED", "closed"],
    ["EXPIRED_IN_MATCH", "closed"],
  ])("%s is %s", (status, state) => {
    expect(valueIn(parseOrder(JSON.stringify(order({ status })))).state).toBe(state as "open");
  });

  test("a refusal is neither an order nor a yes", () => {
    const body = '{"code":-2013,"msg":"Order does not exist."}';
    expect(parseOrder(body)).toMatchObject({ ok: false, issues: [{ kind: "refused" }] });
    expect(placedId(body)).toBeUndefined();
    expect(placedId('{"code":200,"msg":"done"}')).toBeUndefined();
  });

  test("a row that does not fit makes a list unreadable", () => {
    expect(parseOrders(JSON.stringify([order(), { code: -1102, msg: "x" }])).ok).toBe(false);
    expect(valueIn(parseOrders("[]"))).toEqual([]);
  });

  test("trades: a fee is paid whatever its sign, and BNB stays BNB", () => {
    const body = JSON.stringify([
      trade(),
      trade({ id: 2, commission: "-0.0001", commissionAsset: "BNB", realizedPnl: "0" }),
    ]);
    const fills = valueIn(parseTrades(body)).map(({ fill }) => fill);
    expect(
      fills.map(({ fillId, fee, feeAsset, realisedUsdt }) => [fillId, `${fee}`, feeAsset, `${realisedUsdt}`]),
    ).toEqual([
      ["BTCUSDT-698759", "0.0781", "USDT", "-0.9"],
      ["BTCUSDT-2", "0.0001", "BNB", "0"],
    ]);
  });
});

describe("Binance's account", () => {
  test("profits not yet realised are not free", () => {
    const rows = valueIn(
      parseBalances(
        JSON.stringify([
          { asset: "USDT", balance: "100", availableBalance: "130" },
          { asset: "BNB", balance: "10", availableBalance: "4" },
          { asset: "USDC", balance: "5", availableBalance: "-1" },
        ]),
      ),
    );
    expect(rows.map(({ asset, free, locked }) => [asset, `${free}`, `${locked}`])).toEqual([
      ["USDT", "100", "0"],
      ["BNB", "4", "6"],
      ["USDC", "0", "5"],
    ]);
  });

  test("positions: the sign tells the side one-way, the side tells it in hedge mode", () => {
    const row = (positionSide: string, positionAmt: string, liquidationPrice = "0") => ({
      symbol: "BTCUSDT",
      positionSide,
      positionAmt,
      entryPrice: "1",
      markPrice: "2",
      liquidationPrice,
    });
    const rows = valueIn(
      parsePositions(
        JSON.stringify([
          row("BOTH", "-0.5", "9"),
          row("BOTH", "1"),
          row("SHORT", "-3"),
          row("LONG", "2"),
          row("BOTH", "0.000"),
        ]),
      ),
    );
    expect(
      rows.map(({ side, qtyContracts, liquidationPrice }) => [
        side,
        `${qtyContracts}`,
        `${liquidationPrice}`,
      ]),
    ).toEqual([
      ["short", "0.5", "9"],
      ["long", "1", "undefined"],
      ["short", "3", "undefined"],
      ["long", "2", "undefined"],
    ]);
  });

  test.each([
    [true, "hedge"],
    [false, "one-way"],
    ["true", "hedge"],
  ])("dualSidePosition %p is %s", (dualSidePosition, positionMode) => {
    expect(valueIn(parseAccountConfig(JSON.stringify({ dualSidePosition }))).positionMode).toBe(
      positionMode as "hedge",
    );
  });

  test("margin types", () => {
    const types = ["CROSSED", "ISOLATED", "isolated", "ODD"].map((marginType) => ({
      symbol: "X",
      marginType,
      leverage: 5,
    }));
    expect(valueIn(parseSymbolConfig(JSON.stringify(types))).map(({ marginMode }) => marginMode)).toEqual([
      "cross",
      "isolated",
      "isolated",
      "other",
    ]);
  });

  test("funding: other incomes are left out but counted for the page", () => {
    const row = (tranId: number, incomeType: string, income: string) => ({
      symbol: "BTCUSDT",
      incomeType,
      income,
      asset: "USDT",
      time: 1570636800000 + tranId,
      tranId,
      tradeId: "",
    });
    const page = valueIn(
      parseFunding(JSON.stringify([row(1, "FUNDING_FEE", "-0.5"), row(2, "COMMISSION", "-1")])),
    );
    expect(page).toMatchObject({ rowCount: 2, lastAtMs: 1570636800002 });
    expect(page.events.map(({ id, amountUsdt }) => [id, String(amountUsdt)])).toEqual([
      ["BTCUSDT-1", "-0.5"],
    ]);
  });

  const symbol = (filters: object[], change: object = {}) => ({
    symbol: "BTCUSDT",
    status: "TRADING",
    deliveryDate: 4133404800000,
    filters,
    ...change,
  });
  const FILTERS = [
    { filterType: "PRICE_FILTER", tickSize: "0.10" },
    { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" },
    { filterType: "MARKET_LOT_SIZE", stepSize: "0.01", minQty: "0.001", maxQty: "120" },
    { filterType: "MIN_NOTIONAL", notional: "100" },
  ];

  const asRead = (symbols: object[]) => valueIn(parseSymbols(JSON.stringify({ symbols })));

  test("rules satisfy both lot filters", () => {
    const rules = valueIn(parseRules(asRead([{ symbol: "OTHER" }, symbol(FILTERS)]), "BTCUSDT"));
    const { qtyStep, qtyMin, qtyMaxMarket, qtyMaxLimit, priceIncrement, notionalMin } = rules;
    expect([qtyStep, qtyMin, qtyMaxMarket, qtyMaxLimit, priceIncrement, notionalMin].map(String)).toEqual([
      "0.01",
      "0.001",
      "120",
      "1000",
      "0.1",
      "100",
    ]);
    expect(rules.tradable).toBe(true);
  });

  test.each([
    [[symbol(FILTERS, { status: "SETTLING" })], false],
    [[symbol(FILTERS, { deliveryDate: 1790000000000 })], false],
    [[symbol(FILTERS.slice(1))], undefined],
    [[symbol(FILTERS.slice(0, 1))], undefined],
    [[], undefined],
  ])("rows %#", (rows, tradable) => {
    const rules = parseRules(asRead(rows), "BTCUSDT");
    expect(rules.ok ? rules.value.tradable : undefined).toBe(tradable as boolean);
  });

  test("what a key may do", () => {
    expect(
      valueIn(parseRestrictions('{"ipRestrict":true,"enableFutures":true,"enableWithdrawals":false}')),
    ).toMatchObject({
      ipRestrict: true,
      enableFutures: true,
      enableWithdrawals: false,
    });
  });
});

if (samplesPresent) {
  describe("Binance's recorded answers about accounts", () => {
    test.each(["binance/order-lookup-1.json", "binance/order-lookup-2.json"])("%s", async (path) => {
      expect(valueIn(parseOrder(await sample(path)))).toMatchObject({
        state: "open",
        clientOrderId: "abc",
        side: "buy",
      });
    });

    test("lists with a refused order inside are unreadable", async () => {
      expect(parseOrders(await sample("binance/order-lookup-3.json")).ok).toBe(false);
    });

    test("what was placed", async () => {
      expect(placedId(await sample("binance/order-placed.json"))).toBe("22542179");
      expect(placedId(await sample("binance/error-invalid-quantity.json"))).toBeUndefined();
    });

    test("trades", async () => {
      const [first] = valueIn(parseTrades(await sample("binance/user-trades.json")));
      expect([first!.fill.fee, first!.fill.realisedUsdt].map(String)).toEqual(["0.0781901", "-0.91539999"]);
    });

    test("the small ones", async () => {
      const [usdt] = valueIn(parseBalances(await sample("binance/balance.json")));
      expect([usdt!.free, usdt!.locked].map(String)).toEqual(["23.72469206", "122583.62668697"]);
      expect(valueIn(parsePositions(await sample("binance/positions.json")))).toEqual([]);
      expect(String(valueIn(parseTakerFee(await sample("binance/commission.json"), "BTCUSDT")))).toBe(
        "0.0004",
      );
      expect(parseTakerFee(await sample("binance/commission.json"), "ETHUSDT").ok).toBe(false);
      expect(valueIn(parseSymbolConfig(await sample("binance/symbol-config.json")))[0]).toMatchObject({
        marginMode: "cross",
      });
      expect(valueIn(parseTime(await sample("binance/time.json")))).toBe(1620099477465);
      expect(valueIn(parseFunding(await sample("binance/income.json")))).toMatchObject({
        rowCount: 2,
        events: [],
      });
      expect(valueIn(parseSymbols(await sample("binance/exchange-info.json")))).toHaveLength(1);
      expect(
        String(valueIn(parseLeverage('{"leverage":21,"maxNotionalValue":"1000000","symbol":"BTCUSDT"}'))),
      ).toBe("21");
    });
  });
}
