// A user's own positions: of live trading as Karbit's dashboard has them (contract 3.6), of paper trading in the same
// form out of our own record. Body: adapters/store/own-positions.ts. Amounts are decimal texts; a day is a day of Korea.

export interface ActivePosition {
  readonly coin: string;
  /** As stored, upper case: UPBIT. */
  readonly krExchange: string;
  readonly frExchange: string;
  readonly krVolumeCoin: string;
  readonly frVolumeCoin: string;
  readonly krFundsKrw: string;
  readonly frFundsUsdt: string;
  /** KRW per USDT, two decimals; null: nothing was received abroad. */
  readonly entryRate: string | null;
  /** Rows behind this line. */
  readonly entries: number;
  readonly latestEntryAtMs: number | null;
  /** The highest of its rows. */
  readonly leverage: number;
}

/** An entry (OPEN, and so for ever) or the close of a position, in Karbit's columns. */
export interface PositionRow {
  /** Unique within the user's rows of this mode. */
  readonly id: string;
  readonly status: "OPEN" | "CLOSED";
  readonly coin: string;
  readonly krExchange: string;
  readonly frExchange: string;
  readonly leverage: number;
  readonly krPriceKrw: string;
  readonly krVolumeCoin: string;
  readonly krFundsKrw: string;
  readonly krFeeKrw: string;
  readonly frPriceUsdt: string;
  readonly frVolumeCoin: string;
  readonly frFundsUsdt: string;
  readonly frFeeUsdt: string;
  /** KRW per USDT, as the next two. */
  readonly entryRate: string | null;
  readonly exitRate: string | null;
  readonly usdtPriceKrw: string | null;
  readonly profitKrw: string | null;
  readonly profitRatePct: string | null;
  /** Of a CLOSED row the instant of closing. */
  readonly entryAtMs: number | null;
  readonly exitAtMs: number | null;
}

export interface PositionPage {
  readonly total: number;
  /** Newest first. */
  readonly rows: readonly PositionRow[];
}

/** Where the next part of a long reading goes on; a text for the store alone. */
export type PositionCursor = string;

export interface CoinStatistics {
  readonly coin: string;
  readonly closed: number;
  readonly wins: number;
  readonly profitKrw: string;
}

export interface PositionStatistics {
  readonly entries: number;
  readonly closed: number;
  /** Of those closed with a known profit. */
  readonly wins: number;
  readonly losses: number;
  readonly winRatePct: string | null;
  readonly profitKrw: string;
  readonly profitTodayKrw: string;
  readonly meanProfitRatePct: string | null;
  readonly bestProfitKrw: string | null;
  readonly worstProfitKrw: string | null;
  /** By profit, highest first, 20 at most. */
  readonly byCoin: readonly CoinStatistics[];
}

/** Days on which nothing was closed are left out. */
export interface DailyProfit {
  /** As 2026-01-31. */
  readonly day: string;
  readonly closed: number;
  readonly wins: number;
  readonly profitKrw: string;
}

/** Of the mode it was made for. Rejects with StoreFault. */
export interface OwnPositionStore {
  /** By coin and exchanges. In Karbit what was closed hides every earlier entry of that coin, on whichever exchanges. */
  active(userId: number): Promise<readonly ActivePosition[]>;
  /** `offset` rows are passed over. */
  history(userId: number, page: { readonly offset: number; readonly limit: number }): Promise<PositionPage>;
  /** Row after row without counting: `next` is undefined at the end. Rows that come meanwhile are not met. */
  historyFrom(
    userId: number,
    from: { readonly cursor: PositionCursor | undefined; readonly limit: number },
  ): Promise<{ readonly rows: readonly PositionRow[]; readonly next: PositionCursor | undefined }>;
  statistics(userId: number, nowMs: number): Promise<PositionStatistics>;
  /** Both days included, ascending. */
  daily(
    userId: number,
    days: { readonly from: string; readonly to: string },
  ): Promise<readonly DailyProfit[]>;
}
