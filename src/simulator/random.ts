// Seeded noise by hashing: a value depends on its key alone, never on how many were drawn before it, so any
// instant of the simulated market can be asked for in any order. All integers are 32 bits.

/** Scrambles `key` under `seed` into 32 evenly spread bits, signed. */
export function hash(seed: number, key: number): number {
  let bits = seed ^ Math.imul(key, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** A seed for the stream named `name` below `seed`. */
export function seedOf(seed: number, name: string): number {
  let bits = hash(seed | 0, name.length);
  for (let index = 0; index < name.length; index++) bits = hash(bits, name.charCodeAt(index));
  return bits;
}

/** 32 bits as a number from 0 (included) to 1 (excluded). */
export function toUnit(bits: number): number {
  return (bits >>> 0) / 4_294_967_296;
}

const NORMAL_BITS = 13;
/** How many equally likely values NORMAL_QUANTILES holds. */
export const NORMAL_COUNT = 1 << NORMAL_BITS;

/** Ascending mid-quantiles of the standard normal distribution, scaled to a variance of exactly one. */
export const NORMAL_QUANTILES: Float64Array = normalQuantiles(NORMAL_COUNT);

/** 32 bits as a draw from the standard normal distribution (of 8,192 values, at most 3.8 from zero). */
export function toNormal(bits: number): number {
  return NORMAL_QUANTILES[bits >>> (32 - NORMAL_BITS)]!;
}

/** Integrates the density in small steps and notes where it passes each mid-quantile. */
function normalQuantiles(count: number): Float64Array {
  const step = 1 / 2048;
  const half = new Float64Array(count / 2);
  const scale = step / Math.sqrt(2 * Math.PI);
  let area = 0.5;
  let found = 0;
  for (let x = 0; found < half.length; x += step) {
    const slice = scale * Math.exp(-((x + step / 2) ** 2) / 2);
    for (;;) {
      const wanted = 0.5 + (found + 0.5) / count;
      if (found >= half.length || wanted > area + slice) break;
      half[found++] = x + (step * (wanted - area)) / slice;
    }
    area += slice;
  }
  let squares = 0;
  for (const value of half) squares += value * value;
  const unit = Math.sqrt(half.length / squares);
  const quantiles = new Float64Array(count);
  for (let index = 0; index < half.length; index++) {
    quantiles[count / 2 + index] = half[index]! * unit;
    quantiles[count / 2 - 1 - index] = -half[index]! * unit;
  }
  return quantiles;
}
