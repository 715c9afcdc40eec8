import { expect, test } from "bun:test";
import fc from "fast-check";
import { PAIRS, REASONS, SEED_COUNT } from "../../schema/vocabulary.ts";
import { decodeFrame, encodeFrame, type Frame, FrameError } from "./frame.ts";
import { RATES_PER_ROW, type RateRow, RateTable } from "./rate-table.ts";

const INPUTS = process.env.FULL ? 100_000 : 2_000;
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
    { numRuns: process.env.FULL ? 2000 : 200 },
  );
});

test(`decodeFrame answers ${INPUTS} damaged inputs with a frame or a FrameError`, () => {
  const base = encodeFrame(
    fc.sample(frameArb, { numRuns: 20, seed: 7 }).find((frame) => frame.rows.length > 3)!,
  );
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
