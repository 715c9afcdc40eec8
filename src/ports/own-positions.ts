// A user's own positions as Karbit's dashboard has them (contract 3.6). Body: adapters/store/own-positions.ts. Amounts are
// decimal texts.

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

export interface OwnPositionStore {
  /** By coin and exchanges. What was closed hides every earlier entry of that coin, on whichever exchanges. */
  active(userId: number): Promise<readonly ActivePosition[]>;
}
