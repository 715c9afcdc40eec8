// What to change in Karbit's `coins_exchanges` of one venue, decided from the stored rows and the venue's list. Pure.
// A row that is right is not written; a quarantined coin is neither added nor removed; an absent or unknown wallet
// state leaves the stored flags.

import type { WalletState } from "../../domain/instrument.ts";
import type { VenueRefresh } from "../../ports/store.ts";

/** A row of `coins_exchanges`, without ids. */
export interface CoinRow {
  readonly coinSymbol: string;
  readonly displayName: string;
  readonly depositYn: boolean;
  readonly withdrawYn: boolean;
  readonly netType: string | null;
}

export interface CoinPlan {
  readonly inserts: readonly CoinRow[];
  readonly updates: readonly CoinRow[];
  readonly deletes: readonly string[];
  readonly heldBack: readonly string[];
  readonly overlong: readonly string[];
}

const COIN_SYMBOL_CHARS_MAX = 20;
const DISPLAY_NAME_CHARS_MAX = 100;
const NET_TYPE_CHARS_MAX = 50;

/** Ascending by coin throughout, so that two writers take rows in the same order. */
export function planCoins(stored: readonly CoinRow[], refresh: VenueRefresh): CoinPlan {
  const storedByCoin = new Map(stored.map((row) => [row.coinSymbol, row]));
  const wallets = new Map(
    refresh.wallets.filter((wallet) => wallet.venue === refresh.venue).map((wallet) => [wallet.coin, wallet]),
  );
  const quarantinedCoins = new Set<string>();
  const names = new Map<string, string>();
  for (const listing of refresh.listings) {
    if (refresh.quarantined.has(listing.symbol)) quarantinedCoins.add(listing.coin);
    else if (listing.tradable && !names.has(listing.coin)) names.set(listing.coin, listing.displayName);
  }

  const inserts: CoinRow[] = [];
  const updates: CoinRow[] = [];
  const overlong: string[] = [];
  for (const [coin, displayName] of [...names].sort(byCoin)) {
    if (charCount(coin) > COIN_SYMBOL_CHARS_MAX) {
      overlong.push(coin);
      continue;
    }
    const held = storedByCoin.get(coin);
    const row = rowOf(coin, displayName, wallets.get(coin), held);
    if (held === undefined) inserts.push(row);
    else if (!sameRow(held, row)) updates.push(row);
  }

  const gone = [...storedByCoin.keys()]
    .filter((coin) => !names.has(coin) && !quarantinedCoins.has(coin))
    .sort();
  const implausible = gone.length * 2 > stored.length && refresh.force !== true;
  return { inserts, updates, overlong, deletes: implausible ? [] : gone, heldBack: implausible ? gone : [] };
}

function rowOf(
  coin: string,
  displayName: string,
  wallet: WalletState | undefined,
  held: CoinRow | undefined,
): CoinRow {
  const name = cut(displayName, DISPLAY_NAME_CHARS_MAX);
  return {
    coinSymbol: coin,
    displayName: name || (held?.displayName ?? coin),
    depositYn: known(wallet?.deposit) ?? held?.depositYn ?? false,
    withdrawYn: known(wallet?.withdraw) ?? held?.withdrawYn ?? false,
    netType:
      wallet?.netType === undefined ? (held?.netType ?? null) : cut(wallet.netType, NET_TYPE_CHARS_MAX),
  };
}

function known(state: boolean | "unknown" | undefined): boolean | undefined {
  return state === "unknown" ? undefined : state;
}

/** PostgreSQL counts characters, not UTF-16 units, and takes no NUL. */
function cut(text: string, charsMax: number): string {
  return [...text.replaceAll("\0", "").trim()].slice(0, charsMax).join("");
}

function charCount(text: string): number {
  return [...text].length;
}

function sameRow(a: CoinRow, b: CoinRow): boolean {
  return (
    a.displayName === b.displayName &&
    a.depositYn === b.depositYn &&
    a.withdrawYn === b.withdrawYn &&
    a.netType === b.netType
  );
}

function byCoin(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
