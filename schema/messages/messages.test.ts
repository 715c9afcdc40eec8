import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../src/testing/runs.ts";
import { frameId, parseFrameId } from "./premium-frame.ts";
import { encodeManifest, encodeReport, parseReportMessage, type ReportHeader } from "./quote-report.ts";
import { encodeQuoteTask, MessageError, parseQuoteTask, type QuoteTask, taskIdOf } from "./quote-task.ts";

const INPUTS = runsOf(600, 100_000);
const TICK = 1_780_000_000_000;

const TASK: QuoteTask = {
  version: 1,
  taskId: taskIdOf(TICK, 7),
  tickAtMs: TICK,
  deadlineAtMs: TICK + 30_000,
  coins: [
    {
      coin: "PEPE",
      legs: [
        { venue: "upbit", symbol: "KRW-PEPE", multiplier: 1, depth: 30 },
        { venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1000, depth: 500 },
      ],
    },
  ],
};

const HEADER: ReportHeader = {
  taskId: TASK.taskId,
  tickAtMs: TICK,
  worker: "worker-1",
  sourceAddress: "host-1",
  reportedAtMs: TICK + 900,
  depths: [{ coin: "PEPE", venue: "binance", levels: null, got: 100 }],
  fetches: [{ venue: "upbit", outcome: "ok", count: 1 }],
};

test("tasks, reports and manifests come back as they were sent", () => {
  expect(parseQuoteTask(encodeQuoteTask(TASK))).toEqual(TASK);
  const segment = Uint8Array.of(1, 2, 3);
  expect(parseReportMessage(encodeReport(HEADER, segment))).toEqual({
    kind: "report",
    header: HEADER,
    segment,
  });
  const manifest = { tickAtMs: TICK, tasks: [TASK] };
  expect(parseReportMessage(encodeManifest(manifest))).toEqual({ kind: "manifest", manifest });
  expect(parseFrameId(frameId(TICK, 3))).toEqual({ tickAtMs: TICK, part: 3 });
});

test("a task that breaks its promises is refused with what was expected", () => {
  const broken: [Partial<Record<keyof QuoteTask, unknown>>, string][] = [
    [{ version: 2 }, "version"],
    [{ taskId: "x" }, "taskId"],
    [{ coins: [] }, "coins"],
    [{ coins: Array.from({ length: 5 }, () => TASK.coins[0]) }, "coins"],
    [{ deadlineAtMs: "soon" }, "deadlineAtMs"],
    [
      { coins: [{ coin: "A", legs: [{ venue: "okx", symbol: "A", multiplier: 1, depth: 5 }] }] },
      "coins.0.legs.0.venue",
    ],
    [
      { coins: [{ coin: "A", legs: [{ venue: "bybit", symbol: "A", multiplier: 0.5, depth: 5 }] }] },
      "multiplier",
    ],
  ];
  for (const [change, word] of broken) {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...TASK, ...change }));
    expect(() => parseQuoteTask(bytes)).toThrow(word);
  }
});

test(`${INPUTS} damaged messages give a message or a MessageError, nothing else`, () => {
  const bases = [
    encodeQuoteTask(TASK),
    encodeReport(HEADER, Uint8Array.of(1, 2, 3, 4)),
    encodeManifest({ tickAtMs: TICK, tasks: [TASK] }),
  ];
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat({ max: bases.length - 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 12 }),
      (which, cut, edits, tail) => {
        const base = bases[which]!;
        const bytes = Uint8Array.from([...base.subarray(0, Math.ceil(base.length * cut)), ...tail]);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        for (const parse of [parseQuoteTask, parseReportMessage]) {
          try {
            parse(bytes);
          } catch (error) {
            if (!(error instanceof MessageError)) throw error;
            refused++;
          }
        }
      },
    ),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS);
}, 300_000);
