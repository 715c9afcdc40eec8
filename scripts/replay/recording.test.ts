import { describe, expect, test } from "bun:test";
import { Decimal } from "../../src/domain/decimal.ts";
import type { MinuteSample } from "../../src/domain/rate-history.ts";
import type { HistoryStore } from "../../src/ports/store.ts";
import { RecordingFault, readCandles, readHistory, samplesOf } from "./recording.ts";
import { readStored } from "./stored-history.ts";

const HEADER = "time_utc,upbit_close_krw,upbit_volume_btc,binance_close_usdt";

function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof RecordingFault) return error.faults;
    throw error;
  }
  return [];
}

describe("an answer of the api", () => {
  const answer = {
    ...{ pair: "upbit-bybit", coin: "BTC", size: "1M", fromMs: 0, toMs: 180_000, stepMs: 60_000 },
    ...{ atMs: [0, 60_000, 120_000], entryRate: [1365.29, null, 1366], exitRate: [1364.07, 1363, null] },
  };

  test("names its coin and pair, and its rates are taken to the jeon", () => {
    const recording = readHistory(JSON.stringify(answer));
    expect(recording).toMatchObject({ kind: "history", pair: "upbit-bybit", coin: "BTC", stepMs: 60_000 });
    expect(recording.rows.map(({ first, second }) => [first, second])).toEqual([
      ["136529", "136407"],
      [undefined, "136300"],
      ["136600", undefined],
    ]);
  });

  test("of a pair, empty, cut or out of order is no recording", () => {
    const faultOf = (change: object) =>
      faultsOf(() => readHistory(JSON.stringify({ ...answer, ...change })))[0];
    const expected = "expected the answer of /api/rates/history with a coin and something recorded";
    expect(faultOf({ coin: undefined })).toBe(expected);
    expect(faultOf({ atMs: [] })).toBe(expected);
    expect(faultOf({ entryRate: [-1] })).toBe(expected);
    expect(faultsOf(() => readHistory('{"coin":'))[0]).toBe(expected);
    expect(faultOf({ atMs: [0, 0, 1] })).toBe("atMs.1: expected a time after the one before, was 0");
  });
});

describe("candles", () => {
  test("find their venues and coin in the header, and stand in their own rate for the reference price", () => {
    const recording = readCandles(
      `${HEADER}\r\n2025-06-01T00:00:00Z,136500000,1,100000\r\n2025-06-01T00:05:00Z,,1,\r\n2025-06-01T00:10:00Z,138500000,1,100000\r\n`,
    );
    expect(recording).toMatchObject({
      pair: "upbit-binance",
      coin: "BTC",
      stepMs: 300_000,
      hasReference: false,
    });
    const samples = [...samplesOf(recording, undefined)];
    expect(samples.map(({ referenceKrw }) => referenceKrw?.toString())).toEqual(["1365", undefined, "1385"]);
    expect(samples[0]!.entry).toEqual(samples[0]!.exit);
    expect(samples[1]!.entry).toBeUndefined();
  });

  test("take a column usdt_krw as the reference price, and nothing where it is empty", () => {
    const recording = readCandles(
      "time_utc,bithumb_close_krw,bybit_close_usdt,usdt_krw\n2025-06-01T00:00Z,136500000,100000,1391.5\n2025-06-01T00:01Z,136500000,100000,null\n",
    );
    expect(recording.pair).toBe("bithumb-bybit");
    expect([...samplesOf(recording, undefined)].map(({ referenceKrw }) => referenceKrw?.toString())).toEqual([
      "1391.5",
      undefined,
    ]);
    expect([...samplesOf(recording, Decimal.of(1400))][1]!.referenceKrw!.toString()).toBe("1400");
  });

  test("name every bad line by its number and say what was expected", () => {
    const faults = faultsOf(() =>
      readCandles(
        [
          HEADER,
          "2025-06-01T00:00:00Z,136500000,1,100000",
          "2025-06-01 00:05,136500000,1,100000",
          "2025-06-01T00:00:00Z,136500000,1,100000",
          "2025-06-01T00:10:00Z,NaN,1,-1",
          "2025-06-01T00:15:00Z,136500000",
          "2025-02-31T00:15:00Z,0,1,1",
        ].join("\n"),
      ),
    );
    expect(faults).toEqual([
      'line 3: expected time_utc like 2025-05-28T18:10:00Z, was "2025-06-01 00:05"',
      "line 4: expected a time after the line before, was 2025-06-01T00:00:00Z",
      'line 5: expected upbit_close_krw to be a price above 0, was "NaN"',
      'line 5: expected binance_close_usdt to be a price above 0, was "-1"',
      "line 6: expected 4 cells, was 2",
      'line 7: expected time_utc like 2025-05-28T18:10:00Z, was "2025-02-31T00:15:00Z"',
      'line 7: expected upbit_close_krw to be a price above 0, was "0"',
    ]);
  });

  test("stop naming lines after twenty, and refuse files without lines or columns", () => {
    const faults = faultsOf(() => readCandles(`${HEADER}\n${"x\n".repeat(50)}`));
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe("and 30 more");
    expect(faultsOf(() => readCandles(HEADER))).toEqual([
      "expected at least one line after the first, was none",
    ]);
    expect(faultsOf(() => readCandles("a,b\n1,2"))[0]).toContain(
      "line 1: expected the columns time_utc, upbit|bithumb_close_krw",
    );
    expect(faultsOf(() => readHistory(""))[0]).toContain(
      "line 1: expected the columns time_utc, entry_jeon and exit_jeon",
    );
  });
});

describe("our own minutes", () => {
  test("as a file: rates in jeon on a coin that costs 1,000,000 KRW, sides apart", () => {
    const recording = readHistory(
      "time_utc,entry_jeon,exit_jeon,reference_jeon\n2025-06-01T00:00Z,125000,,139150\n2025-06-01T00:01Z,null,100000,\n",
    );
    const [first, second] = [...samplesOf(recording, undefined)];
    expect(first!.entry!.overseasUsdt.toString()).toBe("800");
    expect(first!.exit).toBeUndefined();
    expect(first!.referenceKrw!.toString()).toBe("1391.5");
    expect(second!.entry).toBeUndefined();
    expect(second!.exit!.overseasUsdt.toString()).toBe("1000");
    expect(second!.referenceKrw).toBeUndefined();
    expect(faultsOf(() => readHistory("time_utc,entry_jeon,exit_jeon\n2025-06-01T00:00Z,1365.5,1"))).toEqual([
      'line 2: expected entry_jeon to be a whole number above 0, was "1365.5"',
    ]);
  });

  test("from the store: page by page, the chosen size, each minute with its pair's reference price", async () => {
    const asked: [number, number][] = [];
    const minute = 60_000;
    const store: HistoryStore = {
      recordMinute: async (_: MinuteSample) => {},
      prune: async () => 0,
      pairHistory: async ({ fromAtMs }) => {
        const rates = {
          bestEntryJeon: 1,
          bestExitJeon: 1,
          medianEntryJeon: 1,
          medianExitJeon: 1,
          coinCount: 1,
        };
        return [{ minuteAtMs: fromAtMs, pairIndex: 1, referenceJeon: 139_000, ...rates }];
      },
      coinHistory: async ({ fromAtMs, toAtMs, coin }) => {
        asked.push([fromAtMs / minute, toAtMs / minute]);
        const cell = {
          coin,
          pairIndex: 1,
          entryJeonAt1m: 1,
          exitJeonAt1m: 2,
          entryJeonAt10m: 136_500,
          exitJeonAt10m: null,
        };
        return [
          { minuteAtMs: fromAtMs, ...cell },
          { minuteAtMs: fromAtMs + minute, ...cell, entryJeonAt10m: 0 },
        ];
      },
    };
    const range = { pair: "upbit-binance", coin: "BTC", fromAtMs: 0, toAtMs: 15_000 * minute } as const;
    const recording = await readStored(store, { ...range, size: "10m" });
    expect(asked).toEqual([
      [0, 10_000],
      [10_000, 15_000],
    ]);
    expect(recording).toMatchObject({
      kind: "history",
      pair: "upbit-binance",
      stepMs: minute,
      hasReference: true,
    });
    expect(recording.rows.map(({ first, second, reference }) => [first, second, reference])).toEqual([
      ["136500", undefined, "139000"],
      [undefined, undefined, undefined],
      ["136500", undefined, "139000"],
      [undefined, undefined, undefined],
    ]);
    const empty = { ...store, coinHistory: async () => [] };
    expect(readStored(empty, { ...range, size: "1m" })).rejects.toThrow(
      "expected minutes of BTC on upbit-binance",
    );
  });
});
