import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../src/testing/services/temp-dir.ts";

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
