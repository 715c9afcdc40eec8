// The compact full frame: its size before base64, what it costs to make, and how long a browser takes to decode it,
// beside the same table as JSON and as Karbit's channel carries it (gzip, base64).

import { gzipSync } from "node:zlib";
import { packFrame, packText, unpackFrame } from "../../src/adapters/frame-codec.ts";
import type { Frame } from "../../src/domain/frame.ts";
import { karbitResultsText } from "../../src/domain/karbit.ts";
import { findProgram, launchChromium } from "../../src/testing/services.ts";
import { type BenchTick, evenTick, marketTicks, rowsOf } from "./books.ts";
import { type BenchLine, type BenchOptions, elapsedMs, grouped, round, undisturbed } from "./line.ts";

const TICKS = 3;
const TARGET_BYTES = 35_000;
const TARGET_DECODE_MS = 10;
const WARM_UP_ROUNDS = 20;
const MEASURED_ROUNDS = 60;

function frameOf(tick: BenchTick): Frame {
  const { tickAtMs } = tick;
  const reference = { priceKrw: 1_384.5, venue: "upbit", atMs: tickAtMs } as const;
  return { tickAtMs, part: 33, closing: true, reference, rows: rowsOf(tick) };
}

/** How many rates do not come back as they went in, in the row they were in. */
function changedCount(frame: Frame, packed: Uint8Array): number {
  const back = unpackFrame(packed);
  return frame.rows.reduce((sum, row, index) => {
    const other = back.rows[index];
    const isSameRow = row.coin === other?.coin && row.pairIndex === other.pairIndex;
    return (
      sum + row.ratesJeon.filter((jeon, at) => !isSameRow || !Object.is(jeon, other.ratesJeon[at])).length
    );
  }, 0);
}

function losslessLine(frames: readonly Frame[]): BenchLine {
  const changed = frames.reduce((sum, frame) => sum + changedCount(frame, packFrame(frame)), 0);
  const rates = frames.flatMap(({ rows }) => rows.map(({ ratesJeon }) => ratesJeon.length));
  return {
    name: "rates that a compact frame changes",
    figure: changed,
    unit: `of ${grouped(rates.reduce((sum, count) => sum + count, 0))}`,
    comparison: "the rows that went in",
    target: "none",
    ok: changed === 0,
  };
}

function sizeLine(name: string, frames: readonly Frame[]): BenchLine {
  const sizes = frames.map((frame) => {
    const packed = packFrame(frame);
    const text = karbitResultsText(frame.rows);
    return { packed: packed.length, json: text.length, packedText: packText(text).length };
  });
  const largest = sizes.reduce((a, b) => (a.packed >= b.packed ? a : b));
  const { packed, json, packedText } = largest;
  return {
    name: `compact full frame, ${name}, ${frames[0]!.rows.length} rows`,
    figure: packed,
    unit: "bytes",
    comparison:
      `JSON ${grouped(json)}, ${round(json / packed, 0)}x; ` +
      `gzip + base64 ${grouped(packedText)}, ${round(packedText / packed, 1)}x`,
    target: `at most ${TARGET_BYTES}`,
    ok: packed <= TARGET_BYTES,
  };
}

function encodeLine(frames: readonly Frame[]): BenchLine {
  const rounds = (work: (frame: Frame) => unknown) =>
    undisturbed(
      Array.from({ length: WARM_UP_ROUNDS + MEASURED_ROUNDS }, (_, turn) =>
        elapsedMs(() => work(frames[turn % frames.length]!)),
      ).slice(WARM_UP_ROUNDS),
    );
  const packMs = rounds(packFrame);
  const packed = frames.map((frame) => packFrame(frame));
  const unpackMs = rounds((frame) => unpackFrame(packed[frames.indexOf(frame)]!));
  const gzipMs = rounds((frame) => gzipSync(karbitResultsText(frame.rows), { level: 6 }).toString("base64"));
  return {
    name: "making a compact full frame",
    figure: round(packMs, 2),
    unit: "ms",
    comparison: `JSON + gzip + base64 ${round(gzipMs, 1)} ms, ${round(gzipMs / packMs, 0)}x; reading it back ${round(unpackMs, 2)} ms`,
    target: "at most 5",
    ok: packMs <= 5,
  };
}

/** The decoder as a browser gets it, with the frames to decode. */
async function decodePage(
  frames: readonly Frame[],
): Promise<{ script: string; data: string[]; json: string[] }> {
  const built = await Bun.build({
    entrypoints: [`${import.meta.dir}/../../api/client.ts`],
    target: "browser",
    format: "esm",
    minify: true,
  });
  return {
    script: await built.outputs[0]!.text(),
    data: frames.map((frame) => Buffer.from(packFrame(frame)).toString("base64")),
    json: frames.map((frame) => karbitResultsText(frame.rows)),
  };
}

/** Median ms of decoding, after as many rounds as a page sees in ten minutes, and of the very first. */
async function decodeLine(frames: readonly Frame[]): Promise<BenchLine> {
  const page = await decodePage(frames);
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage();
    const measured = await tab.evaluate(async ({ script, data, json }) => {
      const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
      const { decodeCompact } = (await import(url)) as {
        decodeCompact: (data: string) => { rows: unknown[] };
      };
      const timed = (work: () => unknown) => {
        const startMs = performance.now();
        work();
        return performance.now() - startMs;
      };
      const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
      const decodeMs: number[] = [];
      const parseMs: number[] = [];
      for (let turn = 0; turn < 40; turn++) {
        decodeMs.push(timed(() => decodeCompact(data[turn % data.length]!)));
        parseMs.push(timed(() => JSON.parse(json[turn % json.length]!)));
      }
      return {
        firstMs: decodeMs[0]!,
        decodeMs: middle(decodeMs.slice(20)),
        parseMs: middle(parseMs.slice(20)),
        rows: decodeCompact(data[0]!).rows.length,
      };
    }, page);
    if (measured.rows !== frames[0]!.rows.length) throw new Error(`expected all rows, was ${measured.rows}`);
    return {
      name: "decoding it in Chromium with api/client.ts",
      figure: round(measured.decodeMs, 1),
      unit: "ms",
      comparison: `JSON.parse of the table ${round(measured.parseMs, 1)} ms; the page's first frame ${round(measured.firstMs, 1)} ms`,
      target: `below ${TARGET_DECODE_MS}`,
      ok: measured.decodeMs < TARGET_DECODE_MS,
    };
  } finally {
    await browser.close();
  }
}

export async function benchFrames({ progress }: BenchOptions): Promise<BenchLine[]> {
  progress("frames of market and even books");
  const ticks = [...marketTicks(TICKS)];
  const market = ticks.map(frameOf);
  const even = ticks.map((tick) => frameOf(evenTick(tick)));
  const lines = [
    sizeLine("the simulated market", market),
    sizeLine("even books, no rate null", even),
    losslessLine([...market, ...even]),
    encodeLine(market),
  ];
  if (!findProgram("chromium")) {
    progress('decoding in a browser not measured: no Chromium; "bun run setup" brings it');
    return lines;
  }
  progress("decoding in Chromium");
  return [...lines, await decodeLine(even)];
}
