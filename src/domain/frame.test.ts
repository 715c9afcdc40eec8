import { expect, test } from "bun:test";
import fc from "fast-check";
import { PAIRS, REASONS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { runsOf } from "../testing/runs.ts";
import { decodeFrame, encodeFrame, encodeFrameParts, type Frame, FrameError } from "./frame.ts";
import { RATES_PER_ROW, type RateRow, RateTable } from "./rate-table.ts";

const INPUTS = runsOf(400, 100_000);
const TICK = 1_780_000_000_000;

const ratesArb = fc
  .record({
    entry: fc.array(fc.integer({ min: 0, max: 3e8 }), { maxLength: SEED_COUNT }),
    exit: fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: SEED_COUNT }),
  })
  .map(({ entry, exit }) => {
    const rates = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
    rates.set(entry, 0);
    rates.set(exit, SEED_COUNT);
    return rates;
  });

const rowArb: fc.Arbitrary<RateRow> = fc.record({
  coin: fc.constantFrom("BTC", "1INCH", "0G", "신규", "A".repeat(20)),
  pairIndex: fc.nat({ max: PAIRS.length - 1 }),
  tickAtMs: fc.integer({ min: TICK - 60_000, max: TICK }),
  bookAgeMs: fc.nat({ max: 10_000 }),
  reason: fc.constantFrom(...REASONS),
  ratesJeon: ratesArb,
});

const frameArb: fc.Arbitrary<Frame> = fc.record({
  tickAtMs: fc.constant(TICK),
  part: fc.nat({ max: 1000 }),
  closing: fc.boolean(),
  reference: fc.option(
    fc.record({
      priceKrw: fc.integer({ min: 1, max: 10 ** 7 }).map((half) => half / 2),
      venue: fc.constantFrom("upbit" as const, "bithumb" as const),
      atMs: fc.integer({ min: TICK - 20_000, max: TICK + 1000 }),
    }),
    { nil: undefined },
  ),
  rows: fc.array(rowArb, { maxLength: 12 }),
});

/** Typed arrays as arrays: expect compares NaN in those as equal. */
function plain(frame: Frame): unknown {
  return { ...frame, rows: frame.rows.map((row) => ({ ...row, ratesJeon: [...row.ratesJeon] })) };
}

test("decodeFrame gives back what encodeFrame took, nulls included", () => {
  fc.assert(
    fc.property(frameArb, (frame) => {
      expect(plain(decodeFrame(encodeFrame(frame)))).toEqual(plain(frame));
    }),
    { numRuns: runsOf(40, 2000) },
  );
});

/** Rows of one coin whose rates wander together with more or less noise of their own, ending at various sizes. */
const alikeRowsArb: fc.Arbitrary<RateRow[]> = fc
  .record({
    slopes: fc.array(fc.integer({ min: -40, max: 10 }), { minLength: SEED_COUNT, maxLength: SEED_COUNT }),
    smooth: fc.boolean(),
    noise: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 8, maxLength: 8 }),
    wobble: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 200, maxLength: 200 }),
    lengths: fc.array(fc.integer({ min: 0, max: SEED_COUNT }), { minLength: 8, maxLength: 8 }),
  })
  .map(({ slopes, smooth, noise, wobble, lengths }) =>
    PAIRS.map((_, pairIndex) => {
      const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
      for (const direction of [0, 1]) {
        const side = 2 * pairIndex + direction;
        let rate = 140_000 + 100 * side;
        for (let index = 0; index < lengths[side]!; index++) {
          rate += smooth ? slopes[0]! : slopes[index]!;
          const own = Math.round((wobble[(side * 17 + index) % 200]! * noise[side]!) / 100);
          ratesJeon[direction * SEED_COUNT + index] = rate + own;
        }
      }
      return { coin: "BTC", pairIndex, tickAtMs: TICK, bookAgeMs: 100, reason: "none", ratesJeon };
    }),
  );

test("decodeFrame gives back rows that are coded as differences from their neighbours", () => {
  const frameOf = (rows: RateRow[]) => ({
    tickAtMs: TICK,
    part: 0,
    closing: true,
    reference: undefined,
    rows,
  });
  fc.assert(
    fc.property(alikeRowsArb, alikeRowsArb, (rows, others) => {
      const frame = frameOf([...rows, ...others.map((row) => ({ ...row, coin: "ETH" }))]);
      expect(plain(decodeFrame(encodeFrame(frame)))).toEqual(plain(frame));
    }),
    { numRuns: runsOf(40, 5000) },
  );
});

test("a row that moves like the one before it leaves nothing but zeros", () => {
  const row = (pairIndex: number, premiumJeon: number): RateRow => ({
    coin: "BTC",
    pairIndex,
    tickAtMs: TICK,
    bookAgeMs: 100,
    reason: "none",
    ratesJeon: Float64Array.from(
      { length: RATES_PER_ROW },
      (_, at) => 140_000 + premiumJeon + ((at * at * 7919) % 5000),
    ),
  });
  const residualBytes = (rows: RateRow[]) =>
    encodeFrameParts({ tickAtMs: TICK, part: 0, closing: true, reference: undefined, rows }).residuals;
  const alone = residualBytes([row(0, 0)]);
  const both = residualBytes([row(0, 0), row(1, 300)]);
  expect(alone.length).toBeGreaterThan(300);
  expect(both.length - alone.length).toBe(RATES_PER_ROW - 4);
  expect(both.filter((byte) => byte === 0).length).toBeGreaterThanOrEqual(RATES_PER_ROW - 4);
});

test(`decodeFrame answers ${INPUTS} damaged inputs with a frame or a FrameError`, () => {
  const frame = fc.sample(frameArb, { numRuns: 20, seed: 7 }).find(({ rows }) => rows.length > 3)!;
  const alike = fc.sample(alikeRowsArb, { numRuns: 1, seed: 7 })[0]!;
  const base = encodeFrame({ ...frame, rows: [...frame.rows, ...alike] });
  let refused = 0;
  const damage = fc.record({
    cut: fc.nat({ max: base.length }),
    edits: fc.array(fc.tuple(fc.nat({ max: base.length - 1 }), fc.nat({ max: 255 })), { maxLength: 5 }),
    tail: fc.uint8Array({ maxLength: 20 }),
    fresh: fc.boolean(),
  });
  fc.assert(
    fc.property(damage, fc.uint8Array({ maxLength: 200 }), ({ cut, edits, tail, fresh }, noise) => {
      const bytes = fresh ? noise : new Uint8Array([...base.slice(0, cut), ...tail]);
      for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
      try {
        for (const row of decodeFrame(bytes).rows) expect(row.ratesJeon.length).toBe(RATES_PER_ROW);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        refused++;
      }
    }),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS / 4);
}, 300_000);

test("encodeFrame refuses a rate after a null", () => {
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
  ratesJeon[5] = 140_000;
  const row: RateRow = { coin: "BTC", pairIndex: 0, tickAtMs: TICK, bookAgeMs: 1, reason: "none", ratesJeon };
  expect(() =>
    encodeFrame({ tickAtMs: TICK, part: 0, closing: false, reference: undefined, rows: [row] }),
  ).toThrow(RangeError);
});

test("RateTable keeps the newer tick's row and takes equals", () => {
  const table = new RateTable();
  const row = (tickAtMs: number, bookAgeMs: number): RateRow => ({
    coin: "BTC",
    pairIndex: 1,
    tickAtMs,
    bookAgeMs,
    reason: "none",
    ratesJeon: new Float64Array(RATES_PER_ROW),
  });
  expect(table.merge(row(2000, 1))).toBe(true);
  expect(table.merge(row(1000, 2))).toBe(false);
  expect(table.get("BTC", 1)?.bookAgeMs).toBe(1);
  expect(table.merge(row(2000, 3))).toBe(true);
  expect(table.get("BTC", 1)?.bookAgeMs).toBe(3);
});
