import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

interface Output {
  cases: { name: string; rates: unknown[] }[];
}

async function quote(input: string): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, "scripts/quote.ts"], {
    stdin: new Blob([input]),
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

test("bun run quote answers the vector file with its expected rates", async () => {
  const input = readFileSync("vectors/premium.json", "utf8");
  const { code, out } = await quote(input);
  const { cases } = JSON.parse(input) as { cases: { name: string; expected: unknown[] }[] };
  expect(code).toBe(0);
  expect((JSON.parse(out) as Output).cases).toEqual(
    cases.map(({ name, expected }) => ({ name, rates: expected })),
  );
}, 30_000);

test("bun run quote says what is wrong with its input", async () => {
  const bad = await quote('{"cases":[{"name":"x","korean":{"asks":[["1",2]],"bids":[]}}]}');
  expect(bad.code).toBe(1);
  expect(bad.err).toContain("cases.0.korean.asks.0.0");
  const none = await quote("");
  expect(none.code).toBe(1);
  expect(none.err).toContain("expected JSON on standard input");
}, 30_000);
