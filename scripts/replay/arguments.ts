// The command line of `bun run replay`. Every fault is found before any is told.

import { PAIR_KEYS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { instantOf } from "./format.ts";

export const HELP = `Usage: bun run replay --candles FILE --entry RATE --exit RATE [options]

Feeds recorded rates through the engine's own decisions and a stated fill model, and prints what would have come of it.

What to replay (one of)
  --candles FILE       CSV: time_utc, <domestic>_close_krw, <overseas>_close_usdt, and usdt_krw if there is one
  --history FILE       CSV: time_utc, entry_jeon, exit_jeon, and reference_jeon if there is one; or the JSON an api
                       answered at /api/rates/history for a coin
  --database URL       our own minute history in PostgreSQL; needs --coin, --pair, --from and --to
  --coin BTC           the coin (files may name it themselves)
  --pair KEY           ${PAIR_KEYS.join(", ")}
  --from, --to TIME    only this part, UTC: 2025-06-01 or 2025-06-01T00:00Z; "to" is excluded

The strategy
  --entry RATE         enter at this rate or below, KRW per USDT
  --exit RATE          leave at this rate or above
  --auto               instead of both: 1 % below the reference price in, 2 % above the average entry out
  --slice KRW          worth of one entry (10000000)
  --division N         entries at most at a time; the capital is slice x N (1)
  --average-down       add when the rate has fallen 0.3 % below the last entry
  --average-up         add when the rate has risen 0.3 % above the last entry
  --stop RATE          leave at this rate or below
  --hold-max HOURS     leave after this long

The fill model
  --slippage PCT       every order fills at a price this much worse (0.05)
  --fee-domestic PCT   per order (0.05 on Upbit, 0.25 on Bithumb)
  --fee-overseas PCT   per order (0.05 on Binance, 0.055 on Bybit)
  --funding PCT        received by the short at 00, 08 and 16 UTC; may be negative (0.01)
  --lot COIN           smallest step of a quantity (0.001 for candles, 0.00000001 for history)
  --reference KRW      one reference price for all of it, instead of the recording's

Output
  --out FILE           the picture (replay.svg)
  --json               one JSON document instead of the tables
  --help               this text

The same recording and options give the same bytes. Exit code 1: something was wrong, and standard error says what.
`;

export type Source =
  | { readonly kind: "candles" | "history"; readonly file: string }
  | { readonly kind: "database"; readonly url: string };

export interface Arguments {
  readonly source: Source;
  readonly coin: string | undefined;
  readonly pair: PairKey | undefined;
  readonly fromAtMs: number | undefined;
  readonly toAtMs: number | undefined;
  /** Undefined in auto mode. */
  readonly rates: { readonly entry: Decimal; readonly exit: Decimal } | undefined;
  readonly sliceKrw: Decimal;
  readonly division: number;
  readonly averageDown: boolean;
  readonly averageUp: boolean;
  readonly stopRate: Decimal | undefined;
  readonly holdingMsMax: number | undefined;
  readonly slippage: Decimal;
  readonly feeDomestic: Decimal | undefined;
  readonly feeOverseas: Decimal | undefined;
  readonly fundingRatio: Decimal;
  readonly lotCoin: Decimal | undefined;
  readonly referenceKrw: Decimal | undefined;
  readonly out: string;
  readonly json: boolean;
}

export type Read =
  | { readonly kind: "run"; readonly run: Arguments }
  | { readonly kind: "help" }
  | { readonly kind: "faults"; readonly faults: readonly string[] };

const SWITCHES = new Set(["auto", "average-down", "average-up", "json", "help"]);
const VALUES = new Set(
  (
    "candles history database coin pair from to entry exit slice division stop hold-max slippage fee-domestic " +
    "fee-overseas funding lot reference out"
  ).split(" "),
);
const HUNDREDTH = Decimal.of("0.01");
const HOUR_MS = 3_600_000;
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/;
const NUMBER = /^-?\d{1,15}(\.\d{1,12})?$/;

export function readArguments(args: readonly string[]): Read {
  const faults: string[] = [];
  const given = collect(args, faults);
  if (given.has("help")) return { kind: "help" };
  const { number, whole, time } = readers(given, faults);

  const sources = (["candles", "history", "database"] as const).filter((name) => given.has(name));
  if (sources.length !== 1) {
    faults.push(`expected one of --candles, --history and --database, was ${sources.length || "none"}`);
  }
  const kind = sources[0] ?? "candles";
  const where = given.get(kind) ?? "";
  const pairText = given.get("pair");
  const pair = PAIR_KEYS.find((key) => key === pairText);
  if (pairText !== undefined && !pair)
    faults.push(`--pair: expected one of ${PAIR_KEYS.join(", ")}, was ${quoted(pairText)}`);

  const auto = given.has("auto");
  const entry = number("entry", { min: "0", open: true });
  const exit = number("exit", { min: "0", open: true });
  if (auto && (given.has("entry") || given.has("exit")))
    faults.push("expected --auto or --entry and --exit, was both");
  if (!auto && !given.has("entry")) faults.push("expected --entry RATE (or --auto), was none");
  if (!auto && !given.has("exit")) faults.push("expected --exit RATE (or --auto), was none");

  const [fromAtMs, toAtMs] = [time("from"), time("to")];
  if (fromAtMs !== undefined && toAtMs !== undefined && fromAtMs >= toAtMs)
    faults.push("expected --from before --to");
  if (kind === "database") {
    for (const name of ["coin", "pair", "from", "to"]) {
      if (!given.has(name)) faults.push(`expected --${name} with --database, was none`);
    }
  }
  const division = whole("division", 1, 100);
  const averageDown = given.has("average-down");
  const averageUp = given.has("average-up");
  if (division > 1 && !averageDown && !averageUp) {
    faults.push(
      "--division: expected --average-down or --average-up with it, else only the first part is ever used",
    );
  }
  const holdHours = number("hold-max", { min: "0", open: true });
  const percent = (name: string, min: string) => number(name, { min, max: "50" })?.times(HUNDREDTH);
  const run: Arguments = {
    source: kind === "database" ? { kind, url: where } : { kind, file: where },
    coin: given.get("coin")?.toUpperCase(),
    pair,
    fromAtMs,
    toAtMs,
    rates: entry && exit && !auto ? { entry, exit } : undefined,
    sliceKrw: number("slice", { min: "10000", whole: true }) ?? Decimal.of(10_000_000),
    division,
    averageDown,
    averageUp,
    stopRate: number("stop", { min: "0", open: true }),
    holdingMsMax: holdHours && Math.round(holdHours.toFloat() * HOUR_MS),
    slippage: percent("slippage", "0") ?? Decimal.of("0.0005"),
    feeDomestic: percent("fee-domestic", "0"),
    feeOverseas: percent("fee-overseas", "0"),
    fundingRatio: percent("funding", "-50") ?? Decimal.of("0.0001"),
    lotCoin: number("lot", { min: "0", open: true }),
    referenceKrw: number("reference", { min: "0", open: true }),
    out: given.get("out") ?? "replay.svg",
    json: given.has("json"),
  };
  return faults.length > 0 ? { kind: "faults", faults } : { kind: "run", run };
}

function collect(args: readonly string[], faults: string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "-h") given.set("help", "");
    const [, name, joined] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name && given.has(name)) faults.push(`--${name}: expected once, was given again`);
    if (name && SWITCHES.has(name) && joined === undefined) given.set(name, "");
    else if (name && VALUES.has(name)) {
      const next = args[index + 1];
      const value = joined ?? (next?.startsWith("--") ? undefined : args[++index]);
      if (!value) faults.push(`--${name}: expected a value, was none`);
      given.set(name, value ?? "");
    } else if (word !== "-h") faults.push(`${quoted(word)}: expected an option of --help`);
  }
  return given;
}

interface Bounds {
  readonly min: string;
  readonly max?: string;
  /** The minimum itself is excluded. */
  readonly open?: boolean;
  readonly whole?: boolean;
}

function readers(given: ReadonlyMap<string, string>, faults: string[]) {
  const number = (name: string, { min, max, open, whole }: Bounds): Decimal | undefined => {
    // A missing value is already told.
    const text = given.get(name);
    if (!text) return undefined;
    const value = NUMBER.test(text) && !(whole && text.includes(".")) ? Decimal.of(text) : undefined;
    const fits =
      value &&
      (open ? value.above(Decimal.of(min)) : value.atLeast(Decimal.of(min))) &&
      (max === undefined || value.atMost(Decimal.of(max)));
    if (fits) return value;
    const range = `${open ? "above" : "from"} ${min}${max === undefined ? "" : ` to ${max}`}`;
    faults.push(`--${name}: expected a ${whole ? "whole " : ""}number ${range}, was ${quoted(text)}`);
    return undefined;
  };
  const whole = (name: string, min: number, max: number): number => {
    const value = number(name, { min: String(min), max: String(max), whole: true });
    return value ? Number(value.toString()) : min;
  };
  const time = (name: string): number | undefined => {
    const text = given.get(name);
    if (!text) return undefined;
    const atMs = TIME.test(text) ? instantOf(text) : undefined;
    if (atMs !== undefined) return atMs;
    faults.push(`--${name}: expected a time like 2025-06-01 or 2025-06-01T00:00Z, was ${quoted(text)}`);
    return undefined;
  };
  return { number, whole, time };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
