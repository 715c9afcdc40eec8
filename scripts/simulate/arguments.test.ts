import { expect, test } from "bun:test";
import { readArguments } from "./arguments.ts";

test("without options 500 stories are played from the first", () => {
  expect(readArguments([])).toMatchObject({
    kind: "run",
    run: { seeds: 500, from: 1, processes: undefined, search: undefined, trace: false, json: false },
  });
});

test("a failure is replayed by its number", () => {
  const read = readArguments(["--seeds", "1", "--from", "1234", "--trace"]);
  expect(read).toMatchObject({ kind: "run", run: { seeds: 1, from: 1234, trace: true } });
});

test("every fault is told at once", () => {
  expect(readArguments(["--seeds", "many", "--from", "--rate", "3", "--processes", "0"])).toEqual({
    kind: "faults",
    faults: [
      "--seeds: expected a whole number, was many",
      "--from: expected a whole number, was --rate",
      "unknown option 3",
      "--processes: expected at least 1, was 0",
    ],
  });
  expect(readArguments(["--from"])).toEqual({
    kind: "faults",
    faults: ["--from: expected a whole number, was nothing"],
  });
});

test("help is given whatever else is asked", () => {
  expect(readArguments(["--seeds", "x", "--help"])).toEqual({ kind: "help" });
});
