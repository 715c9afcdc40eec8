import { expect, test } from "bun:test";
import { isPassing, StoreFault } from "../../domain/store-fault.ts";
import { toStoreFault } from "./fault.ts";

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error(`said ${code}`, { cause }), { code });
}

test("Lost connections, restarts, races and overload are passing", () => {
  const codes = [
    "CONNECTION_CLOSED",
    "ECONNREFUSED",
    "CONNECT_TIMEOUT",
    "57P01",
    "57P03",
    "08006",
    "40001",
    "40P01",
  ];
  for (const code of [...codes, "57014", "53300", "55P03"])
    expect([code, isPassing(toStoreFault("x", coded(code)))]).toEqual([code, true]);
});

test("Constraints, missing tables, bad passwords and plain bugs are defects", () => {
  for (const code of ["23505", "23514", "42P01", "28P01", "3D000", "22003", "UNSAFE_TRANSACTION"]) {
    expect([code, toStoreFault("x", coded(code)).kind]).toEqual([code, "defect"]);
  }
  expect(toStoreFault("x", new TypeError("null is not an object")).kind).toBe("defect");
  expect(toStoreFault("x", "a string").kind).toBe("defect");
});

test("The driver's code is found beneath the query builder's wrapper, and the operation is named", () => {
  const fault = toStoreFault("record rates", new Error("Failed query: ...", { cause: coded("23505") }));
  expect(fault.code).toBe("23505");
  expect(fault.message).toBe("record rates: said 23505 (23505)");
});

test("A StoreFault passes through unchanged, and a cause that is its own cause does not hang", () => {
  const fault = new StoreFault("passing", "X", "y");
  expect(toStoreFault("z", fault)).toBe(fault);
  const circular = new Error("round");
  circular.cause = circular;
  expect(toStoreFault("z", circular).message).toBe("z: round");
});
