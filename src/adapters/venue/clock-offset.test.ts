import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { ClockOffset } from "./clock-offset.ts";

function venue(aheadMs: number, tripMs: number) {
  const clock = new ManualClock();
  const asked = { count: 0, failing: false };
  const offset = new ClockOffset(
    clock,
    async () => {
      asked.count++;
      await clock.sleep(tripMs / 2);
      const nowMs = clock.nowMs() + aheadMs;
      await clock.sleep(tripMs / 2);
      if (asked.failing) throw new Error("away");
      return nowMs;
    },
    false,
  );
  return { clock, offset, asked };
}

describe("A venue's clock", () => {
  test.each([0, 1_700, -90_000])("%s ms ahead is found over a slow line", async (aheadMs) => {
    const { clock, offset } = venue(aheadMs, 400);
    const measured = offset.measure();
    await clock.advance(400);
    expect(await measured).toBe(aheadMs);
    expect(offset.nowMs()).toBe(clock.nowMs() + aheadMs);
    await clock.advance(60_000);
    expect(offset.nowMs()).toBe(clock.nowMs() + aheadMs);
  });

  test("is ours before it is known, asked once by many, and not again", async () => {
    const { clock, offset, asked } = venue(5_000, 100);
    expect(offset.nowMs()).toBe(clock.nowMs());
    const ready = Promise.all([offset.ready(1_000), offset.ready(1_000), offset.measure()]);
    await clock.advance(100);
    await ready;
    await offset.ready(1_000);
    expect(asked.count).toBe(1);
  });

  test("is asked again once distrusted", async () => {
    const { clock, offset, asked } = venue(5_000, 0);
    const ready = offset.ready(1_000);
    await clock.advance(0);
    await ready;
    offset.distrust();
    const again = offset.ready(1_000);
    await clock.advance(0);
    await again;
    expect(asked.count).toBe(2);
  });

  test("is not waited for longer than there is time, and a failure leaves ours", async () => {
    const { clock, offset, asked } = venue(5_000, 10_000);
    asked.failing = true;
    const ready = offset.ready(300);
    await clock.advance(300);
    await ready;
    await clock.advance(20_000);
    expect(offset.nowMs()).toBe(clock.nowMs());
    const measured = offset.measure().catch((fault: Error) => fault.message);
    await clock.advance(10_000);
    expect(await measured).toBe("away");
  });

  test("of a lenient venue is not measured until a refusal", async () => {
    const clock = new ManualClock();
    let asked = 0;
    const lenient = new ClockOffset(clock, () => Promise.resolve(clock.nowMs() + ++asked), true);
    await lenient.ready(100);
    expect(asked).toBe(0);
    lenient.distrust();
    await lenient.ready(100);
    expect(asked).toBe(1);
  });
});
