// The independent yardstick for rates: written apart from src/domain, from the definition alone, in scaled BigInt.
// Slow and plain on purpose. Takes decimal texts, so nothing passes through a float.

export type TextLevel = readonly [price: string, qty: string];
export interface TextBook {
  readonly asks: readonly TextLevel[];
  readonly bids: readonly TextLevel[];
}

const SCALE = 40;

/** "12.5", "1e-7" or "3E+2" as an integer count of 10^-40. */
export function scaled(text: string): bigint {
  const [mantissa = "", exponentText = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const shift = SCALE + Number(exponentText) - fraction.length;
  if (shift < 0) throw new RangeError(`too many decimals: ${text}`);
  return BigInt(whole + fraction) * (POWERS[shift] ?? 10n ** BigInt(shift));
}

const POWERS: readonly bigint[] = Array.from({ length: SCALE + 1 }, (_, power) => 10n ** BigInt(power));
const ONE = 10n ** BigInt(SCALE);

interface ExactLevel {
  readonly price: bigint;
  readonly qty: bigint;
  /** price x qty. */
  readonly value: bigint;
}

/** A book is asked for many sizes, of which most need its first levels alone. */
const known = new WeakMap<TextLevel, ExactLevel>();

function exact(level: TextLevel): ExactLevel {
  const held = known.get(level);
  if (held) return held;
  const [price, qty] = [scaled(level[0]), scaled(level[1])];
  const made = { price, qty, value: price * qty };
  known.set(level, made);
  return made;
}

/**
 * Rate in jeon (1/100 KRW per USDT), half-up, or null where a book ends before the seed is filled. Quantities are
 * carried as fractions with the last touched price as denominator, so nothing is rounded before the end.
 */
export function referenceRateJeon(
  direction: "entry" | "exit",
  domestic: TextBook,
  overseas: TextBook,
  multiplier: number,
  seedKrw: number,
): number | null {
  const give = direction === "entry" ? domestic.asks : domestic.bids;
  const take = direction === "entry" ? overseas.bids : overseas.asks;

  // Coins for exactly the seed: whole levels, then rest / price.
  let restKrw = BigInt(seedKrw) * ONE * ONE;
  let wholeCoins = 0n;
  let price = 0n;
  let filled = false;
  for (const each of give) {
    const level = exact(each);
    price = level.price;
    if (restKrw <= level.value) {
      filled = true;
      break;
    }
    restKrw -= level.value;
    wholeCoins += level.qty;
  }
  if (!filled) return null;

  // Everything below is multiplied by price x multiplier: contracts = (wholeCoins + restKrw / price) / multiplier.
  const factor = price * BigInt(multiplier);
  let restContracts = wholeCoins * price + restKrw;
  let usdt = 0n;
  for (const each of take) {
    const level = exact(each);
    const qty = level.qty * factor;
    if (restContracts <= qty) {
      usdt += restContracts * level.price;
      // usdt is scaled by ONE^2 x factor; rate = seed / usdt, in jeon half-up.
      const numerator = BigInt(seedKrw) * 100n * ONE * ONE * factor;
      return Number((2n * numerator + usdt) / (2n * usdt));
    }
    usdt += level.value * factor;
    restContracts -= qty;
  }
  return null;
}
