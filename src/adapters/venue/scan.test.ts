import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../testing/runs.ts";
import { atEnd, ByteCursor, readNumber, readStamp, readText, skipValue, textIs, textOf } from "./scan.ts";
import { numberText, Random } from "./scan-testing.ts";

const NUMBERS = runsOf(2_000, 1_000_000);

function cursorOn(text: string): ByteCursor {
  const cursor = new ByteCursor();
  cursor.reset(new TextEncoder().encode(text));
  return cursor;
}

/** The number read from the whole of `text`; undefined when it is none or something is left over. */
function whole(text: string): number | undefined {
  const cursor = cursorOn(text);
  const value = readNumber(cursor);
  return Number.isNaN(value) || !atEnd(cursor) ? undefined : value;
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function expectSame(text: string): void {
  const expected = Number(text);
  if (!Object.is(whole(text), expected)) throw new Error(`${text}: expected ${expected}, was ${whole(text)}`);
  if (!Object.is(whole(`"${text}"`), expected)) throw new Error(`"${text}": expected ${expected}`);
}

describe("readNumber", () => {
  test.each([
    "0",
    "-0",
    "0.1",
    "1e-7",
    "1E-7",
    "1.4E-7",
    "1.4e+07",
    "123456789012345678901234567890",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "90071992547409.93",
    "1.76373410121466379999997512",
    "0.00000000000000000000001",
    "179769313486231570000e289",
    "1e400",
    "-1e400",
    "4.9e-324",
    "2e-324",
    "0e999999999999999999999",
    `0.${"0".repeat(400)}1e400`,
    `1${"0".repeat(400)}e-400`,
    "2.2250738585072011e-308",
    "8.4e22",
    "5e22",
    "123456789.12345678",
  ])("reads %s as Number does", (text) => expectSame(text));

  test.each([
    "",
    "-",
    "+1",
    ".5",
    "5.",
    "01",
    "-01",
    "1e",
    "1e+",
    "1.e5",
    "0x10",
    "NaN",
    "Infinity",
    "1_000",
    "1,5",
    '"',
    '"1',
    '""',
    '" 1"',
    '"1 "',
    '"1\n"',
    '"-"',
    '"1e"',
  ])("refuses %j", (text) => expect(whole(text)).toBeUndefined());

  test("reads a quoted number written with escapes", () => {
    expect(whole('"\\u0031.\\u0032"')).toBe(1.2);
    expect(whole('"1\\u0061"')).toBeUndefined();
  });

  test("reads every finite double back from its print, to the last bit", () => {
    const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const property = fc.property(bits, (raw) => {
      const value = doubleOf(raw);
      if (!Number.isFinite(value)) return;
      expectSame(Object.is(value, -0) ? "-0" : String(value));
      expectSame(value.toExponential());
    });
    fc.assert(property, { numRuns: NUMBERS / 10 });
  });

  test("reads prices and quantities in any form a venue may print, to the last bit", () => {
    const random = new Random(1);
    for (let count = 0; count < NUMBERS; count++) expectSame(numberText(random));
  });

  test("reads decimals next to the half-way points between doubles, to the last bit", () => {
    const random = new Random(2);
    for (let count = 0; count < NUMBERS / 10; count++) {
      const value = 10 ** (random.unit() * 20 - 10) * (1 + random.unit());
      for (const digits of [15, 16, 17, 18, 21]) expectSame(value.toPrecision(digits));
    }
  });

  test("reads nothing behind the end of its array", () => {
    const bytes = new TextEncoder().encode("1234567");
    const cursor = new ByteCursor();
    cursor.reset(bytes.subarray(0, 4));
    expect(readNumber(cursor)).toBe(1234);
  });
});

describe("readStamp", () => {
  test("takes milliseconds, cuts microseconds, and reads null as none", () => {
    expect(readStamp(cursorOn("1751606867762"))).toBe(1751606867762);
    expect(readStamp(cursorOn("1783657882348968"))).toBe(1783657882348);
    expect(readStamp(cursorOn('"1783657882348968"'))).toBe(1783657882348);
    expect(readStamp(cursorOn("null"))).toBe(0);
    expect(readStamp(cursorOn("nul"))).toBeNaN();
    expect(readStamp(cursorOn("true"))).toBeNaN();
  });
});

describe("skipValue", () => {
  test("accepts exactly the values JSON.parse accepts", () => {
    const property = fc.property(fc.json(), fc.nat(), fc.nat(255), (text, at, byte) => {
      const bytes = new TextEncoder().encode(text);
      for (const damage of [false, true]) {
        if (damage) bytes[at % bytes.length] = byte;
        const cursor = new ByteCursor();
        cursor.reset(bytes);
        const accepted = skipValue(cursor) && atEnd(cursor);
        let parsed = true;
        try {
          JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
        } catch {
          parsed = false;
        }
        if (accepted !== parsed) throw new Error(`${accepted} but JSON.parse ${parsed}: ${text}`);
      }
    });
    fc.assert(property, { numRuns: runsOf(500, 100_000), includeErrorInReport: true });
  });
});

describe("texts", () => {
  test("are compared and read with their escapes resolved", () => {
    const cursor = cursorOn('"b\\u0069ds"');
    expect(readText(cursor)).toBe(true);
    expect(textIs(cursor, "bids")).toBe(true);
    expect(textOf(cursor)).toBe("bids");
    expect(textIs(cursor, "asks")).toBe(false);
  });

  test("take every escape JSON has", () => {
    const cursor = cursorOn('"\\"\\\\\\/\\b\\f\\n\\r\\t\\uD83D\\ude00"');
    expect(readText(cursor)).toBe(true);
    expect(textOf(cursor)).toBe('"\\/\b\f\n\r\t😀');
  });

  test.each(['"a', '"\\x"', '"\\u12g4"', '"\\u12', '"\n"', "a", '"\\'])("refuses %j", (text) => {
    expect(readText(cursorOn(text))).toBe(false);
  });
});
