// What Bybit tells on its private stream: rows much as its lists print them, by topic.

import type { AccountEvent } from "./account-events.ts";
import { flatRow, openRow } from "./bybit-account.ts";
import { executionRow, fundingRow } from "./bybit-fills.ts";
import { orderRow } from "./bybit-orders.ts";
import { walletRow } from "./bybit-wallet.ts";
import { textOf } from "./exact.ts";
import type { FillCause, SimFill, SimOrder } from "./orders.ts";
import type { PerpAccount } from "./perp-account.ts";
import type { PositionIndex } from "./perp-positions.ts";
import type { SimListing } from "./types.ts";

export const TOPICS = ["order", "execution", "position", "wallet"] as const;
export type Topic = (typeof TOPICS)[number];

const CREATED_BY: Readonly<Record<FillCause, string>> = {
  trade: "CreateByUser",
  liquidation: "CreateByLiq",
  deleveraging: "CreateByAdl_PassThrough",
  settlement: "CreateBySettle",
};

/** One row per topic an event is told on, in the order they go out. */
export function rowsOf(
  event: AccountEvent,
  account: PerpAccount,
  listingOf: (symbol: string) => SimListing | undefined,
): [Topic, object][] {
  const { atMs } = event;
  const wallet = (): [Topic, object] => ["wallet", walletRow(account, atMs)];
  const position = (symbol: string, index: PositionIndex): [Topic, object] => [
    "position",
    positionRow(account, symbol, index, atMs),
  ];
  switch (event.kind) {
    case "placed":
    case "ended": {
      const told: [Topic, object] = ["order", orderMessageRow(event.order, listingOf, atMs)];
      // Margin held back for it is free again.
      return event.kind === "ended" && event.order.state === "cancelled" ? [told, wallet()] : [told];
    }
    case "filled": {
      const { order, fill } = event;
      const partly: [Topic, object][] =
        order.filledQty < order.qty! ? [["order", orderMessageRow(order, listingOf, atMs)]] : [];
      return [
        ["execution", executionMessageRow(order, fill)],
        ...partly,
        position(order.symbol, order.positionIndex),
        wallet(),
      ];
    }
    case "funded": {
      const { payment } = event;
      const row = { category: "linear", ...fundingRow(payment), ...EXECUTION_EXTRAS, execPnl: "0" };
      return [["execution", row], position(payment.symbol, payment.index), wallet()];
    }
    case "leverage-set": {
      const indexes: PositionIndex[] = account.settings.isHedge(event.symbol) ? [1, 2] : [0];
      return indexes.map((index) => position(event.symbol, index));
    }
    case "resting":
    case "moved":
      return [wallet()];
    case "margin-call":
      return [];
  }
}

const EXECUTION_EXTRAS = { isLeverage: "0", marketUnit: "", createType: "", extraFees: [] };

function orderMessageRow(
  order: SimOrder,
  listingOf: (symbol: string) => SimListing | undefined,
  atMs: number,
): object {
  // The stream does not lag as lookups do.
  const seenAtMs = Math.max(atMs, order.visibleAtMs);
  const closedPnl = order.fills.reduce((sum, fill) => sum + fill.realisedPnl, 0n);
  return {
    category: "linear",
    ...orderRow(order, listingOf(order.symbol), seenAtMs),
    createType: CREATED_BY[order.cause],
    marketUnit: "",
    feeCurrency: "",
    closedPnl: textOf(closedPnl),
  };
}

function executionMessageRow(order: SimOrder, fill: SimFill): object {
  return {
    category: "linear",
    ...executionRow(order, fill),
    ...EXECUTION_EXTRAS,
    execPnl: textOf(fill.realisedPnl),
    createType: CREATED_BY[fill.cause],
  };
}

function positionRow(account: PerpAccount, symbol: string, index: PositionIndex, atMs: number): object {
  const open = account
    .margin(atMs)
    .positions.find(({ position }) => position.symbol === symbol && position.index === index);
  const row = open === undefined ? flatRow(account, symbol, index, atMs) : openRow(open);
  const { avgPrice: entryPrice, ...rest } = row as { avgPrice: string };
  return { category: "linear", ...rest, entryPrice, sessionAvgPrice: "0" };
}
