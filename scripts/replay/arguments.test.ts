import { expect, test } from "bun:test";
import { HELP, readArguments } from "./arguments.ts";

function runOf(line: string) {
  const read = readArguments(line.split(" "));
  if (read.kind !== "run") throw new Error(`expected arguments that fit, was ${JSON.stringify(read)}`);
  return read.run;
}

function faultsOf(line: string): readonly string[] {
  const read = readArguments(line.split(" ").filter((word) => word !== ""));
  return read.kind === "faults" ? read.faults : [];
}

test("the shortest command line gets the defaults the help states", () => {
  const run = runOf("--candles a.csv --entry 1365 --exit=1385");
  expect(run).toMatchObject({
    source: { kind: "candles", file: "a.csv" },
    division: 1,
    out: "replay.svg",
    json: false,
  });
  expect(run.rates!.entry.toString()).toBe("1365");
  expect([run.sliceKrw, run.slippage, run.fundingRatio].map(String)).toEqual([
    "10000000",
    "0.0005",
    "0.0001",
  ]);
  for (const stated of ["(10000000)", "(0.05)", "(0.01)", "(replay.svg)"]) expect(HELP).toContain(stated);
});

test("every option of the help is understood", () => {
  const run = runOf(
    "--database postgres://a --coin btc --pair upbit-bybit --from 2025-06-01 --to 2025-06-02T12:00Z --auto --slice 1000000 --division 3 --average-down --average-up --stop 1300 --hold-max 1.5 --slippage 0 --fee-domestic 0.04 --fee-overseas 0.02 --funding -0.02 --lot 1 --reference 1390 --out x.svg --json",
  );
  expect(run).toMatchObject({
    source: { kind: "database", url: "postgres://a" },
    coin: "BTC",
    pair: "upbit-bybit",
    fromAtMs: Date.UTC(2025, 5, 1),
    toAtMs: Date.UTC(2025, 5, 2, 12),
    rates: undefined,
    division: 3,
    averageDown: true,
    averageUp: true,
    holdingMsMax: 5_400_000,
    out: "x.svg",
    json: true,
  });
  expect([run.fundingRatio, run.feeDomestic, run.lotCoin].map(String)).toEqual(["-0.0002", "0.0004", "1"]);
  expect(readArguments(["--entry", "x", "--help"]).kind).toBe("help");
});

test("all faults are told at once, each with what was expected", () => {
  const line =
    "--entry abc --slice 1.5 --slippage 90 --pair x-y --from 2025-02-31 --division 0 --frobnicate stray --json --json";
  expect(faultsOf(line)).toEqual([
    '"--frobnicate": expected an option of --help',
    '"stray": expected an option of --help',
    "--json: expected once, was given again",
    "expected one of --candles, --history and --database, was none",
    '--pair: expected one of upbit-bybit, upbit-binance, bithumb-bybit, bithumb-binance, was "x-y"',
    '--entry: expected a number above 0, was "abc"',
    "expected --exit RATE (or --auto), was none",
    '--from: expected a time like 2025-06-01 or 2025-06-01T00:00Z, was "2025-02-31"',
    '--division: expected a whole number from 1 to 100, was "0"',
    '--slice: expected a whole number from 10000, was "1.5"',
    '--slippage: expected a number from 0 to 50, was "90"',
  ]);
});

test("options that contradict or lack one another are faults", () => {
  expect(faultsOf("--candles a --history b --auto --entry 1 --exit 2")).toEqual([
    "expected one of --candles, --history and --database, was 2",
    "expected --auto or --entry and --exit, was both",
  ]);
  expect(faultsOf("--database u --auto")).toEqual(
    ["coin", "pair", "from", "to"].map((name) => `expected --${name} with --database, was none`),
  );
  expect(faultsOf("--candles a --auto --division 2")[0]).toContain(
    "expected --average-down or --average-up with it",
  );
  expect(faultsOf("--candles a --auto --from 2025-06-02 --to 2025-06-01")).toEqual([
    "expected --from before --to",
  ]);
  expect(faultsOf("--candles --auto")).toEqual(["--candles: expected a value, was none"]);
});
