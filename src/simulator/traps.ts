// What makes the simulated market hard: multiplier contracts, tickers that mean different assets, wallets that do
// not work, warnings, listings that end. Tests and fault drills read these lists; the listings are built from them.

import { type Coin, parseCoin } from "./coins.ts";
import type { SimVenue } from "./types.ts";

const MINUTE_MS = 60_000;

/** Perpetuals whose base is not the coin's ticker, for coins that every venue lists. */
export const PERPETUAL_BASES: Readonly<Record<string, { bybit?: string; binance?: string }>> = {
  PEPE: { bybit: "1000PEPE", binance: "1000PEPE" },
  BONK: { bybit: "1000BONK", binance: "1000BONK" },
  FLOKI: { bybit: "1000FLOKI", binance: "1000FLOKI" },
  LUNC: { bybit: "1000LUNC", binance: "1000LUNC" },
  XEC: { bybit: "1000XEC", binance: "1000XEC" },
  SHIB: { bybit: "SHIB1000", binance: "1000SHIB" },
  TURBO: { bybit: "1000TURBO" },
  TOSHI: { bybit: "1000TOSHI" },
};

/** Coins per contract unit, for every base where that is not one. */
export const MULTIPLIERS: Readonly<Record<string, number>> = {
  "1000PEPE": 1_000,
  "1000BONK": 1_000,
  "1000FLOKI": 1_000,
  "1000LUNC": 1_000,
  "1000XEC": 1_000,
  "1000RATS": 1_000,
  "1000BTT": 1_000,
  "1000CAT": 1_000,
  "1000SHIB": 1_000,
  SHIB1000: 1_000,
  "1000TURBO": 1_000,
  "1000TOSHI": 1_000,
  "1000SATS": 1_000,
  "10000SATS": 10_000,
  "1000CHEEMS": 1_000,
  "1000000CHEEMS": 1_000_000,
  "1000000MOG": 1_000_000,
  "1MBABYDOGE": 1_000_000,
  "1000000BABYDOGE": 1_000_000,
};

/** An asset that not every venue lists, and the base it has where it is listed. */
export interface PartlyListed {
  readonly coin: Coin;
  readonly bases: Partial<Record<SimVenue, string>>;
  /** Given when two tickers stand for one asset; else it follows from the English name. */
  readonly assetId?: string;
}

function partly(line: string, bases: Partial<Record<SimVenue, string>>, assetId?: string): PartlyListed {
  return { coin: parseCoin(line), bases, ...(assetId !== undefined && { assetId }) };
}

/** Assets on fewer than four venues. The two assets of one ticker (TON, ACE, CAT) are impostors of each other. */
export const PARTLY_LISTED: readonly PartlyListed[] = [
  partly("SATS|사츠|SATS (Ordinals)|0.00000003|D|o", {
    upbit: "SATS",
    bybit: "10000SATS",
    binance: "1000SATS",
  }),
  partly("BABYDOGE|베이비도지코인|Baby Doge Coin|0.0000000011|D|b", {
    upbit: "BABYDOGE",
    bybit: "1000000BABYDOGE",
    binance: "1MBABYDOGE",
  }),
  partly("MOG|모그코인|Mog Coin|0.00000048|C|e", {
    upbit: "MOG",
    bybit: "1000000MOG",
    binance: "1000000MOG",
  }),
  partly("CHEEMS|침스|Cheems|0.0000011|D|b", {
    upbit: "CHEEMS",
    bybit: "1000000CHEEMS",
    binance: "1000CHEEMS",
  }),
  partly("BTT|비트토렌트|BitTorrent|0.00000065|C|o", { upbit: "BTT", bybit: "1000BTT" }),
  partly("RATS|랫츠|RATS (Ordinals)|0.000021|C|o", { bybit: "1000RATS", binance: "1000RATS" }),
  partly("CAT|사이먼스캣|Simon's Cat|0.0000092|C|b", {
    bithumb: "CAT",
    bybit: "1000CAT",
    binance: "1000CAT",
  }),
  partly("CAT|캣토큰|Cat Protocol|0.018|D|e", { binance: "CAT" }),
  partly("TON|토카막네트워크|Tokamak Network|1.12|C|e", { upbit: "TON" }),
  partly("TON|톤코인|Toncoin|3.05|B|o", { bybit: "TON", binance: "TON" }),
  // Toncoin after its renaming; the old contracts still trade beside the new ones.
  partly("GRAM|그램|Gram|3.05|B|o", { bithumb: "GRAM", bybit: "GRAM", binance: "GRAM" }, "toncoin"),
  partly("ACE|에이스토큰|Ace Token|0.37|D|e", { upbit: "ACE", bithumb: "ACE" }),
  partly("ACE|퓨저니스트|Fusionist|0.26|D|b", { bybit: "ACE", binance: "ACE" }),
  partly("LUNA|테라|Terra|0.078|C|o", { bithumb: "LUNA", bybit: "LUNA2", binance: "LUNA2" }),
  partly("4|포|Four|0.052|D|b", { bithumb: "4", bybit: "4", binance: "4" }),
  partly("HYPE|하이퍼리퀴드|Hyperliquid|39|B|o", { bithumb: "HYPE", bybit: "HYPE", binance: "HYPE" }),
  partly("LTC|라이트코인|Litecoin|94|A|o", { bithumb: "LTC", bybit: "LTC", binance: "LTC" }),
  partly("BNB|비앤비|BNB|1120|A|b", { bithumb: "BNB", bybit: "BNB", binance: "BNB" }),
  partly("BORA|보라|BORA|0.055|C|e", { upbit: "BORA", bithumb: "BORA" }),
  partly("MED|메디블록|MediBloc|0.0052|C|o", { upbit: "MED", bithumb: "MED" }),
];

/** Stable coins; KRW-USDT is the reference for every premium. */
export const STABLE_COINS: readonly PartlyListed[] = [
  partly("USDT|테더|Tether|1|A|e", { upbit: "USDT", bithumb: "USDT" }),
  partly("USDC|유에스디코인|USD Coin|1|A|e", { upbit: "USDC", bithumb: "USDC" }),
];

/** Names a naive reader takes for a multiplier. */
const DIGIT_NAMES = ["1INCH", "0G", "2Z", "4"] as const;

interface WalletTrap {
  readonly venue: SimVenue;
  readonly ticker: string;
  readonly deposit: boolean;
  readonly withdraw: boolean;
  /** Given: in this state for the first `closedMs` of every `periodMs` since the epoch, open otherwise. */
  readonly cycle?: { readonly periodMs: number; readonly closedMs: number };
}

const LSK_CYCLE = { periodMs: 30 * MINUTE_MS, closedMs: 10 * MINUTE_MS };

const WALLETS: readonly WalletTrap[] = [
  { venue: "upbit", ticker: "MTL", deposit: false, withdraw: false },
  { venue: "bithumb", ticker: "MTL", deposit: false, withdraw: false },
  { venue: "upbit", ticker: "SOPH", deposit: false, withdraw: false },
  { venue: "bithumb", ticker: "SOPH", deposit: false, withdraw: false },
  { venue: "bybit", ticker: "SOPH", deposit: false, withdraw: false },
  { venue: "binance", ticker: "SOPH", deposit: false, withdraw: false },
  { venue: "upbit", ticker: "WAXP", deposit: false, withdraw: true },
  { venue: "bithumb", ticker: "ELF", deposit: true, withdraw: false },
  { venue: "bybit", ticker: "NIL", deposit: false, withdraw: true },
  { venue: "binance", ticker: "LUNC", deposit: true, withdraw: false },
  { venue: "upbit", ticker: "LSK", deposit: false, withdraw: false, cycle: LSK_CYCLE },
  { venue: "bithumb", ticker: "LSK", deposit: false, withdraw: false, cycle: LSK_CYCLE },
];

/**
 * Upbit: "WARNING" is the investment warning, the rest are names of cautions. Bithumb: "CAUTION" is the flag of the
 * market list, the rest are types of the warning list.
 */
const WARNINGS: readonly { venue: "upbit" | "bithumb"; ticker: string; warnings: readonly string[] }[] = [
  { venue: "upbit", ticker: "AERGO", warnings: ["WARNING", "TRADING_VOLUME_SOARING"] },
  { venue: "upbit", ticker: "HIFI", warnings: ["WARNING"] },
  { venue: "upbit", ticker: "SOPH", warnings: ["GLOBAL_PRICE_DIFFERENCES"] },
  {
    venue: "upbit",
    ticker: "MTL",
    warnings: ["GLOBAL_PRICE_DIFFERENCES", "CONCENTRATION_OF_SMALL_ACCOUNTS"],
  },
  { venue: "upbit", ticker: "ANIME", warnings: ["PRICE_FLUCTUATIONS"] },
  { venue: "upbit", ticker: "XPL", warnings: ["DEPOSIT_AMOUNT_SOARING"] },
  { venue: "bithumb", ticker: "HIFI", warnings: ["CAUTION"] },
  { venue: "bithumb", ticker: "MTL", warnings: ["CAUTION", "PRICE_DIFFERENCE_HIGH"] },
  { venue: "bithumb", ticker: "SOPH", warnings: ["PRICE_DIFFERENCE_HIGH"] },
  { venue: "bithumb", ticker: "ANIME", warnings: ["PRICE_SUDDEN_FLUCTUATION"] },
  { venue: "bithumb", ticker: "STEEM", warnings: ["TRADING_VOLUME_SUDDEN_FLUCTUATION"] },
  { venue: "bithumb", ticker: "XPL", warnings: ["DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION"] },
  { venue: "bithumb", ticker: "HIVE", warnings: ["SPECIFIC_ACCOUNT_HIGH_TRANSACTION"] },
  { venue: "bithumb", ticker: "ACE", warnings: ["EXCHANGE_TRADING_CONCENTRATION"] },
];

/** Times count from the market's start; until announced a listing shows no end. */
const DELISTINGS = [
  { venue: "bybit", symbol: "HIFIUSDT", announcedAfterMs: 0, goneAfterMs: 20 * MINUTE_MS },
  { venue: "binance", symbol: "STEEMUSDT", announcedAfterMs: 2 * MINUTE_MS, goneAfterMs: 30 * MINUTE_MS },
  { venue: "upbit", symbol: "KRW-AERGO", announcedAfterMs: 5 * MINUTE_MS, goneAfterMs: 45 * MINUTE_MS },
] as const;

/** Every trap of the market by kind. */
export const TRAPS = {
  /** Coins whose perpetuals carry a multiplier somewhere; bases per venue. */
  multipliers: MULTIPLIERS,
  /** Same ticker, another asset: the premium of such a pair is meaningless. */
  impostors: [
    { ticker: "TON", domestic: ["upbit"], overseas: ["bybit", "binance"], overseasSymbol: "TONUSDT" },
    {
      ticker: "ACE",
      domestic: ["upbit", "bithumb"],
      overseas: ["bybit", "binance"],
      overseasSymbol: "ACEUSDT",
    },
    { ticker: "CAT", domestic: ["bithumb"], overseas: ["binance"], overseasSymbol: "CATUSDT" },
  ],
  /** Bases that begin with, or are, digits without being multiples. */
  digitNames: DIGIT_NAMES,
  /** Another ticker, the same asset: nothing but the name tells. */
  renamed: [{ ticker: "LUNA", domestic: ["bithumb"], overseasSymbol: "LUNA2USDT" }],
  wallets: WALLETS,
  /** Tickers whose KRW price stands well above the rest because no coins can be brought in. */
  stuckPremiums: [
    { ticker: "SOPH", ratio: 0.062 },
    { ticker: "MTL", ratio: 0.041 },
  ],
  warnings: WARNINGS,
  delistings: DELISTINGS,
} as const;
