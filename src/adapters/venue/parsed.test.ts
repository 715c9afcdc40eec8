import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import {
  check,
  checkRows,
  decimal,
  integer,
  issueText,
  optionalDecimal,
  plainDecimal,
  readJson,
} from "./parsed.ts";

const Row = v.object({ n: decimal });
const rows = (good: number, bad: number): unknown[] => [
  ...Array.from({ length: good }, (_, index) => ({ n: String(index) })),
  ...Array.from({ length: bad }, () => ({ n: "x" })),
];

describe("readJson", () => {
  test("keeps every number as it was printed", () => {
    const body = '{"a":1.10,"b":[12345678901234567890.123456789],"c":"x","d":1.4E-7,"e":true,"f":null}';
    const value = { a: "1.10", b: ["12345678901234567890.123456789"], c: "x", d: "1.4E-7", e: true, f: null };
    expect(readJson(body)).toEqual({ ok: true, value, skipped: 0, issues: [] });
    expect(readJson(new TextEncoder().encode(body))).toEqual({ ok: true, value, skipped: 0, issues: [] });
  });

  test.each(["<html>maintenance</html>", "", '{"a":', "[".repeat(1_000_000)])(
    "says that %s is no JSON",
    (body) => {
      const parsed = readJson(body);
      expect(parsed.ok).toBe(false);
      expect(parsed.issues[0]!.kind).toBe("json");
      expect(issueText(parsed.issues[0]!).length).toBeLessThan(150);
    },
  );
});

describe("checkRows", () => {
  test("leaves out the rows that do not fit, counts them and says why", () => {
    const parsed = checkRows(Row, rows(20, 2), "list");
    if (!parsed.ok) throw new Error("expected the rows");
    expect(parsed.value.length).toBe(20);
    expect(parsed.skipped).toBe(2);
    expect(parsed.issues.map(issueText)[0]).toStartWith("list.20.n: regex, expected");
    expect(parsed.issues[0]!.received).toContain("x");
  });

  test("refuses a list with nothing in it, or with too much that does not fit", () => {
    expect(checkRows(Row, [], "list")).toEqual({
      ok: false,
      issues: [{ path: "list", kind: "empty", expected: "at least one row", received: "none" }],
    });
    const changed = checkRows(Row, rows(17, 3), "list");
    expect(changed.ok).toBe(false);
    expect(changed.issues.map(issueText)[0]).toBe(
      "list: implausible, expected at most 10 % of rows that do not fit, was 3 of 20",
    );
    expect(checkRows(Row, rows(18, 2), "list").ok).toBe(true);
  });

  test("names what is missing", () => {
    const parsed = check(v.object({ result: v.object({ list: v.array(v.unknown()) }) }), { result: {} });
    expect(parsed.issues.map(issueText)).toEqual(['result.list: object, expected "list", was undefined']);
  });
});

describe("decimals", () => {
  test.each([
    ["1.4E-7", "0.00000014"],
    ["-1.4e-7", "-0.00000014"],
    ["1e3", "1000"],
    ["1.5E+1", "15"],
    ["1.2345e2", "123.45"],
    ["0.5e1", "5"],
    ["12e-1", "1.2"],
    ["1.4E-1", "0.14"],
    ["1.10", "1.10"],
    ["0e5", "0"],
  ])("%s is %s", (text, plain) => expect(plainDecimal(text)).toBe(plain));

  test("an exponent is written out without changing the number", () => {
    const property = fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = value.toExponential();
      const plain = plainDecimal(text);
      return (
        !/e/i.test(plain) && Object.is(Number(plain), Number(text)) && v.safeParse(decimal, plain).success
      );
    });
    fc.assert(property, { examples: [[5e-324], [1.7976931348623157e308], [-0]] });
  });

  test.each(["", "1.", ".5", "0x1", "1,5", "NaN", "01", " 1", "1e9999"])("%j is none", (text) => {
    expect(v.safeParse(decimal, text).success).toBe(false);
  });

  test("an empty or absent one is undefined", () => {
    for (const value of ["", null, undefined]) expect(v.parse(optionalDecimal, value)).toBeUndefined();
    expect(v.parse(optionalDecimal, "0.10")).toBe("0.10");
  });

  test("integers beyond exactness are refused", () => {
    expect(v.parse(integer, "4133404800000")).toBe(4133404800000);
    for (const text of ["1234567890123456", "1.0", ""])
      expect(v.safeParse(integer, text).success).toBe(false);
  });
});
