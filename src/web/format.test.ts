import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  amountText,
  DASH,
  fixed2,
  gainText,
  grouped,
  instantKst,
  lengthText,
  pctText,
  premiumPct,
  rateText,
  secondsText,
  sizeText,
  slippagePct,
  timeKst,
} from "./format.ts";

describe("rates", () => {
  test("jeon become KRW per USDT with two decimals and thousands", () => {
    expect(rateText(138_405)).toBe("1,384.05");
    expect(rateText(99_999)).toBe("999.99");
    expect(rateText(123_456_700)).toBe("1,234,567.00");
    expect(rateText(5)).toBe("0.05");
  });

  test("a missing rate is a dash, never a zero", () => {
    expect(rateText(Number.NaN)).toBe(DASH);
    expect(rateText(0)).toBe("0.00");
  });

  test("every whole number of jeon reads back as itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (jeon) => {
        expect(Math.round(Number(rateText(jeon).replaceAll(",", "")) * 100)).toBe(jeon);
      }),
    );
  });

  test("thousands are grouped as the browser's own formatter groups them", () => {
    const formatter = new Intl.NumberFormat("en-US");
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (whole) => grouped(whole) === formatter.format(whole)),
    );
  });
});

describe("premiums", () => {
  test("a rate above the reference is positive, below it negative", () => {
    expect(premiumPct(140_000, 1400)).toBe(0);
    expect(premiumPct(141_400, 1400)).toBe(1);
    expect(premiumPct(137_900, 1400)).toBe(-1.5);
  });

  test("no rate or no reference gives no premium", () => {
    expect(premiumPct(Number.NaN, 1400)).toBeNaN();
    expect(premiumPct(140_000, undefined)).toBeNaN();
    expect(premiumPct(140_000, 0)).toBeNaN();
  });

  test("signs are written, a rounded zero has none", () => {
    expect(pctText(1.2)).toBe("+1.20%");
    expect(pctText(-0.62)).toBe("−0.62%");
    expect(pctText(premiumPct(139_999.99, 1400))).toBe("0.00%");
    expect(pctText(-0)).toBe("0.00%");
    expect(pctText(Number.NaN)).toBe(DASH);
  });

  test("slippage is the distance of both rates over the entry rate", () => {
    expect(slippagePct(140_000, 139_720)).toBeCloseTo(0.2);
    expect(slippagePct(140_000, 140_280)).toBeCloseTo(0.2);
    expect(slippagePct(Number.NaN, 140_000)).toBeNaN();
    expect(slippagePct(0, 140_000)).toBeNaN();
  });

  test("a number is rounded to the nearest hundredth", () => {
    expect(fixed2(0.126)).toBe("0.13");
    expect(fixed2(-0.004)).toBe("0.00");
  });
});

describe("amounts", () => {
  test("Korean counts in 만 and 억", () => {
    expect(amountText(1_000_000, "ko")).toBe("100만");
    expect(amountText(15_000_000, "ko")).toBe("1,500만");
    expect(amountText(100_000_000, "ko")).toBe("1억");
    expect(amountText(123_450_000, "ko")).toBe("1억 2,345만");
  });

  test("English counts in millions", () => {
    expect(amountText(1_000_000, "en")).toBe("1M");
    expect(amountText(100_000_000, "en")).toBe("100M");
    expect(amountText(2_500_000, "en")).toBe("2.5M");
  });
});

describe("gains", () => {
  test("are whole KRW with their sign, rounded half away from zero, and nothing has none", () => {
    const texts = ["-79466.5", "-79466.49", "1234567.5", "0.49", "-0.49", "0.00"].map(gainText);
    expect(texts).toEqual(["−79,467", "−79,466", "+1,234,568", "0", "0", "0"]);
  });

  test("are of positions whose size is told to the nearest 10,000 KRW", () => {
    expect(sizeText("9999747.97658348", "ko")).toBe("1,000만");
    expect(sizeText("969393.557053", "ko")).toBe("97만");
    expect(sizeText("969393.557053", "en")).toBe("0.97M");
    expect(sizeText("123456789", "ko")).toBe("1억 2,346만");
  });
});

describe("time", () => {
  test("instants are shown in Korean time wherever the reader is", () => {
    expect(timeKst(Date.UTC(2025, 0, 1, 15, 0, 0))).toBe("00:00:00");
    expect(timeKst(Date.UTC(2025, 0, 1, 5, 32, 5, 999))).toBe("14:32:05");
  });

  test("lengths are tenths of seconds, then seconds, then minutes", () => {
    expect(lengthText(420, "ko")).toBe("0.4초");
    expect(lengthText(9_949, "en")).toBe("9.9 s");
    expect(lengthText(9_950, "ko")).toBe("10초");
    expect(lengthText(95_000, "ko")).toBe("1분 35초");
    expect(lengthText(95_000, "en")).toBe("1 m 35 s");
  });

  test("an age that a clock behind the server's makes negative is zero", () => {
    expect(secondsText(-3_000, "ko")).toBe("0초");
    expect(secondsText(3_999, "en")).toBe("3 s");
  });
});

test("an instant of another day in Korea has its date", () => {
  const nowMs = Date.UTC(2026, 10, 29, 3);
  expect(instantKst(nowMs - 3_600_000, nowMs)).toBe("11:00:00");
  expect(instantKst(Date.UTC(2026, 10, 28, 15), nowMs)).toBe("00:00:00");
  expect(instantKst(Date.UTC(2026, 10, 28, 14, 59, 30), nowMs)).toBe("11-28 23:59");
  expect(instantKst(Date.UTC(2025, 11, 31, 16), nowMs)).toBe("01-01 01:00");
});
