// What became of Bybit orders: executions (funding payments among them), closed profit and the log of every change
// of the wallet. Newest first, in pages.

import { averageOf } from "./bybit-orders.ts";
import { envelope, isReply, pageOf, parameterError, spanOf } from "./bybit-reply.ts";
import { type Exact, sizeOf, textOf } from "./exact.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { FillCause, SimFill, SimOrder } from "./orders.ts";
import type { PerpAccount } from "./perp-account.ts";
import type { FundingPayment } from "./perp-funding.ts";
import type { ClosedPnl } from "./perp-positions.ts";
import { type Route, type RouteContext, userOf, type WireReply } from "./wire.ts";

export function bybitFillRoutes(): [string, Route][] {
  const signed = { signed: true } as const;
  return [
    ["GET /v5/execution/list", { ...signed, group: "execution-list", answer: executionsAnswer }],
    ["GET /v5/position/closed-pnl", { ...signed, group: "closed-pnl", answer: closedAnswer }],
    ["GET /v5/account/transaction-log", { ...signed, group: "transaction-log", answer: logAnswer }],
  ];
}

const EXEC_TYPES: Readonly<Record<FillCause, string>> = {
  trade: "Trade",
  liquidation: "BustTrade",
  deleveraging: "AdlTrade",
  settlement: "Settle",
};

interface Row {
  readonly sequence: number;
  readonly atMs: number;
  readonly print: () => object;
}

function executionsAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.category !== "linear") return parameterError(context, "Category Invalid");
  const account = userOf(context).bybit;
  const seen: Row[] = [];
  for (const fill of account.orders.fills) {
    const order = account.orders.byId(fill.orderId)!;
    const cause = EXEC_TYPES[fill.cause];
    if (nowMs < order.visibleAtMs || !named(fields, order.symbol, cause)) continue;
    if (fields.orderId && fields.orderId !== order.orderId) continue;
    if (fields.orderLinkId && fields.orderLinkId !== order.clientId) continue;
    seen.push({ sequence: fill.sequence, atMs: fill.atMs, print: () => executionRow(order, fill) });
  }
  for (const payment of fields.orderId || fields.orderLinkId ? [] : account.funding) {
    if (!named(fields, payment.symbol, "Funding")) continue;
    seen.push({ sequence: payment.sequence, atMs: payment.atMs, print: () => fundingRow(payment) });
  }
  return paged(context, seen, { usual: 50, max: 100 });
}

function named(fields: Readonly<Record<string, string>>, symbol: string, execType: string): boolean {
  return (!fields.symbol || fields.symbol === symbol) && (!fields.execType || fields.execType === execType);
}

function paged(
  context: RouteContext,
  all: readonly Row[],
  limits: { usual: number; max: number },
): WireReply {
  const { fields, nowMs } = context.request;
  const span = spanOf(context);
  if (isReply(span)) return span;
  // Named orders are found whenever they were.
  const anytime = Boolean(fields.orderId || fields.orderLinkId);
  const within = all.filter(({ atMs }) => anytime || (atMs >= span.fromMs && atMs <= span.toMs));
  const page = pageOf(context, within, limits);
  if (isReply(page)) return page;
  const { nextPageCursor } = page;
  return envelope(nowMs, { nextPageCursor, category: "linear", list: page.rows.map((row) => row.print()) });
}

export function executionRow(order: SimOrder, fill: SimFill): object {
  const until = order.fills.slice(0, order.fills.indexOf(fill) + 1);
  const filled = until.reduce((sum, each) => sum + each.qty, 0n);
  return {
    symbol: order.symbol,
    orderType: order.kind === "limit" ? "Limit" : "Market",
    underlyingPrice: "",
    orderLinkId: order.clientId ?? "",
    side: fill.side === "buy" ? "Buy" : "Sell",
    indexPrice: "",
    orderId: order.orderId,
    stopOrderType: "UNKNOWN",
    leavesQty: textOf(order.qty! - filled),
    execTime: String(fill.atMs),
    feeCurrency: fill.feeAsset,
    isMaker: fill.maker,
    execFee: textOf(fill.fee),
    feeRate: textOf(fill.feeRate),
    execId: fill.id,
    tradeIv: "",
    blockTradeId: "",
    markPrice: textOf(fill.markPrice),
    execPrice: textOf(fill.price),
    markIv: "",
    orderQty: textOf(order.qty!),
    orderPrice: textOf(order.price ?? 0n),
    execValue: textOf(fill.quote),
    execType: EXEC_TYPES[fill.cause],
    execQty: textOf(fill.qty),
    closedSize: textOf(fill.closedQty),
    extraFees: "",
    seq: fill.sequence,
  };
}

/** A fee that was paid is positive, one that was received negative. */
export function fundingRow(payment: FundingPayment): object {
  return {
    symbol: payment.symbol,
    orderType: "UNKNOWN",
    underlyingPrice: "",
    orderLinkId: "",
    side: payment.size > 0n ? "Sell" : "Buy",
    indexPrice: "",
    orderId: payment.id,
    stopOrderType: "UNKNOWN",
    leavesQty: "0",
    execTime: String(payment.atMs),
    feeCurrency: "USDT",
    isMaker: false,
    execFee: textOf(-payment.amount),
    feeRate: textOf(payment.rate),
    execId: payment.id,
    tradeIv: "",
    blockTradeId: "",
    markPrice: textOf(payment.markPrice),
    execPrice: textOf(payment.markPrice),
    markIv: "",
    orderQty: "0",
    orderPrice: "0",
    execValue: textOf((sizeOf(payment.size) * payment.markPrice) / 10n ** 18n),
    execType: "Funding",
    execQty: textOf(sizeOf(payment.size)),
    closedSize: "0",
    extraFees: "",
    seq: payment.sequence,
  };
}

function closedAnswer(context: RouteContext): WireReply {
  const { fields } = context.request;
  if (fields.category !== "linear") return parameterError(context, "Category Invalid");
  const records = userOf(context).bybit.positions.closed;
  const rows = records.map((record, index) => ({
    sequence: index + 1,
    atMs: record.updatedAtMs,
    print: () => closedRow(record),
  }));
  return paged(
    context,
    rows.filter((_, index) => !fields.symbol || records[index]!.symbol === fields.symbol),
    {
      usual: 50,
      max: 100,
    },
  );
}

function closedRow(record: ClosedPnl): object {
  return {
    symbol: record.symbol,
    orderType: record.orderType,
    leverage: textOf(record.leverage),
    updatedTime: String(record.updatedAtMs),
    side: record.side === "buy" ? "Buy" : "Sell",
    orderId: record.orderId,
    closedPnl: textOf(record.pnl),
    avgEntryPrice: textOf(averageOf(record.entryValue, record.closedSize)),
    qty: textOf(record.orderQty),
    cumEntryValue: textOf(record.entryValue),
    createdTime: String(record.createdAtMs),
    orderPrice: textOf(record.orderPrice),
    closedSize: textOf(record.closedSize),
    avgExitPrice: textOf(averageOf(record.exitValue, record.closedSize)),
    execType: EXEC_TYPES[record.cause],
    fillCount: String(record.fillCount),
    cumExitValue: textOf(record.exitValue),
    openFee: textOf(record.openFee),
    closeFee: textOf(record.closeFee),
  };
}

/** One row per execution or transfer: entries of one fill are one change. */
function logAnswer(context: RouteContext): WireReply {
  const { fields } = context.request;
  const account = userOf(context).bybit;
  const groups = new Map<string, LedgerEntry[]>();
  for (const entry of account.ledger.entries) {
    const key = entry.fillId ?? `entry ${entry.sequence}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const causes = {
    account,
    fills: new Map(account.orders.fills.map((fill) => [fill.id, fill])),
    payments: new Map(account.funding.map((payment) => [payment.id, payment])),
  };
  const rows = [...groups.values()].map((entries) => logRow(causes, entries));
  const wantedRows = rows.filter(
    ({ type, entry }) =>
      (!fields.type || fields.type === type) &&
      (!fields.currency || fields.currency === entry.asset) &&
      (!fields.baseCoin || entry.symbol?.startsWith(fields.baseCoin) === true),
  );
  return paged(context, wantedRows, { usual: 20, max: 50 });
}

interface Causes {
  readonly account: PerpAccount;
  readonly fills: ReadonlyMap<string, SimFill>;
  readonly payments: ReadonlyMap<string, FundingPayment>;
}

function logRow(
  { account, fills, payments }: Causes,
  entries: readonly LedgerEntry[],
): Row & { readonly type: string; readonly entry: LedgerEntry } {
  const entry = entries.at(-1)!;
  const fill = fills.get(entry.fillId ?? "");
  const payment = payments.get(entry.fillId ?? "");
  const of = (...reasons: string[]) =>
    entries.reduce((sum, each) => (reasons.includes(each.reason) ? sum + each.change : sum), 0n);
  const change = entries.reduce((sum, each) => sum + each.change, 0n);
  const type = typeOf(entry, fill, change);
  const order = fill && account.orders.byId(fill.orderId);
  return {
    sequence: entry.sequence,
    atMs: entry.atMs,
    type,
    entry,
    print: () => ({
      id: `${entry.sequence}_${entry.symbol ?? entry.asset}_${entry.atMs}`,
      symbol: entry.symbol ?? "",
      category: entry.symbol === undefined ? "" : "linear",
      side: fill === undefined ? "None" : fill.side === "buy" ? "Buy" : "Sell",
      transactionTime: String(entry.atMs),
      type,
      transSubType: "",
      qty: textOf(fill?.qty ?? (payment && sizeOf(payment.size)) ?? 0n),
      size: textOf(payment?.size ?? 0n),
      currency: entry.asset,
      tradePrice: textOf(fill?.price ?? payment?.markPrice ?? 0n),
      funding: payment === undefined ? "" : textOf(-of("funding")),
      fee: textOf(-of("fee")),
      cashFlow: textOf(cashFlowOf(entries)),
      change: textOf(change),
      cashBalance: textOf(entry.balance),
      feeRate: textOf(fill?.feeRate ?? payment?.rate ?? 0n),
      bonusChange: "",
      tradeId: entry.fillId ?? "",
      orderId: fill?.orderId ?? "",
      orderLinkId: order?.clientId ?? "",
      extraFees: "",
    }),
  };
}

function cashFlowOf(entries: readonly LedgerEntry[]): Exact {
  return entries.reduce(
    (sum, { reason, change }) => (reason === "fee" || reason === "funding" ? sum : sum + change),
    0n,
  );
}

function typeOf({ reason }: LedgerEntry, fill: SimFill | undefined, change: Exact): string {
  if (fill !== undefined) {
    if (fill.cause === "liquidation") return "LIQUIDATION";
    if (fill.cause === "deleveraging") return "ADL";
    return fill.cause === "settlement" ? "DELIVERY" : "TRADE";
  }
  if (reason === "funding") return "SETTLEMENT";
  return change > 0n ? "TRANSFER_IN" : "TRANSFER_OUT";
}
