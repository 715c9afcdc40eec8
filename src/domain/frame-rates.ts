// The rates of a frame's rows as columns of small integers: the body of the format in frame.ts. Exact both ways.
//
// A side is one direction of a row: all entries come first, then all exits. Pairs that share a venue move alike, so a
// side may be coded as its difference from the same side of an earlier row of the same coin, at most three rows back
// (where that one's rates end, its last one stands). Along the sizes a value is expected to go on as the last changes
// went on average, `window` of them. How far off that is, the residual, is mostly noise; the residuals of sides with
// noise of about one strength stand together, a class, so that one Huffman table fits them.
//
//   lengths     of every side: how many rates stand before the first null
//   models      class x 12 + rows back x 3 + index of the window; this and all below only for sides with rates
//   firsts      the first rate less what its neighbours let expect
//   seconds     change from the first value to the second
//   residuals   from the third value on: of all sides of class 0, then of class 1 ...
//
// Lengths and models are varints, the rest zigzag.

import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { type ByteReader, ByteWriter, FrameError } from "./varint.ts";

const ROWS_BACK_MAX = 3;
const WINDOWS = [0, 1, 4] as const;
const CLASS_COUNT = 7;
const MODELS_PER_CLASS = (ROWS_BACK_MAX + 1) * WINDOWS.length;
const MODEL_MAX = CLASS_COUNT * MODELS_PER_CLASS - 1;

/** The rates of one side up to the first null. */
type Side = Float64Array;

interface RatedRow {
  readonly coin: string;
  readonly ratesJeon: Float64Array;
}

/** Writes the residuals to a writer of their own, all else to `head`. Throws RangeError as encodeFrame says. */
export function encodeRates(rows: readonly RatedRow[], head: ByteWriter, residuals: ByteWriter): void {
  const sides = sidesOf(rows, (row, offset) => ratedLength(rows[row]!.ratesJeon, offset));
  for (const { length } of sides) head.varint(length);
  const firsts = new ByteWriter();
  const seconds = new ByteWriter();
  const byClass = Array.from({ length: CLASS_COUNT }, () => new ByteWriter());
  const choice = new ModelChoice(sides);
  let previousEntry = 0;
  for (const [index, side] of sides.entries()) {
    if (side.length === 0) continue;
    const row = index % rows.length;
    choice.begin(index);
    for (let back = 1; back <= ROWS_BACK_MAX && rows[row - back]?.coin === rows[row]!.coin; back++) {
      choice.trySibling(back);
    }
    choice.chooseWindow();
    head.varint(choice.model);
    firsts.zigzag(side[0]! - expectedFirst(sides, index, choice.rowsBack, previousEntry));
    if (index < rows.length) previousEntry = side[0]!;
    if (side.length > 1) seconds.zigzag(choice.values[1]! - choice.values[0]!);
    const out = byClass[choice.classIndex]!;
    out.zigzags(choice.residuals, 2, side.length);
  }
  head.append(firsts);
  head.append(seconds);
  for (const part of byClass) residuals.append(part);
}

/** All entries, then all exits, each up to its length. */
function sidesOf(rows: readonly RatedRow[], lengthOf: (row: number, offset: number) => number): Side[] {
  return [0, SEED_COUNT].flatMap((offset) =>
    rows.map(({ ratesJeon }, row) => ratesJeon.subarray(offset, offset + lengthOf(row, offset))),
  );
}

function ratedLength(ratesJeon: Float64Array, offset: number): number {
  let length = 0;
  while (length < SEED_COUNT && !Number.isNaN(ratesJeon[offset + length]!)) length++;
  for (let at = length; at < SEED_COUNT; at++) {
    if (!Number.isNaN(ratesJeon[offset + at]!)) throw new RangeError("expected no rate after a null");
  }
  return length;
}

/** Reads what encodeRates wrote, head and residuals in one, into the rows' rates. Throws FrameError on anything else. */
export function decodeRates(reader: ByteReader, rows: readonly RatedRow[]): void {
  const sideCount = 2 * rows.length;
  const lengths = new Uint8Array(sideCount);
  for (let index = 0; index < sideCount; index++) {
    lengths[index] = reader.upTo(SEED_COUNT, "a count of rates");
  }
  const sides = sidesOf(rows, (row, offset) => {
    const length = lengths[offset === 0 ? row : rows.length + row]!;
    rows[row]!.ratesJeon.fill(Number.NaN, offset + length, offset + SEED_COUNT);
    return length;
  });
  const models = new Uint8Array(sideCount);
  const classes = new Uint8Array(sideCount);
  for (const [index, side] of sides.entries()) {
    if (side.length === 0) continue;
    models[index] = reader.upTo(MODEL_MAX, "a model");
    classes[index] = classOf(models[index]!);
    const row = index % rows.length;
    const sibling = row - rowsBackOf(models[index]!);
    if (rows[sibling]?.coin !== rows[row]!.coin || sides[index - row + sibling]!.length === 0) {
      throw new FrameError("expected a model with an earlier row of the coin");
    }
  }
  // First the columns as they stand, each number where its rate will be; then rates from them, row by row.
  for (const side of sides) if (side.length > 0) side[0] = reader.zigzag();
  for (const side of sides) if (side.length > 1) side[1] = reader.zigzag();
  for (let classIndex = 0; classIndex < CLASS_COUNT; classIndex++) {
    for (let index = 0; index < sideCount; index++) {
      if (classes[index] === classIndex) reader.zigzags(sides[index]!, 2, sides[index]!.length);
    }
  }
  let previousEntry = 0;
  for (const [index, side] of sides.entries()) {
    if (side.length === 0) continue;
    const model = models[index]!;
    const rowsBack = rowsBackOf(model);
    side[0] = side[0]! + expectedFirst(sides, index, rowsBack, previousEntry);
    if (index < rows.length) previousEntry = side[0]!;
    restoreSide(side, rowsBack > 0 ? sides[index - rowsBack] : undefined, windowOf(model));
  }
}

function classOf(model: number): number {
  return Math.floor(model / MODELS_PER_CLASS);
}
function rowsBackOf(model: number): number {
  return Math.floor((model % MODELS_PER_CLASS) / WINDOWS.length);
}
function windowOf(model: number): number {
  return WINDOWS[model % WINDOWS.length]!;
}

/** A side's first number is its rate already, the others are still changes and residuals. */
function restoreSide(side: Side, sibling: Side | undefined, window: number): void {
  const { length } = side;
  // First the values along the sizes, each in its rate's place; then what the sibling adds.
  side[0] = side[0]! - siblingRate(sibling, 0);
  if (length > 1) side[1] = side[0]! + side[1]!;
  addExpected(side, window);
  const shared = sibling === undefined ? 0 : Math.min(length, sibling.length);
  for (let at = 0; at < shared; at++) side[at] = side[at]! + sibling![at]!;
  const rest = sibling === undefined ? 0 : sibling[sibling.length - 1]!;
  for (let at = shared; at < length; at++) side[at] = side[at]! + rest;
  for (let at = 0; at < length; at++) {
    const rate = side[at]!;
    if (!(rate >= 0 && rate <= Number.MAX_SAFE_INTEGER)) {
      throw new FrameError(`expected a rate, was ${rate} jeon`);
    }
  }
}

/** From residuals to values, from the third on: as expectedAt says, a loop for each window. */
function addExpected(side: Side, window: number): void {
  const { length } = side;
  if (length < 3) return;
  let before = side[0]!;
  let last = side[1]!;
  if (window === 0) {
    for (let at = 2; at < length; at++) {
      last += side[at]!;
      side[at] = last;
    }
    return;
  }
  if (window === 1) {
    for (let at = 2; at < length; at++) {
      const next = last + (last - before) + side[at]!;
      before = last;
      last = next;
      side[at] = next;
    }
    return;
  }
  for (let at = 2; at < length; at++) side[at] = expectedAt(side, at, window) + side[at]!;
}

function siblingRate(sibling: Side | undefined, at: number): number {
  if (sibling === undefined) return 0;
  return sibling[at < sibling.length ? at : sibling.length - 1]!;
}

/** What follows values[at - 1] if the last changes, at most `window` of them, go on; `at` is 2 or more. */
function expectedAt(values: Float64Array, at: number, window: number): number {
  const last = values[at - 1]!;
  if (window === 0) return last;
  const count = window < at ? window : at - 1;
  return last + Math.round((last - values[at - 1 - count]!) / count);
}

/** The first rate of a side: an entry like its sibling's or the entry before, an exit as far from them as the entry is. */
function expectedFirst(
  sides: readonly Side[],
  index: number,
  rowsBack: number,
  previousEntry: number,
): number {
  const rowCount = sides.length / 2;
  const sibling = rowsBack > 0 ? sides[index - rowsBack]![0]! : undefined;
  if (index < rowCount) return sibling ?? previousEntry;
  const entry = sides[index - rowCount]![0];
  if (sibling === undefined) return entry ?? 0;
  const siblingEntry = sides[index - rowCount - rowsBack]![0];
  return sibling + (entry === undefined || siblingEntry === undefined ? 0 : entry - siblingEntry);
}

/** Bits a model has to save over those tried before it: rarer models cost more to name. */
const GAIN_BITS_MIN = 2;
/** Its residuals are second differences: a side's less a sibling's are those of their difference. */
const WINDOW_FIRST_TRIED = 1;

/** Finds the cheapest model for one side after another, in the order they stand in. Its buffers are made once. */
class ModelChoice {
  /** The side's values under the chosen model: its rates, or their difference from the sibling's. */
  readonly values = new Float64Array(SEED_COUNT);
  residuals = new Float64Array(SEED_COUNT);
  rowsBack = 0;
  classIndex = 0;
  /** Of every side, as if its last rate went on. */
  readonly #seconds: Float64Array;
  #index = 0;
  #windowIndex = 0;
  #bits = 0;
  #triedResiduals = new Float64Array(SEED_COUNT);

  constructor(private readonly sides: readonly Side[]) {
    this.#seconds = new Float64Array(sides.length * SEED_COUNT);
  }

  get model(): number {
    return this.classIndex * MODELS_PER_CLASS + this.rowsBack * WINDOWS.length + this.#windowIndex;
  }

  begin(index: number): void {
    this.#index = index;
    this.rowsBack = 0;
    this.#windowIndex = WINDOWS.indexOf(WINDOW_FIRST_TRIED);
    const side = this.sides[index]!;
    const seconds = this.#secondsOf(index);
    fillSeconds(side, seconds);
    this.residuals.set(seconds);
    this.#bits = bitsOf(this.residuals, side.length);
  }

  #secondsOf(index: number): Float64Array {
    return this.#seconds.subarray(index * SEED_COUNT, (index + 1) * SEED_COUNT);
  }

  trySibling(rowsBack: number): void {
    const index = this.#index;
    if (this.sides[index - rowsBack]!.length === 0) return;
    const { length } = this.sides[index]!;
    const own = this.#secondsOf(index);
    const siblings = this.#secondsOf(index - rowsBack);
    const tried = this.#triedResiduals;
    for (let at = 2; at < length; at++) tried[at] = own[at]! - siblings[at]!;
    const bits = bitsOf(tried, length);
    if (bits > this.#bits - GAIN_BITS_MIN) return;
    this.rowsBack = rowsBack;
    this.#take(bits);
  }

  chooseWindow(): void {
    const side = this.sides[this.#index]!;
    const { length } = side;
    const { values } = this;
    values.set(side);
    if (this.rowsBack > 0) {
      const sibling = this.sides[this.#index - this.rowsBack]!;
      for (let at = 0; at < length; at++) values[at] = side[at]! - siblingRate(sibling, at);
    }
    for (const [windowIndex, window] of WINDOWS.entries()) {
      if (window === WINDOW_FIRST_TRIED) continue;
      fillResiduals(values, length, window, this.#triedResiduals);
      const bits = bitsOf(this.#triedResiduals, length);
      if (bits > this.#bits - GAIN_BITS_MIN) continue;
      this.#windowIndex = windowIndex;
      this.#take(bits);
    }
    let sum = 0;
    for (let at = 2; at < length; at++) sum += Math.abs(this.residuals[at]!);
    const strength = Math.round(Math.log2(sum / length + 0.25) + 2);
    this.classIndex = Math.max(0, Math.min(CLASS_COUNT - 1, strength));
  }

  #take(bits: number): void {
    const residuals = this.#triedResiduals;
    this.#triedResiduals = this.residuals;
    this.residuals = residuals;
    this.#bits = bits;
  }
}

/** Second differences of a side from its third size on, and of its last rate, where it ends, going on. */
function fillSeconds(side: Side, seconds: Float64Array): void {
  const { length } = side;
  for (let at = 2; at < length; at++)
    seconds[at] = side[at]! - side[at - 1]! - (side[at - 1]! - side[at - 2]!);
  if (length >= 2 && length < SEED_COUNT) seconds[length] = side[length - 2]! - side[length - 1]!;
}

function fillResiduals(values: Float64Array, length: number, window: number, residuals: Float64Array): void {
  const early = Math.min(length, Math.max(2, window + 1));
  for (let at = 2; at < early; at++) residuals[at] = values[at]! - expectedAt(values, at, window);
  if (window === 0) {
    for (let at = early; at < length; at++) residuals[at] = values[at]! - values[at - 1]!;
    return;
  }
  for (let at = early; at < length; at++) {
    const last = values[at - 1]!;
    residuals[at] = values[at]! - last - Math.round((last - values[at - 1 - window]!) / window);
  }
}

/** About how many bits the residuals take. */
function bitsOf(residuals: Float64Array, length: number): number {
  let bits = 0;
  for (let at = 2; at < length; at++) {
    bits += 32 - Math.clz32(Math.min(3 * Math.abs(residuals[at]!), 0x7fffffff));
  }
  return bits;
}
