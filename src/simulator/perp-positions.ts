// Positions of one perpetual account. The cost of what is open is kept exactly; closing takes its share of it, so
// realised profits over a position's life sum up to what was received minus what was paid.

import { type Exact, MONEY_STEP, ONE, roundTo, sizeOf, smaller } from "./exact.ts";
import type { FillCause, Side, SimOrder } from "./orders.ts";

/** 0 one-way, 1 long and 2 short of hedge mode. */
export type PositionIndex = 0 | 1 | 2;

export interface PerpPosition {
  readonly symbol: string;
  readonly index: PositionIndex;
  /** Short is negative. */
  size: Exact;
  /** |size| x average entry price. */
  cost: Exact;
  /** Fees paid for what is open. */
  openFees: Exact;
  /** Since the position was first opened, before fees and funding. */
  realisedGross: Exact;
  /** The same, net of both. */
  realisedNet: Exact;
  /** The same since it was last flat. */
  realisedNetNow: Exact;
  readonly createdAtMs: number;
  updatedAtMs: number;
}

/** One per closing order, as Bybit keeps them; fees beside the gross figures. */
export interface ClosedPnl {
  readonly symbol: string;
  readonly orderId: string;
  readonly side: Side;
  readonly cause: FillCause;
  readonly orderType: "Market" | "Limit";
  readonly orderPrice: Exact;
  readonly orderQty: Exact;
  readonly leverage: Exact;
  closedSize: Exact;
  entryValue: Exact;
  exitValue: Exact;
  openFee: Exact;
  closeFee: Exact;
  fillCount: number;
  /** Net of both fees. */
  pnl: Exact;
  readonly createdAtMs: number;
  updatedAtMs: number;
}

export interface PositionFill {
  readonly order: SimOrder;
  readonly side: Side;
  readonly price: Exact;
  readonly qty: Exact;
  readonly quote: Exact;
  /** In USDT, whatever it is paid in. */
  readonly feeUsdt: Exact;
  readonly cause: FillCause;
  readonly leverage: Exact;
  readonly atMs: number;
}

export class PositionBook {
  readonly closed: ClosedPnl[] = [];
  private readonly positions = new Map<string, PerpPosition>();
  private readonly closedByOrder = new Map<string, ClosedPnl>();

  /** Every position ever had, flat ones included. */
  all(): PerpPosition[] {
    return [...this.positions.values()];
  }

  open(symbol?: string): PerpPosition[] {
    return this.all().filter(
      (position) => position.size !== 0n && (symbol === undefined || position.symbol === symbol),
    );
  }

  get(symbol: string, index: PositionIndex): PerpPosition | undefined {
    return this.positions.get(`${symbol} ${index}`);
  }

  /** What an order of that side would close. */
  closable(symbol: string, index: PositionIndex, side: Side): Exact {
    const size = this.get(symbol, index)?.size ?? 0n;
    return side === "buy" ? (size < 0n ? -size : 0n) : size > 0n ? size : 0n;
  }

  /** Books a fill; the realised profit gross of fees, and how much it closed. */
  apply(symbol: string, index: PositionIndex, fill: PositionFill): { realised: Exact; closedQty: Exact } {
    const position = this.getOrOpen(symbol, index, fill.atMs);
    const signed = fill.side === "buy" ? fill.qty : -fill.qty;
    const opposite = position.size !== 0n && position.size < 0n !== signed < 0n;
    const closedQty = opposite ? smaller(fill.qty, sizeOf(position.size)) : 0n;
    const realised = closedQty > 0n ? this.close(position, fill, closedQty) : 0n;
    const openedQty = fill.qty - closedQty;
    if (openedQty > 0n) {
      if (position.size === 0n) position.realisedNetNow = 0n;
      const fee = closedQty === 0n ? fill.feeUsdt : share(fill.feeUsdt, openedQty, fill.qty);
      position.size += fill.side === "buy" ? openedQty : -openedQty;
      position.cost += (fill.price * openedQty) / ONE;
      position.openFees += fee;
    }
    position.realisedGross += realised;
    addRealised(position, realised - fill.feeUsdt);
    position.updatedAtMs = fill.atMs;
    return { realised, closedQty };
  }

  private getOrOpen(symbol: string, index: PositionIndex, atMs: number): PerpPosition {
    const key = `${symbol} ${index}`;
    let position = this.positions.get(key);
    if (position === undefined) {
      const none = {
        size: 0n,
        cost: 0n,
        openFees: 0n,
        realisedGross: 0n,
        realisedNet: 0n,
        realisedNetNow: 0n,
      };
      position = { symbol, index, ...none, createdAtMs: atMs, updatedAtMs: atMs };
      this.positions.set(key, position);
    }
    return position;
  }

  private close(position: PerpPosition, fill: PositionFill, qty: Exact): Exact {
    const size = sizeOf(position.size);
    const entryValue = share(position.cost, qty, size);
    const openFee = share(position.openFees, qty, size);
    const exitValue = (fill.price * qty) / ONE;
    const realised = position.size > 0n ? exitValue - entryValue : entryValue - exitValue;
    position.cost -= entryValue;
    position.openFees -= openFee;
    position.size += position.size > 0n ? -qty : qty;
    const record = this.closedRecord(position.symbol, fill);
    const closeFee = share(fill.feeUsdt, qty, fill.qty);
    record.closedSize += qty;
    record.entryValue += entryValue;
    record.exitValue += exitValue;
    record.openFee += openFee;
    record.closeFee += closeFee;
    record.fillCount++;
    record.pnl += realised - openFee - closeFee;
    record.updatedAtMs = fill.atMs;
    return realised;
  }

  private closedRecord(symbol: string, { order, side, cause, leverage, atMs }: PositionFill): ClosedPnl {
    const known = this.closedByOrder.get(order.orderId);
    if (known !== undefined) return known;
    const record: ClosedPnl = {
      symbol,
      orderId: order.orderId,
      side,
      cause,
      orderType: order.kind === "limit" ? "Limit" : "Market",
      orderPrice: order.price ?? 0n,
      orderQty: order.qty ?? 0n,
      leverage,
      closedSize: 0n,
      entryValue: 0n,
      exitValue: 0n,
      openFee: 0n,
      closeFee: 0n,
      fillCount: 0,
      pnl: 0n,
      createdAtMs: atMs,
      updatedAtMs: atMs,
    };
    this.closedByOrder.set(order.orderId, record);
    this.closed.push(record);
    return record;
  }
}

export function addRealised(position: PerpPosition, net: Exact): void {
  position.realisedNet += net;
  position.realisedNetNow += net;
}

/** `part` of `whole`'s share of a sum, to eight decimals; all of it when the part is the whole. */
function share(sum: Exact, part: Exact, whole: Exact): Exact {
  return part === whole ? sum : roundTo((sum * part) / whole, MONEY_STEP);
}
