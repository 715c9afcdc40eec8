import { expect, test } from "bun:test";
import fc from "fast-check";
import { nullRow, RateTable } from "./rate-table.ts";

const row = fc.record({
  tickAtMs: fc.integer({ min: 1, max: 4 }),
  reason: fc.constantFrom("none" as const, "delisted" as const),
});

test("in whatever order rows come, the newest tick is held, and of one tick the tombstone", () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
      const table = new RateTable();
      for (const { tickAtMs, reason } of rows) table.merge(nullRow("BTC", 0, tickAtMs, reason));
      const newest = Math.max(...rows.map(({ tickAtMs }) => tickAtMs));
      const isGone = rows.some(({ tickAtMs, reason }) => tickAtMs === newest && reason === "delisted");
      expect(table.get("BTC", 0)).toMatchObject({
        tickAtMs: newest,
        reason: isGone ? "delisted" : "none",
      });
      expect(table.size).toBe(isGone ? 0 : 1);
    }),
  );
});

test("a row is replaced by one of the same tick, as a tick's parts come in", () => {
  const table = new RateTable();
  const [first, second] = [nullRow("BTC", 0, 5, "missing"), nullRow("BTC", 0, 5, "none")] as const;
  expect([table.merge(first), table.merge(second), table.merge(nullRow("BTC", 0, 4, "none"))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(table.get("BTC", 0)).toBe(second);
});
