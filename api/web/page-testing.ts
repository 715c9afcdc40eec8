// A seeded market of rate rows for the page's tests and for looking at the page: 131 coins on four pairs, books that
// end part-way, coins without a rate, premiums that wander. Same seed, same rows. Holds no state of the page.

import { PAIRS, REASONS, SEED_COUNT } from "../../schema/vocabulary.ts";
import type { Frame } from "../../src/domain/frame.ts";
import { RATES_PER_ROW, type RateRow } from "../../src/domain/rate-table.ts";

const TICKERS = (
  "BTC ETH XRP SOL DOGE ADA TRX AVAX LINK SUI DOT SHIB PEPE BCH LTC NEAR APT ICP ETC UNI AAVE ATOM FIL ARB OP INJ " +
  "SEI STX IMX HBAR ALGO VET GRT SAND MANA AXS CHZ ENJ FLOW EOS XTZ NEO QTUM IOTA ZIL ONT ICX STORJ KAVA ANKR " +
  "CELO MINA GMT APE WAXP BLUR ID MASK SNX CRV COMP YFI SUSHI BAT ZRX KNC LPT RVN JST STEEM HIVE POWR CVC GLM " +
  "T ONG AHT WLD PENDLE TIA JUP PYTH STRK ENA ETHFI ZRO ZK IO TAIKO ATH PENGU MOVE ME BERA LAYER IP KAITO RED " +
  "NIL WCT SIGN SOPH HYPER ANIME TRUMP ONDO JTO W ALT AXL BIGTIME USUAL VANA GAS ARK LSK CTC BORA META MOC " +
  "MLK HUNT SXP AERGO ELF GAME2 STRAX CKB DKA ASTR GRS"
).split(" ");

const MISSING_REASONS = REASONS.filter((reason) => reason !== "none" && reason !== "delisted");

/** Mulberry32: small, seeded, good enough to draw a market with. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class PageMarket {
  readonly coins: readonly string[];
  readonly #random: () => number;
  /** Per coin: how far its rate is from the reference, as a ratio. */
  readonly #premium: number[];
  /** Per coin: loss per 1M KRW of size, as a ratio. */
  readonly #slope: number[];
  /** Per coin: on how many sizes its book ends. */
  readonly #depth: number[];
  #referenceKrw = 1384;
  #part = 0;

  constructor(seed: number, coinCount = TICKERS.length) {
    this.#random = randomFrom(seed);
    this.coins = TICKERS.slice(0, coinCount);
    this.#premium = this.coins.map(() => (this.#random() + this.#random() + this.#random() - 1.35) * 0.012);
    this.#slope = this.coins.map((_, index) => (0.4 + this.#random()) * 4e-7 * (4 + index));
    this.#depth = this.coins.map((_, index) =>
      index > 40 && this.#random() < 0.35 ? 3 + Math.floor(this.#random() * 90) : SEED_COUNT,
    );
  }

  /** The whole table at one tick, after every coin has moved a little. */
  tick(tickAtMs: number): Frame {
    this.#referenceKrw = Math.round((this.#referenceKrw + (this.#random() - 0.5) * 2) * 100) / 100;
    const rows = this.coins.flatMap((coin, coinIndex) => {
      this.#premium[coinIndex]! += (this.#random() - 0.5) * 6e-4;
      return PAIRS.map((_, pairIndex) => this.#row(coin, coinIndex, pairIndex, tickAtMs));
    });
    return {
      tickAtMs,
      part: this.#part++,
      closing: true,
      reference: { priceKrw: this.#referenceKrw, venue: "upbit", atMs: tickAtMs },
      rows,
    };
  }

  #row(coin: string, coinIndex: number, pairIndex: number, tickAtMs: number): RateRow {
    const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
    const bookAgeMs = Math.floor(150 + this.#random() * 900);
    // Every eleventh coin lacks one pair, each with another reason.
    if (coinIndex % 11 === 10 && pairIndex === coinIndex % 4) {
      const reason = MISSING_REASONS[Math.floor(coinIndex / 11) % MISSING_REASONS.length]!;
      return { coin, pairIndex, tickAtMs, bookAgeMs: 0, reason, ratesJeon };
    }
    const middle = this.#referenceKrw * (1 + this.#premium[coinIndex]! + (this.#random() - 0.5) * 3e-4);
    const half = 3e-4 + pairIndex * 1e-4;
    const depth = Math.max(1, this.#depth[coinIndex]! - pairIndex * 2);
    let loss = half;
    for (let size = 0; size < depth; size++) {
      loss += this.#slope[coinIndex]! * 2 * this.#random();
      ratesJeon[size] = Math.round(middle * (1 + loss) * 100);
      ratesJeon[SEED_COUNT + size] = Math.round(middle * (1 - loss) * 100);
    }
    return { coin, pairIndex, tickAtMs, bookAgeMs, reason: "none", ratesJeon };
  }
}
