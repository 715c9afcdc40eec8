// Whatever is ordered and whatever goes wrong, money is neither made nor lost: ledgers sum up to balances, and the
// same balances follow from the fills alone, computed here in another way.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import type { Delivery } from "./dispatch.ts";
import { exact, textOf } from "./exact.ts";
import type { FaultSpec } from "./faults.ts";
import { createHarness, KEY, type Params, signed } from "./wire-harness.ts";

const RUNS = runsOf(8, 1_000);
const { apiKey } = KEY;
const VENUES = ["upbit", "bithumb", "bybit", "binance"] as const;

const FAULTS: readonly FaultSpec[] = [
  { kind: "reply-lost" },
  { kind: "request-lost" },
  { kind: "late-arrival", delayMs: 700 },
  { kind: "duplicate-delivery" },
  { kind: "duplicate-delivery", delayMs: 400 },
  { kind: "part-fill", fraction: 0.3 },
  { kind: "insufficient-balance" },
  { kind: "delayed-visibility", delayMs: 900 },
  { kind: "server-error", executed: true },
  { kind: "hang" },
];

const step = fc.record({
  venue: fc.constantFrom(...VENUES),
  side: fc.constantFrom("buy" as const, "sell" as const),
  shape: fc.constantFrom("market", "ioc", "rest"),
  size: fc.integer({ min: 1, max: 400 }),
  /** Levels beyond the best price of the other side; below zero short of it. */
  away: fc.integer({ min: -5, max: 25 }),
  clientId: fc.integer({ min: 0, max: 30 }),
  fault: fc.option(fc.constantFrom(...FAULTS), { nil: undefined, freq: 2 }),
  waitMs: fc.constantFrom(0, 50, 900, 60_000, 4 * 3_600_000),
  meddle: fc.constantFrom("nothing", "nothing", "cancel", "deposit", "deleverage", "liquidate"),
});
const RATES = { upbit: "0.000333371739", bithumb: "0.002499917231" };
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** The order a step means, as its venue writes it. */
function orderOf(
  { venue, side, shape, size, away, clientId }: Step,
  hedge: boolean,
  middle: number,
): [string, Params] {
  const bid = side === "buy";
  const reach = middle * (1 + (bid ? 1 : -1) * (away + 1) * 0.0001);
  if (venue === "upbit" || venue === "bithumb") {
    const price = String(Math.round(reach / 1_000) * 1_000);
    const volume = (size / 10_000).toFixed(4);
    const limit = { price, volume, ...(shape === "ioc" && { time_in_force: "ioc" }) };
    const kind = shape !== "market" ? "limit" : bid ? "price" : "market";
    const amounts = shape !== "market" ? limit : bid ? { price: String(size * 10_007) } : { volume };
    const body = { market: "KRW-BTC", side: bid ? "bid" : "ask", ...amounts };
    return venue === "upbit"
      ? ["POST /v1/orders", { ...body, ord_type: kind, identifier: `c${clientId}` }]
      : ["POST /v2/orders", { ...body, order_type: kind, client_order_id: `c${clientId}` }];
  }
  const price = String(Math.round(reach));
  const qty = (size / 1_000).toFixed(3);
  const index = hedge ? (clientId % 2 === 0 ? 1 : 2) : 0;
  if (venue === "bybit") {
    const type =
      shape === "market"
        ? { orderType: "Market" }
        : { orderType: "Limit", price, timeInForce: shape === "ioc" ? "IOC" : "GTC" };
    const order = { category: "linear", symbol: "BTCUSDT", side: bid ? "Buy" : "Sell", qty, ...type };
    return ["POST /v5/order/create", { ...order, positionIdx: index, orderLinkId: `c${clientId}` }];
  }
  const type =
    shape === "market"
      ? { type: "MARKET" }
      : { type: "LIMIT", price, timeInForce: shape === "ioc" ? "IOC" : "GTC" };
  const positionSide = (["BOTH", "LONG", "SHORT"] as const)[index];
  const order = { symbol: "BTCUSDT", side: bid ? "BUY" : "SELL", quantity: qty, positionSide, ...type };
  return ["POST /fapi/v1/order", { ...order, newClientOrderId: `c${clientId}` }];
}

function run(steps: readonly Step[], hedgeMode: boolean) {
  const balances = { upbit: { KRW: "30000000", BTC: "0.2" }, bithumb: { KRW: "30000000", BTC: "0.2" } };
  const perps = { bybit: { USDT: "20000" }, binance: { USDT: "20000", BNB: "0.01" } };
  const harness = createHarness({
    limits: false,
    keys: [{ ...KEY, balances: { ...balances, ...perps }, hedgeMode, feesInBnb: true }],
  });
  const { clock, control, deliver, arrivePending } = harness;
  // Rates that do not divide evenly, so that fees must be rounded.
  for (const venue of ["upbit", "bithumb"] as const)
    control.accounts.setFees({ apiKey, venue, taker: RATES[venue] });
  for (const each of steps) {
    if (each.fault !== undefined) control.setFault({ ...each.fault, count: 1 });
    const [route, params] = orderOf(each, hedgeMode, middleOf(harness, each.venue));
    const delivery: Delivery = deliver(
      each.venue,
      signed(each.venue, route, params, { key: KEY, nowMs: clock.nowMs }),
    );
    expect(["send", "hang", "reset", "held"]).toContain(delivery.kind);
    control.clearFaults();
    meddle(each, harness);
    clock.nowMs += each.waitMs;
    arrivePending();
  }
  return harness;
}

function middleOf({ market, clock }: ReturnType<typeof createHarness>, venue: Step["venue"]): number {
  const symbol = venue === "upbit" || venue === "bithumb" ? "KRW-BTC" : "BTCUSDT";
  const { asks, bids } = market.book(venue, symbol, clock.nowMs, 1)!;
  return (Number(asks[0]![0]) + Number(bids[0]![0])) / 2;
}

function meddle(
  { meddle: what, venue, size }: Step,
  { control, call }: ReturnType<typeof createHarness>,
): void {
  const { accounts } = control;
  if (what === "deposit") {
    const asset = venue === "upbit" || venue === "bithumb" ? "KRW" : "USDT";
    accounts.deposit({ apiKey, venue, asset, amount: String(size) });
  }
  const open = accounts.orders(apiKey, venue).find(({ state }) => state === "open");
  if (what === "cancel" && open !== undefined) {
    if (venue === "upbit") call(venue, "DELETE /v1/order", { uuid: open.orderId });
    if (venue === "bithumb") call(venue, "DELETE /v2/order", { order_id: open.orderId });
    if (venue === "bybit")
      call(venue, "POST /v5/order/cancel", { category: "linear", symbol: "BTCUSDT", orderId: open.orderId });
    if (venue === "binance")
      call(venue, "DELETE /fapi/v1/order", { symbol: "BTCUSDT", orderId: open.orderId });
  }
  if ((what === "deleverage" || what === "liquidate") && (venue === "bybit" || venue === "binance")) {
    const [position] = accounts.positions(apiKey, venue);
    if (position === undefined) return;
    const { symbol, positionIndex } = position;
    if (what === "liquidate") accounts.liquidate({ apiKey, venue, symbol, positionIndex });
    else accounts.deleverage({ apiKey, venue, symbol, positionIndex, fraction: 0.5 });
  }
}

const sum = <Row>(rows: readonly Row[], of: (row: Row) => string | bigint): bigint =>
  rows.reduce((total, row) => total + BigInt(toUnits(of(row))), 0n);
const toUnits = (value: string | bigint): bigint => (typeof value === "bigint" ? value : exact(value));

const explained =
  "ledgers sum up to balances, what is held belongs to open orders, and fills explain every change";
test(explained, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), fc.boolean(), (steps, hedgeMode) => {
      const harness = run(steps, hedgeMode);
      const { control } = harness;
      for (const venue of VENUES) {
        const ledger = control.accounts.ledger(apiKey, venue);
        const balances = control.accounts.balances(apiKey, venue);
        const fills = control.accounts.fills(apiKey, venue);
        const orders = control.accounts.orders(apiKey, venue);
        for (const [asset, balance] of Object.entries(balances)) {
          const entries = ledger.filter((entry) => entry.asset === asset);
          expect(textOf(sum(entries, ({ change }) => change))).toBe(balance);
          entries.forEach((entry, index) => {
            const before = index === 0 ? 0n : exact(entries[index - 1]!.balance);
            expect(exact(entry.balance)).toBe(before + exact(entry.change));
          });
          const fees = fills.filter(({ feeAsset }) => feeAsset === asset);
          const paid = entries.filter(({ reason }) => reason === "fee");
          expect(sum(paid, ({ change }) => change)).toBe(-sum(fees, ({ fee }) => fee));
        }
        for (const fill of fills) {
          const product = (exact(fill.price) * exact(fill.qty)) / 10n ** 18n;
          expect(textOf(product)).toBe(fill.quote);
        }
        for (const order of orders) {
          expect(textOf(sum(order.fills, ({ qty }) => qty))).toBe(order.filledQty);
          expect(order.state === "open" || order.locked === "0").toBe(true);
          if (order.qty !== undefined) expect(exact(order.filledQty) <= exact(order.qty)).toBe(true);
          if (order.money !== undefined) expect(exact(order.filledQuote) <= exact(order.money)).toBe(true);
        }
        if (venue === "upbit" || venue === "bithumb") checkSpot(venue, harness);
        else checkPerp(venue, harness);
        const twice = control.accounts.clientIds(apiKey, venue).filter(({ executed }) => executed > 1);
        if (venue !== "binance") expect(twice).toEqual([]);
      }
    }),
    { numRuns: RUNS },
  );
}, 120_000);

type Harness = ReturnType<typeof createHarness>;

function checkSpot(venue: "upbit" | "bithumb", { control: { accounts }, call }: Harness): void {
  const fills = accounts.fills(apiKey, venue);
  const moved = accounts
    .ledger(apiKey, venue)
    .filter(({ reason }) => reason === "opening" || reason === "deposit");
  const brought = (asset: string) =>
    sum(
      moved.filter((entry) => entry.asset === asset),
      ({ change }) => change,
    );
  const [bought, sold] = [
    fills.filter(({ side }) => side === "buy"),
    fills.filter(({ side }) => side === "sell"),
  ];
  const balances = accounts.balances(apiKey, venue);
  const krw =
    brought("KRW") -
    sum(bought, ({ quote }) => quote) +
    sum(sold, ({ quote }) => quote) -
    sum(fills, ({ fee }) => fee);
  expect(balances.KRW).toBe(textOf(krw));
  expect(balances.BTC).toBe(
    textOf(brought("BTC") + sum(bought, ({ qty }) => qty) - sum(sold, ({ qty }) => qty)),
  );
  const rate = exact(RATES[venue]);
  const orders = accounts.orders(apiKey, venue);
  for (const order of orders) {
    // Half a hundred-millionth of a won at most, over all of an order's fills.
    const off = exact(order.paidFee) - (exact(order.filledQuote) * rate) / 10n ** 18n;
    expect(abs(off) <= 5n * 10n ** 9n).toBe(true);
    if (order.state !== "open") continue;
    const left = exact(order.qty!) - exact(order.filledQty);
    const cash = (exact(order.price!) * left) / 10n ** 18n + exact(order.reservedFee) - exact(order.paidFee);
    expect(order.locked).toBe(textOf(order.side === "sell" ? left : cash));
  }
  const waiting = (side: string) => orders.filter((order) => order.state === "open" && order.side === side);
  for (const row of call(venue, "GET /v1/accounts").json as Record<string, string>[]) {
    const held = sum(waiting(row.currency === "KRW" ? "buy" : "sell"), ({ locked }) => locked);
    expect(row.locked).toBe(textOf(held));
    expect(textOf(exact(row.balance!) + held)).toBe(balances[row.currency!]!);
  }
}

/** Positions and profit from the fills alone: closing first in the order of time, at the average of what is open. */
function checkPerp(venue: "bybit" | "binance", { control: { accounts } }: Harness): void {
  const fills = accounts.fills(apiKey, venue);
  const indexOf = new Map(
    accounts.orders(apiKey, venue).map((order) => [order.orderId, order.positionIndex]),
  );
  const ledger = accounts.ledger(apiKey, venue).filter(({ asset }) => asset === "USDT");
  const booked = (...reasons: string[]) =>
    sum(
      ledger.filter(({ reason }) => reasons.includes(reason)),
      ({ change }) => change,
    );
  const shown = accounts.positions(apiKey, venue);
  let realised = 0n;
  for (const index of [0, 1, 2] as const) {
    let [size, cost] = [0n, 0n];
    for (const fill of fills.filter(({ orderId }) => indexOf.get(orderId) === index)) {
      const [qty, price] = [exact(fill.qty), exact(fill.price)];
      const signed = fill.side === "buy" ? qty : -qty;
      const closes = size !== 0n && size > 0n !== signed > 0n;
      const closed = closes ? least(qty, abs(size)) : 0n;
      expect(textOf(closed)).toBe(fill.closedQty);
      if (closed > 0n) {
        const share = closed === abs(size) ? cost : rounded((cost * closed) / abs(size));
        const value = (price * closed) / 10n ** 18n;
        const profit = size > 0n ? value - share : share - value;
        expect(fill.realisedPnl).toBe(textOf(profit));
        realised += profit;
        cost -= share;
      }
      cost += (price * (qty - closed)) / 10n ** 18n;
      size += signed;
    }
    expect(shown.find(({ positionIndex }) => positionIndex === index)?.size ?? "0").toBe(textOf(size));
  }
  expect(booked("realised-pnl")).toBe(realised);
  expect(booked("funding")).toBe(sum(accounts.funding(apiKey, venue), ({ amount }) => amount));
  const fees = sum(
    fills.filter(({ feeAsset }) => feeAsset === "USDT"),
    ({ fee }) => fee,
  );
  const rest = booked("opening", "deposit", "insurance") + realised - fees + booked("funding");
  expect(accounts.balances(apiKey, venue).USDT).toBe(textOf(rest));
}

const least = (left: bigint, right: bigint) => (left < right ? left : right);
const abs = (value: bigint) => (value < 0n ? -value : value);
/** To eight decimals, a half up; sums of money here are not negative. */
const rounded = (value: bigint) => ((value + 5n * 10n ** 9n) / 10n ** 10n) * 10n ** 10n;
