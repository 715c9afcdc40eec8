// Whatever bytes arrive about orders and money: no parser throws, what is believed holds its own promises, and a
// damaged answer to an order is never taken for a refusal.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../../domain/decimal.ts";
import type { VenueFill } from "../../ports/trading-venue.ts";
import * as binanceAccount from "./binance/account-parse.ts";
import * as binance from "./binance/order-parse.ts";
import { BINANCE_RULES } from "./binance/refusals.ts";
import * as bybitAccount from "./bybit/account-parse.ts";
import * as bybit from "./bybit/order-parse.ts";
import { bybitRules } from "./bybit/refusals.ts";
import * as krw from "./krw-order-parse.ts";
import { KRW_RULES } from "./krw-refusals.ts";
import { type AnswerRules, placeOutcome } from "./order-answer.ts";
import type { Body, Parsed } from "./parsed.ts";
import { valueIn } from "./parsed-testing.ts";
import { damaged, LIST_INPUTS, Random } from "./scan-testing.ts";
import { parseLastPrice, parseTickSize } from "./upbit/trading.ts";

const KRW_ORDER = {
  uuid: "u-1",
  side: "bid",
  ord_type: "limit",
  price: "154000000",
  state: "cancel",
  market: "KRW-BTC",
  created_at: "2026-07-04T14:39:04+09:00",
  volume: "0.003",
  remaining_volume: "0.001",
  paid_fee: "150.5",
  executed_volume: "0.002",
  trades_count: 2,
  identifier: "sx-a-b0-1",
  trades: [
    { uuid: "t-1", price: "150000000", volume: "0.001", funds: "150000", created_at: "2026-07-04T14:39:04Z" },
    { uuid: "t-2", price: 151e6, volume: 0.001, funds: null },
  ],
};
const bybitList = (list: object[], nextPageCursor = "") => ({
  retCode: 0,
  retMsg: "OK",
  result: { category: "linear", list, nextPageCursor },
  time: 1,
});
const BYBIT_ORDER = {
  orderId: "o-1",
  orderLinkId: "sx-1",
  symbol: "BTCUSDT",
  side: "Sell",
  orderStatus: "Cancelled",
  cumExecQty: "0.003",
};
const BYBIT_EXECUTION = {
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
};
const BYBIT_POSITION = {
  symbol: "BTCUSDT",
  side: "Sell",
  size: "0.5",
  positionIdx: 0,
  avgPrice: "100",
  markPrice: "101",
  liqPrice: "",
  leverage: "3",
};
const BYBIT_WALLET = {
  totalAvailableBalance: "10.5",
  coin: [
    {
      coin: "USDT",
      walletBalance: "100",
      locked: "0",
      totalOrderIM: "1",
      totalPositionIM: "2",
      unrealisedPnl: "-3",
    },
  ],
};
const BYBIT_LOG = {
  id: "1",
  symbol: "BTCUSDT",
  type: "SETTLEMENT",
  currency: "USDT",
  change: "-0.5",
  cashFlow: "0",
  transactionTime: "1672282722429",
};
const BYBIT_KEY = {
  readOnly: 0,
  permissions: { ContractTrade: ["Order", "Position"], Wallet: [] },
  ips: ["*"],
  expiredAt: "2026-12-22T07:20:25Z",
  uta: 1,
};
const BINANCE_ORDER = {
  orderId: 22542179,
  clientOrderId: "sx-1",
  symbol: "BTCUSDT",
  side: "SELL",
  status: "EXPIRED",
  executedQty: "0.003",
};
const BINANCE_TRADE = {
  id: 698759,
  orderId: 22542179,
  symbol: "BTCUSDT",
  price: "7819.01",
  qty: "0.002",
  commission: "0.0781",
  commissionAsset: "USDT",
  realizedPnl: "-0.9",
  time: 1569514978020,
};
const BINANCE_INCOME = {
  symbol: "BTCUSDT",
  incomeType: "FUNDING_FEE",
  income: "-0.5",
  asset: "USDT",
  time: 1570636800000,
  tranId: 9689322392,
};
const BINANCE_SYMBOLS = {
  symbols: [
    {
      symbol: "BTCUSDT",
      status: "TRADING",
      deliveryDate: 4133404800000,
      filters: [
        { filterType: "PRICE_FILTER", tickSize: "0.10" },
        { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" },
      ],
    },
  ],
};
const BINANCE_POSITION = {
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  positionAmt: "-0.5",
  entryPrice: "1",
  markPrice: "2",
  liquidationPrice: "0",
};

const CHANCE = {
  bid_fee: "0.0005",
  ask_fee: "0.0005",
  market: {
    id: "KRW-BTC",
    bid: { min_total: 5000 },
    ask: { min_total: "5000" },
    max_total: "1e9",
    state: "active",
  },
};

const PARSERS: readonly (readonly [string, (body: Body) => Parsed<unknown>, unknown])[] = [
  ["an order in KRW", krw.parseOrder, KRW_ORDER],
  ["orders in KRW", krw.parseOrders, [KRW_ORDER]],
  ["balances in KRW", krw.parseBalances, [{ currency: "KRW", balance: "1.5", locked: "0" }]],
  ["the chance of an order", krw.parseChance, CHANCE],
  ["keys", krw.parseKeys, [{ access_key: "k", expire_at: "2026-03-09T12:39:39.000Z" }]],
  ["a tick size", (body) => parseTickSize(body, "KRW-BTC"), [{ market: "KRW-BTC", tick_size: 1000 }]],
  ["a price", (body) => parseLastPrice(body, "KRW-BTC"), [{ market: "KRW-BTC", trade_price: 1.5e8 }]],
  ["Bybit's orders", bybit.parseOrders, bybitList([BYBIT_ORDER])],
  ["Bybit's executions", bybit.parseExecutions, bybitList([BYBIT_EXECUTION])],
  ["Bybit's positions", bybitAccount.parsePositions, bybitList([BYBIT_POSITION])],
  ["Bybit's balances", bybitAccount.parseBalances, bybitList([BYBIT_WALLET])],
  ["Bybit's funding", bybitAccount.parseFunding, bybitList([BYBIT_LOG])],
  [
    "Bybit's fee",
    (body) => bybitAccount.parseTakerFee(body, "X"),
    bybitList([{ symbol: "X", takerFeeRate: "0.0006" }]),
  ],
  [
    "Bybit's margin mode",
    bybitAccount.parseMarginMode,
    { retCode: 0, result: { marginMode: "REGULAR_MARGIN" } },
  ],
  ["Bybit's key", bybitAccount.parseKeyInfo, { retCode: 0, result: BYBIT_KEY }],
  ["Bybit's time", bybitAccount.parseTime, { retCode: 0, result: { timeNano: "1688639403423213947" } }],
  ["Binance's order", binance.parseOrder, BINANCE_ORDER],
  ["Binance's orders", binance.parseOrders, [BINANCE_ORDER]],
  ["Binance's trades", binance.parseTrades, [BINANCE_TRADE]],
  ["Binance's positions", binanceAccount.parsePositions, [BINANCE_POSITION]],
  [
    "Binance's balances",
    binanceAccount.parseBalances,
    [{ asset: "USDT", balance: "1", availableBalance: "1" }],
  ],
  ["Binance's funding", binanceAccount.parseFunding, [BINANCE_INCOME]],
  ["Binance's symbols", (body) => symbolsAndRules(body), BINANCE_SYMBOLS],
  [
    "Binance's modes",
    binanceAccount.parseSymbolConfig,
    [{ symbol: "X", marginType: "CROSSED", leverage: 5 }],
  ],
  ["Binance's account", binanceAccount.parseAccountConfig, { dualSidePosition: false, canTrade: true }],
  ["Binance's leverage", binanceAccount.parseLeverage, { leverage: 5 }],
  ["Binance's key", binanceAccount.parseRestrictions, { ipRestrict: true, enableFutures: true }],
  ["Binance's time", binanceAccount.parseTime, { serverTime: 1620099477465 }],
];

function symbolsAndRules(body: Body): Parsed<unknown> {
  const symbols = binanceAccount.parseSymbols(body);
  return symbols.ok ? binanceAccount.parseRules(symbols.value, "BTCUSDT") : symbols;
}

function forDamaged(value: unknown, check: (text: string) => void): void {
  const whole = new TextEncoder().encode(JSON.stringify(value));
  const property = fc.property(fc.nat(2 ** 32 - 1), (seed) => {
    const random = new Random(seed);
    let bytes = damaged(random, whole);
    if (bytes.length > 0 && random.chance(0.3)) bytes = damaged(random, bytes);
    check(new TextDecoder().decode(bytes));
  });
  fc.assert(property, { numRuns: LIST_INPUTS, includeErrorInReport: true });
}

/** Every amount in a value, wherever it stands. */
function amountsIn(value: unknown): Decimal[] {
  if (value instanceof Decimal) return [value];
  if (Array.isArray(value)) return value.flatMap(amountsIn);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(amountsIn);
  return [];
}

describe("Whatever arrives about orders and money", () => {
  test.each(PARSERS)(
    "%s: a value whose amounts are sane, or an issue",
    (_, parse, value) => {
      valueIn(parse(JSON.stringify(value)));
      forDamaged(value, (text) => {
        const parsed = parse(text);
        if (!parsed.ok) {
          if (parsed.issues.length === 0) throw new Error("a failure without an issue");
          return;
        }
        for (const amount of amountsIn(parsed.value)) {
          if (amount.toString().length > 130) throw new Error(`an amount out of all proportion: ${amount}`);
        }
      });
    },
    300_000,
  );

  test("an order is complete exactly when its fills add up, and its fee is dealt out whole", () => {
    forDamaged(KRW_ORDER, (text) => {
      const parsed = krw.parseOrder(text);
      if (!parsed.ok) return;
      const { fills, filledQty, fillsComplete } = parsed.value;
      const sum = Decimal.sum(fills.map(({ qty }) => qty));
      if (fillsComplete !== sum.equals(filledQty))
        throw new Error(`${sum} of ${filledQty}: ${fillsComplete}`);
      if (filledQty.isNegative || fills.some(({ qty, price }) => !qty.isPositive || !price.isPositive))
        throw new Error("expected amounts above 0");
      const paid = (JSON.parse(text) as { paid_fee: string }).paid_fee;
      if (fills.length > 0 && !Decimal.sum(fills.map(({ fee }) => fee)).equals(Decimal.of(String(paid))))
        throw new Error(`expected the fee ${paid} dealt out`);
    });
  }, 300_000);
});

const cents = fc.bigInt(1n, 10n ** 12n);

test("A fee is dealt out to the last digit, however many fills there are, and none gets a part below 0", () => {
  fc.assert(
    fc.property(fc.array(cents, { minLength: 1, maxLength: 30 }), fc.bigInt(0n, 10n ** 10n), (funds, fee) => {
      const amount = (units: bigint) => Decimal.of(`${units}e-8`).toString();
      const trades = funds.map((each, index) => ({
        uuid: `t-${index}`,
        price: "1",
        volume: amount(each),
        funds: amount(each),
      }));
      const executed = amount(funds.reduce((sum, each) => sum + each, 0n));
      const order = { ...KRW_ORDER, trades, executed_volume: executed, paid_fee: amount(fee) };
      const { fills, fillsComplete } = valueIn(krw.parseOrder(JSON.stringify(order)));
      const fees = fills.map((fill: VenueFill) => fill.fee);
      return (
        fillsComplete &&
        Decimal.sum(fees).equals(Decimal.of(amount(fee))) &&
        fees.every((each) => !each.isNegative)
      );
    }),
    { numRuns: Math.min(LIST_INPUTS, 5_000) },
  );
});

interface Place {
  readonly name: string;
  readonly rules: AnswerRules;
  readonly idIn: (text: string) => string | undefined;
  readonly accepted: object;
  readonly refused: object;
  readonly status: number;
}

const PLACES: readonly Place[] = [
  {
    name: "Upbit and Bithumb",
    rules: KRW_RULES,
    idIn: krw.placedId,
    accepted: { ...KRW_ORDER, order_id: "C01" },
    refused: { error: { name: "insufficient_funds_bid", message: "주문가능한 금액이 부족합니다." } },
    status: 400,
  },
  {
    name: "Bybit",
    rules: bybitRules({ reducesShort: true }),
    idIn: bybit.placedId,
    accepted: {
      retCode: 0,
      retMsg: "OK",
      result: { orderId: "a", orderLinkId: "b" },
      retExtInfo: {},
      time: 1,
    },
    refused: { retCode: 110007, retMsg: "ab not enough for new order", result: {}, retExtInfo: {}, time: 1 },
    status: 200,
  },
  {
    name: "Binance",
    rules: BINANCE_RULES,
    idIn: binance.placedId,
    accepted: { ...BINANCE_ORDER, avgPrice: "0.00" },
    refused: { code: -2019, msg: "Margin is insufficient." },
    status: 400,
  },
];

describe("Damaged answers to an order", () => {
  test.each(PLACES)(
    "$name: a damaged yes is never a refusal, a damaged refusal never a yes",
    ({ rules, idIn, accepted, refused, status }) => {
      const outcome = (code: number, text: string) =>
        placeOutcome({ kind: "answer", status: code, headers: new Headers(), text }, rules, idIn);
      expect(outcome(200, JSON.stringify(accepted)).kind).toBe("accepted");
      expect(outcome(status, JSON.stringify(refused)).kind).toBe("rejected");
      forDamaged(accepted, (text) => {
        const { kind } = outcome(200, text);
        if (kind !== "accepted" && kind !== "unknown") throw new Error(`expected no ${kind} of ${text}`);
      });
      forDamaged(refused, (text) => {
        const { kind } = outcome(status, text);
        if (kind !== "rejected" && kind !== "unknown") throw new Error(`expected no ${kind} of ${text}`);
      });
      forDamaged(refused, (text) => {
        for (const code of [500, 502, 504, 408]) {
          if (outcome(code, text).kind !== "unknown") throw new Error(`expected ${code} unknown: ${text}`);
        }
      });
    },
    300_000,
  );
});
