// Recordings as files: candles of both venues, or our own minutes exported. Text in, rows out; every line that cannot
// be used is named by its number. An empty cell (or "null") is no fault: nothing was recorded there.

import * as v from "valibot";
import { DOMESTIC_VENUES, OVERSEAS_VENUES, PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { type ReplaySample, rateOf } from "../../src/trading/replay-fills.ts";
import { instantOf } from "./format.ts";

export interface Recording {
  readonly kind: "candles" | "history";
  readonly pair: PairKey | undefined;
  readonly coin: string | undefined;
  /** Most usual distance of two rows. */
  readonly stepMs: number;
  readonly hasReference: boolean;
  readonly rows: readonly RecordingRow[];
}

/** Cells as recorded; undefined: nothing recorded. Candles: KRW and USDT prices. History: rates in jeon. */
export interface RecordingRow {
  readonly atMs: number;
  readonly first: string | undefined;
  readonly second: string | undefined;
  readonly reference: string | undefined;
}

/** A recording that cannot be replayed, with every line's fault. */
export class RecordingFault extends Error {
  override readonly name = "RecordingFault";
  constructor(readonly faults: readonly string[]) {
    super(faults.join("\n"));
  }
}

interface Columns {
  readonly first: number;
  readonly second: number;
  readonly reference: number;
}

const FAULTS_SHOWN = 20;
const TIME = "time_utc";
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;
const PRICE = /^\d{1,15}(\.\d{1,12})?$/;
const JEON = /^\d{1,10}$/;
/** History has rates, not prices: the coin is taken to cost this at home all the time. */
export const HISTORY_COIN_KRW = Decimal.of(1_000_000);
const HUNDRED = Decimal.of(100);
const USDT_DECIMALS = 18;

/**
 * Reads `time_utc,<domestic>_close_krw,<overseas>_close_usdt[,usdt_krw]` (other columns are passed over).
 * Throws RecordingFault.
 */
export function readCandles(text: string): Recording {
  const { names, lines } = split(text);
  const pair = PAIRS.find(
    ({ domestic, overseas }) =>
      names.includes(`${domestic}_close_krw`) && names.includes(`${overseas}_close_usdt`),
  );
  if (!pair || !names.includes(TIME)) {
    throw new RecordingFault([
      `line 1: expected the columns ${TIME}, ${DOMESTIC_VENUES.join("|")}_close_krw and ` +
        `${OVERSEAS_VENUES.join("|")}_close_usdt, was ${names.join(",").slice(0, 200)}`,
    ]);
  }
  const columns = {
    first: names.indexOf(`${pair.domestic}_close_krw`),
    second: names.indexOf(`${pair.overseas}_close_usdt`),
    reference: names.indexOf("usdt_krw"),
  };
  // "upbit_volume_btc" is where such a file names its coin.
  const coin = names.map((name) => /_volume_([a-z0-9]+)$/.exec(name)?.[1]).find((found) => found);
  const rows = readRows(lines, names, columns, PRICE);
  return { kind: "candles", pair: pair.key, coin: coin?.toUpperCase(), ...shared(rows, columns) };
}

/**
 * Reads `time_utc,entry_jeon,exit_jeon[,reference_jeon]`: one coin on one pair, a line a minute. Or what the api answered at
 * /api/rates/history. Throws RecordingFault.
 */
export function readHistory(text: string): Recording {
  if (text.trimStart().startsWith("{")) return readAnswer(text);
  const { names, lines } = split(text);
  const columns = {
    first: names.indexOf("entry_jeon"),
    second: names.indexOf("exit_jeon"),
    reference: names.indexOf("reference_jeon"),
  };
  if (!names.includes(TIME) || columns.first < 0 || columns.second < 0) {
    throw new RecordingFault([
      `line 1: expected the columns ${TIME}, entry_jeon and exit_jeon, was ${names.join(",").slice(0, 200)}`,
    ]);
  }
  const rows = readRows(lines, names, columns, JEON);
  return { kind: "history", pair: undefined, coin: undefined, ...shared(rows, columns) };
}

const rateSchema = v.nullable(v.pipe(v.number(), v.gtValue(0)));
/** Of the answer what a replay needs; rates in KRW per USDT with two decimals. */
const answerSchema = v.object({
  pair: v.picklist(PAIRS.map(({ key }) => key)),
  coin: v.string(),
  atMs: v.pipe(v.array(v.pipe(v.number(), v.safeInteger())), v.minLength(1)),
  entryRate: v.array(rateSchema),
  exitRate: v.array(rateSchema),
});

function readAnswer(text: string): Recording {
  const { output, issues, success } = v.safeParse(v.pipe(v.string(), v.parseJson(), answerSchema), text);
  if (!success) {
    const faults = issues
      .slice(0, FAULTS_SHOWN)
      .map((issue) => `${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
    throw new RecordingFault([
      "expected the answer of /api/rates/history with a coin and something recorded",
      ...faults,
    ]);
  }
  const { pair, coin, atMs, entryRate, exitRate } = output;
  const jeon = (rate: number | null | undefined) => (rate ? String(Math.round(rate * 100)) : undefined);
  const rows = atMs.map((at, index): RecordingRow => {
    return { atMs: at, first: jeon(entryRate[index]), second: jeon(exitRate[index]), reference: undefined };
  });
  const at = rows.findIndex((row, index) => index > 0 && row.atMs <= rows[index - 1]!.atMs);
  if (at > 0) throw new RecordingFault([`atMs.${at}: expected a time after the one before, was ${atMs[at]}`]);
  return { kind: "history", pair, coin, stepMs: usualStepMs(rows), hasReference: false, rows };
}

/** The samples of a recording, one after another. `referenceKrw` stands in for a column the recording lacks. */
export function* samplesOf(recording: Recording, referenceKrw: Decimal | undefined): Generator<ReplaySample> {
  for (const row of recording.rows) {
    const sides = recording.kind === "candles" ? candleSides(row) : historySides(row);
    const recorded = row.reference === undefined ? undefined : Decimal.of(row.reference);
    const own = sides.entry && rateOf(sides.entry);
    const reference =
      referenceKrw ??
      (!recording.hasReference
        ? own
        : recording.kind === "history"
          ? recorded && krwOfJeon(recorded)
          : recorded);
    yield { atMs: row.atMs, ...sides, referenceKrw: reference };
  }
}

type Sides = Pick<ReplaySample, "entry" | "exit">;

function candleSides({ first, second }: RecordingRow): Sides {
  if (first === undefined || second === undefined) return { entry: undefined, exit: undefined };
  const prices = { domesticKrw: Decimal.of(first), overseasUsdt: Decimal.of(second) };
  return { entry: prices, exit: prices };
}

function historySides({ first, second }: RecordingRow): Sides {
  const side = (jeon: string | undefined) =>
    jeon === undefined
      ? undefined
      : {
          domesticKrw: HISTORY_COIN_KRW,
          overseasUsdt: HISTORY_COIN_KRW.dividedBy(krwOfJeon(Decimal.of(jeon)), USDT_DECIMALS, "half-up"),
        };
  return { entry: side(first), exit: side(second) };
}

function krwOfJeon(jeon: Decimal): Decimal {
  return jeon.dividedBy(HUNDRED, 2, "half-up");
}

function split(text: string): { names: string[]; lines: string[] } {
  const [header, ...lines] = text
    .replace(/^\ufeff/, "")
    .replace(/\r/g, "")
    .split("\n");
  while (lines.at(-1) === "") lines.pop();
  return { names: header!.split(",").map((name) => name.trim().toLowerCase()), lines };
}

function readRows(lines: string[], names: string[], columns: Columns, shape: RegExp): RecordingRow[] {
  const faults: string[] = [];
  const rows: RecordingRow[] = [];
  const timeColumn = names.indexOf(TIME);
  let lastAtMs = Number.NEGATIVE_INFINITY;
  lines.forEach((line, index) => {
    const cells = line.split(",");
    const fault = (why: string) => faults.push(`line ${index + 2}: ${why}`);
    if (cells.length !== names.length) {
      fault(`expected ${names.length} cells, was ${cells.length}`);
      return;
    }
    const time = cells[timeColumn]!.trim();
    const atMs = INSTANT.test(time) ? (instantOf(time) ?? Number.NaN) : Number.NaN;
    if (Number.isNaN(atMs)) fault(`expected ${TIME} like 2025-05-28T18:10:00Z, was ${quoted(time)}`);
    else if (atMs <= lastAtMs) fault(`expected a time after the line before, was ${time}`);
    else lastAtMs = atMs;
    const read = (column: number): string | undefined => {
      const cell = column < 0 ? "" : cells[column]!.trim();
      if (cell === "" || cell === "null") return undefined;
      if (shape.test(cell) && Number(cell) > 0) return cell;
      fault(
        `expected ${names[column]} to be a ${shape === JEON ? "whole number" : "price"} above 0, was ${quoted(cell)}`,
      );
      return undefined;
    };
    rows.push({
      atMs,
      first: read(columns.first),
      second: read(columns.second),
      reference: read(columns.reference),
    });
  });
  if (faults.length > FAULTS_SHOWN) {
    const more = faults.length - FAULTS_SHOWN;
    faults.length = FAULTS_SHOWN;
    faults.push(`and ${more} more`);
  }
  if (rows.length === 0 && faults.length === 0)
    faults.push("expected at least one line after the first, was none");
  if (faults.length > 0) throw new RecordingFault(faults);
  return rows;
}

function quoted(cell: string): string {
  return JSON.stringify(cell.slice(0, 60));
}

function shared(rows: RecordingRow[], columns: Columns): Pick<Recording, "rows" | "stepMs" | "hasReference"> {
  return { rows, stepMs: usualStepMs(rows), hasReference: columns.reference >= 0 };
}

/** The most usual distance, the shortest of equals; a minute when there are no two rows. */
export function usualStepMs(rows: readonly RecordingRow[]): number {
  const counts = new Map<number, number>();
  for (let index = 1; index < rows.length; index++) {
    const step = rows[index]!.atMs - rows[index - 1]!.atMs;
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  let best = { step: 60_000, times: 0 };
  for (const [step, times] of counts) {
    if (times > best.times || (times === best.times && step < best.step)) best = { step, times };
  }
  return best.step;
}
