import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migratePostgres } from "../src/adapters/store/migrate.ts";
import { openPostgres } from "../src/adapters/store/postgres.ts";
import { createHistoryStore } from "../src/adapters/store/rate-history.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { needs } from "../src/testing/needs.ts";
import { makeTempDir, removeTempDir } from "../src/testing/services/temp-dir.ts";
import { startPostgres, type TestPostgres } from "../src/testing/services.ts";

let dir: string;
beforeAll(() => {
  dir = makeTempDir("replay");
});
afterAll(() => removeTempDir(dir));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, "scripts/replay.ts", ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

function candles(name: string, ...lines: string[]): string {
  const file = join(dir, name);
  writeFileSync(file, ["time_utc,upbit_close_krw,binance_close_usdt", ...lines, ""].join("\n"));
  return file;
}

const ROUND_TRIP = [
  "2025-06-01T01:00:00Z,136000000,100000",
  "2025-06-01T01:05:00Z,137000000,100000",
  "2025-06-01T01:10:00Z,139000000,100000",
];

describe("bun run replay", () => {
  test("writes the same JSON and the same picture twice, and nothing on standard error", async () => {
    const file = candles("good.csv", ...ROUND_TRIP);
    const runs = [];
    for (const name of ["a.svg", "b.svg"]) {
      const out = join(dir, name);
      const { code, ...rest } = await run(
        "--candles",
        file,
        "--entry",
        "1365",
        "--exit",
        "1385",
        "--json",
        "--out",
        out,
      );
      expect(code).toBe(0);
      runs.push({ ...rest, svg: readFileSync(out, "utf8") });
    }
    expect(runs[0]).toEqual(runs[1]!);
    expect(runs[0]!.err).toBe("");
    const { result } = JSON.parse(runs[0]!.out) as { result: { tradeCount: number } };
    expect(result.tradeCount).toBe(1);
  }, 30_000);

  test("prints tables and where the picture is", async () => {
    const out = join(dir, "table.svg");
    const file = candles("table.csv", ...ROUND_TRIP);
    const { code, out: text } = await run(
      "--candles",
      file,
      "--entry",
      "1365",
      "--exit",
      "1385",
      "--out",
      out,
    );
    expect(code).toBe(0);
    expect(text).toContain("How fills are modelled");
    expect(text).toEndWith(`Picture: ${out}\n`);
  }, 30_000);

  test("ends with 1 and names bad lines, bad options and missing files", async () => {
    const bad = await run(
      "--candles",
      candles("bad.csv", ...ROUND_TRIP, "soon,1,x"),
      "--entry",
      "1365",
      "--exit",
      "1385",
    );
    expect(bad).toMatchObject({ code: 1, out: "" });
    expect(bad.err).toContain('bad.csv: line 5: expected time_utc like 2025-05-28T18:10:00Z, was "soon"');
    expect(bad.err).toContain('line 5: expected binance_close_usdt to be a price above 0, was "x"');
    const options = await run("--slice", "many");
    expect(options.code).toBe(1);
    expect(options.err.split("\n").length).toBeGreaterThan(4);
    const missing = await run("--candles", join(dir, "none.csv"), "--entry", "1365", "--exit", "1385");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("ENOENT");
    expect(missing.err).not.toContain("    at ");
  }, 30_000);

  test("says what it can do", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out).toContain("--candles FILE");
  }, 30_000);
});

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

needs(["postgres"], "bun run replay --database", () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
    await migratePostgres({ url: server.url }, { karbitTables: "create", log: silent });
    const database = openPostgres({ url: server.url, log: silent });
    const store = createHistoryStore(database);
    const atMs = Date.UTC(2025, 5, 1, 1, 58);
    // Over the hour, so that both a folded hour and recent minutes are read; the third minute has no rate.
    const jeon = [
      [136_300, 136_200],
      [136_900, 136_800],
      [null, null],
      [139_000, 138_900],
    ] as const;
    for (const [index, [entry, exit]] of jeon.entries()) {
      const minuteAtMs = atMs + index * 60_000;
      const medians = { medianEntryJeon: entry, medianExitJeon: exit, referenceJeon: 138_000, coinCount: 1 };
      await store.recordMinute({
        minuteAtMs,
        pairs: [{ minuteAtMs, pairIndex: 1, bestEntryJeon: entry, bestExitJeon: exit, ...medians }],
        coins: [
          {
            minuteAtMs,
            coin: "XRP",
            pairIndex: 1,
            entryJeonAt1m: null,
            exitJeonAt1m: null,
            entryJeonAt10m: entry,
            exitJeonAt10m: exit,
          },
        ],
      });
    }
    await database.close();
  });
  afterAll(() => server.stop());

  const ask = (url: string, coin: string) =>
    run(
      ...[
        "--database",
        url,
        "--coin",
        coin,
        "--pair",
        "upbit-binance",
        "--from",
        "2025-06-01",
        "--to",
        "2025-06-02",
      ],
      ...["--entry", "1365", "--exit", "1385", "--json", "--out", join(dir, "stored.svg")],
    );

  test("replays our own minutes, across a folded hour", async () => {
    const { code, out, err } = await ask(server.url, "xrp");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const summary = JSON.parse(out) as { trades: object[]; recording: object; model: string[] };
    expect(summary.recording).toMatchObject({
      kind: "history",
      coin: "XRP",
      sampleCount: 3,
      stepMs: 60_000,
      gapCount: 1,
    });
    // 1363 and 1389 with 0.05 % on each of the four prices; the reference price is the history's own.
    expect(summary.trades).toMatchObject([
      { entryRate: "1364.36", exitRate: "1387.61", referenceKrw: "1380.00" },
    ]);
    expect(summary.model[0]).toContain("at 10,000,000 KRW");
  });

  test("says when a coin has no minutes, and when there is no such database, without the password", async () => {
    const none = await ask(server.url, "DOGE");
    expect(none.code).toBe(1);
    expect(none.err).toContain("expected minutes of DOGE on upbit-binance in that time, was none");
    const elsewhere = new URL(server.url);
    elsewhere.pathname = "/nowhere";
    elsewhere.password = "hidden";
    const gone = await ask(elsewhere.href, "XRP");
    expect(gone.code).toBe(1);
    expect(gone.err).toContain("nowhere");
    expect(gone.err).not.toContain("hidden");
    expect(gone.err).not.toContain("    at ");
  });
});
