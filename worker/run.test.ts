import { expect, test } from "bun:test";
import { parseReportMessage } from "../schema/messages/quote-report.ts";
import { encodeQuoteTask, type QuoteTask } from "../schema/messages/quote-task.ts";
import { BusFault } from "../src/domain/bus-fault.ts";
import { decodeFrame } from "../src/domain/frame.ts";
import { nullRow } from "../src/domain/rate-table.ts";
import type { TaskDelivery } from "../src/ports/bus.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { RecordingLog } from "../src/testing/recording-log.ts";
import type { QuoteAnswerer, TaskAnswer } from "./answer-quote-task.ts";
import { runWorker } from "./run.ts";

const PERIOD_MS = 10_000;
const TICK_AT_MS = Date.UTC(2026, 0, 1);

function taskOf(shard: number): QuoteTask {
  return {
    version: 1,
    taskId: `${TICK_AT_MS}.${shard}`,
    tickAtMs: TICK_AT_MS,
    deadlineAtMs: TICK_AT_MS + PERIOD_MS,
    coins: [{ coin: "BTC", legs: [] }],
  };
}

/** One worker, its queue, and everything that happened in order. */
class Rig {
  readonly clock = new ManualClock(TICK_AT_MS + 1_000);
  readonly log = new RecordingLog();
  readonly happened: string[] = [];
  readonly counters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
  readonly stop = new AbortController();
  readonly reports: Uint8Array[] = [];
  readonly #queue: TaskDelivery[] = [];
  #wake: (() => void) | undefined;
  answerMs = 500;
  readyInMs = 0;
  publishFault: Error | undefined;
  answerFault: Error | undefined;
  readonly running: Promise<void>;

  constructor(public hasShare = true) {
    const answerer = {
      lastCosts: {},
      answer: async (task: QuoteTask): Promise<TaskAnswer> => {
        this.happened.push(`answering ${task.taskId.split(".")[1]}`);
        await this.clock.sleep(this.answerMs);
        if (this.answerFault) throw this.answerFault;
        const rows = [nullRow("BTC", 0, task.tickAtMs, "thin")];
        return { rows, depths: [], fetches: [], reportedAtMs: this.clock.nowMs() };
      },
    } as unknown as QuoteAnswerer;
    this.running = runWorker(
      {
        id: "w",
        sourceAddress: "a",
        clock: this.clock,
        log: this.log,
        tasks: { publish: async () => undefined, next: (waitMs) => this.#next(waitMs) },
        reports: {
          publish: async (_id, bytes) => {
            this.happened.push("report");
            if (this.publishFault) throw this.publishFault;
            await this.clock.sleep(50);
            this.reports.push(bytes);
            this.happened.push("report stored");
          },
          subscribe: async () => async () => undefined,
        },
        governor: {
          reserve: async () => ({ venues: new Set(), settle: () => undefined }),
          hasShare: () => this.hasShare,
          readyInMs: () => this.readyInMs,
        },
        answerer,
      },
      this.stop.signal,
      this.counters,
    );
  }

  async #next(waitMs: number): Promise<TaskDelivery | undefined> {
    this.happened.push("next");
    if (this.#queue.length === 0) {
      await Promise.race([
        this.clock.sleep(waitMs),
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
    }
    return this.#queue.shift();
  }

  give(bytes: Uint8Array, attempt = 1): void {
    const said = (word: string) => void this.happened.push(word);
    this.#queue.push({
      bytes,
      attempt,
      ack: async () => said("ack"),
      nak: (delayMs) => said(`nak ${delayMs}`),
      term: () => said("term"),
      working: () => said(`working at ${this.clock.nowMs() - TICK_AT_MS}`),
    });
    this.#wake?.();
  }

  /** What was said and done about tasks so far. */
  get about(): string[] {
    return this.happened.filter((word) => word !== "next");
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.clock.advance(30_000);
    await this.running;
  }
}

test("the report is stored before the task is acknowledged, and says whose and which it is", async () => {
  const rig = new Rig();
  rig.give(encodeQuoteTask(taskOf(7)));
  await rig.clock.advance(1_000);
  expect(rig.about).toEqual(["answering 7", "report", "report stored", "ack"]);
  expect(rig.counters).toEqual({ answered: 1, late: 0, unreadable: 0, givenBack: 0 });
  const message = parseReportMessage(rig.reports[0]!);
  if (message.kind !== "report") throw new Error("expected a report");
  expect(message.header).toMatchObject({ taskId: `${TICK_AT_MS}.7`, worker: "w", sourceAddress: "a" });
  const { rows } = decodeFrame(message.segment);
  expect(rows).toMatchObject([{ coin: "BTC", pairIndex: 0, tickAtMs: TICK_AT_MS, reason: "thin" }]);
  await rig.end();
});

test("a task past its deadline is dropped without a request", async () => {
  const rig = new Rig();
  rig.clock.setWallClock(TICK_AT_MS + PERIOD_MS);
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(100);
  expect(rig.about).toEqual(["term"]);
  expect(rig.counters.late).toBe(1);
  await rig.end();
});

test("an answer that comes past the deadline is not reported", async () => {
  const rig = new Rig();
  rig.answerMs = PERIOD_MS;
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(12_000);
  expect(rig.about.filter((word) => !word.startsWith("working"))).toEqual(["answering 0", "term"]);
  await rig.end();
});

test("a task older than the queue keeps any shows a clock ahead: it goes to others, told once", async () => {
  const rig = new Rig();
  rig.clock.setWallClock(TICK_AT_MS + 3_600_000);
  const give = () => {
    for (let shard = 0; shard < 2; shard++) rig.give(encodeQuoteTask(taskOf(shard)));
  };
  give();
  await rig.clock.advance(PERIOD_MS);
  // The bus held a few back while it was away: that says nothing yet.
  expect(rig.log.said("error")).toEqual([]);
  give();
  give();
  await rig.clock.advance(PERIOD_MS);
  expect(rig.about).toEqual(Array(6).fill("nak 0"));
  expect(rig.log.said("error")).toEqual(["tasks come after they have expired: is this host's clock right?"]);
  await rig.end();
});

test("tasks that were held back while the bus was away are no word about the clock, once others come", async () => {
  const rig = new Rig();
  for (let round = 0; round < 3; round++) {
    rig.clock.setWallClock(TICK_AT_MS + 3_600_000);
    rig.give(encodeQuoteTask(taskOf(0)));
    await rig.clock.advance(PERIOD_MS);
    rig.clock.setWallClock(TICK_AT_MS);
    rig.give(encodeQuoteTask(taskOf(1)));
    await rig.clock.advance(1_000);
  }
  expect(rig.counters.late).toBe(3);
  expect(rig.log.said("error")).toEqual([]);
  await rig.end();
});

test("a task nobody can read is dropped, and the next one is answered", async () => {
  const rig = new Rig();
  rig.give(new TextEncoder().encode('{"version":1}'));
  rig.give(encodeQuoteTask(taskOf(1)));
  await rig.clock.advance(1_000);
  expect(rig.about).toEqual(["term", "answering 1", "report", "report stored", "ack"]);
  expect(rig.counters.unreadable).toBe(1);
  expect(rig.log.said("error")).toEqual(["task is not readable: dropped"]);
  await rig.end();
});

test("a task is given back when its report cannot be stored, without a word above debug", async () => {
  const rig = new Rig();
  rig.publishFault = new BusFault("passing", "storing: no answer");
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(1_000);
  expect(rig.about).toEqual(["answering 0", "report", "nak 250"]);
  expect(rig.counters).toMatchObject({ answered: 0, givenBack: 1 });
  expect(rig.log.said("info")).toEqual([]);
  await rig.end();
});

test("a defect is said loudly, left to another worker once, and does not end the worker", async () => {
  const rig = new Rig();
  rig.answerFault = new RangeError("expected 0 to 2^53 - 1");
  rig.give(encodeQuoteTask(taskOf(0)), 1);
  rig.give(encodeQuoteTask(taskOf(1)), 2);
  await rig.clock.advance(2_000);
  expect(rig.about).toEqual(["answering 0", "nak 250", "answering 1", "term"]);
  expect(rig.log.said("error")).toEqual(["task not answered: a defect", "task not answered: a defect"]);
  rig.answerFault = undefined;
  rig.give(encodeQuoteTask(taskOf(2)));
  await rig.clock.advance(2_000);
  expect(rig.about.at(-1)).toBe("ack");
  await rig.end();
});

test("working is said three times within the ack wait while the answer takes long, and not after", async () => {
  const rig = new Rig();
  rig.answerMs = 4_900;
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(5_000);
  expect(rig.about.filter((word) => word.startsWith("working"))).toEqual([
    "working at 2250",
    "working at 3500",
    "working at 4750",
  ]);
  await rig.clock.advance(5_000);
  expect(rig.about.slice(-2)).toEqual(["report stored", "ack"]);
  await rig.end();
});

test("stop finishes the task in hand and takes no other", async () => {
  const rig = new Rig();
  rig.give(encodeQuoteTask(taskOf(0)));
  rig.give(encodeQuoteTask(taskOf(1)));
  await rig.clock.advance(100);
  rig.stop.abort();
  await rig.clock.advance(5_000);
  await rig.running;
  expect(rig.about).toEqual(["answering 0", "report", "report stored", "ack"]);
});

test("stopped while waiting it ends at once, and a task that still arrives goes back", async () => {
  const rig = new Rig();
  await rig.clock.advance(100);
  rig.stop.abort();
  await rig.running;
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(100);
  expect(rig.about).toEqual(["nak 0"]);
});

test("a spare without a share takes nothing, says so once, and begins when it gets one", async () => {
  const rig = new Rig(false);
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(4_000);
  expect(rig.happened).toEqual([]);
  rig.hasShare = true;
  await rig.clock.advance(2_000);
  expect(rig.about.at(-1)).toBe("ack");
  expect(rig.log.said()).toEqual(["no share of this address's budget: a spare", "a share again"]);
  await rig.end();
});

test("without budget for another task the queue is left to others, until late in the tick", async () => {
  const rig = new Rig();
  rig.give(encodeQuoteTask(taskOf(0)));
  await rig.clock.advance(600);
  expect(rig.about.at(-1)).toBe("ack");
  rig.readyInMs = 60_000;
  rig.give(encodeQuoteTask(taskOf(1)));
  // It asked for the next one while it was still able to pay; from now on it is not.
  await rig.clock.advance(600);
  const takenAtOnce = rig.about.filter((word) => word.startsWith("answering")).length;
  rig.give(encodeQuoteTask(taskOf(2)));
  await rig.clock.advanceTo(TICK_AT_MS + PERIOD_MS * 0.4 - 10);
  expect(rig.about.filter((word) => word.startsWith("answering")).length).toBe(takenAtOnce);
  await rig.clock.advance(800);
  expect(rig.about.filter((word) => word.startsWith("answering")).length).toBe(takenAtOnce + 1);
  // Budget that comes back ends the pause at the next look.
  await rig.clock.advanceTo(TICK_AT_MS + PERIOD_MS + 500);
  rig.readyInMs = 0;
  rig.give(
    encodeQuoteTask({
      ...taskOf(3),
      tickAtMs: TICK_AT_MS + PERIOD_MS,
      deadlineAtMs: TICK_AT_MS + 2 * PERIOD_MS,
    }),
  );
  await rig.clock.advance(900);
  expect(rig.about.at(-1)).toBe("ack");
  await rig.end();
});
