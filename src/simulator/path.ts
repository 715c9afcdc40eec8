// Random walks that can be asked for at any instant: a chain of Brownian bridges between independent knots, each
// bridge halved again and again with a hashed normal draw per midpoint. Within a block the walk is Brownian with
// variance one per unit; over many blocks it stays around zero with variance half a block, the same everywhere.
// What an instance remembers is a cache of the last descent: answers do not depend on the order of questions.

import { hash, toNormal } from "./random.ts";

export class Path {
  readonly #seed: number;
  readonly #blockUnits: number;
  readonly #bits: number;
  readonly #cells: number;
  readonly #knotSd: number;
  readonly #midpointSd: Float64Array;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  #block = Number.NaN;
  #blockSeed = 0;
  #cell = -1;

  /** A block is 2^blockBits units long; below 2^-fineBits units the walk is a straight line. */
  constructor(seed: number, blockBits: number, fineBits: number) {
    this.#seed = seed;
    this.#bits = blockBits + fineBits;
    this.#blockUnits = 2 ** blockBits;
    this.#cells = 2 ** this.#bits;
    this.#knotSd = Math.sqrt(this.#blockUnits / 2);
    this.#midpointSd = Float64Array.from(
      { length: this.#bits },
      (_, depth) => 2 ** ((blockBits - depth) / 2 - 1),
    );
    this.#left = new Float64Array(this.#bits + 1);
    this.#right = new Float64Array(this.#bits + 1);
  }

  /** The walk at `units` (any finite number). */
  at(units: number): number {
    const block = Math.floor(units / this.#blockUnits);
    const place = (units / this.#blockUnits - block) * this.#cells;
    const cell = Math.min(Math.floor(place), this.#cells - 1);
    const left = this.#left;
    const right = this.#right;
    const bits = this.#bits;
    let depth: number;
    if (block !== this.#block) {
      this.#block = block;
      this.#blockSeed = hash(this.#seed, block);
      left[0] = this.#knotSd * toNormal(hash(this.#blockSeed, 0));
      right[0] = this.#knotSd * toNormal(hash(hash(this.#seed, block + 1), 0));
      depth = 0;
    } else {
      depth = Math.min(bits, Math.clz32(cell ^ this.#cell) - (32 - bits));
    }
    this.#cell = cell;
    for (; depth < bits; depth++) {
      const node = (1 << depth) | (cell >>> (bits - depth));
      const low = left[depth]!;
      const high = right[depth]!;
      const middle = (low + high) / 2 + this.#midpointSd[depth]! * toNormal(hash(this.#blockSeed, node));
      if ((cell >>> (bits - 1 - depth)) & 1) {
        left[depth + 1] = middle;
        right[depth + 1] = high;
      } else {
        left[depth + 1] = low;
        right[depth + 1] = middle;
      }
    }
    return left[bits]! + (right[bits]! - left[bits]!) * (place - cell);
  }
}

/** A walk in wall time with standard deviation one everywhere, that forgets itself after about `memoryMs`. */
export class Wander {
  readonly #path: Path;
  readonly #blockBits: number;
  readonly #memoryMs: number;

  /** `fineMs` is the length below which the walk is a straight line. */
  constructor(seed: number, memoryMs: number, fineMs: number) {
    this.#blockBits = Math.max(1, Math.round(Math.log2(memoryMs / fineMs)));
    this.#memoryMs = memoryMs;
    this.#path = new Path(seed, this.#blockBits, 0);
  }

  /** The value at the instant `atMs`, epoch ms. */
  at(atMs: number): number {
    return (
      this.#path.at((atMs / this.#memoryMs) * 2 ** this.#blockBits) / Math.SQRT2 ** (this.#blockBits - 1)
    );
  }
}
