import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../testing/runs.ts";
import { anyText } from "../../testing/texts.ts";
import { bytesOf, readLines } from "./upstash-feed.ts";

const INPUTS = runsOf(300, 100_000);

test("a stream cut anywhere gives its whole lines, with either line end, and never a half one", async () => {
  const line = anyText(6).map((text) => text.replace(/[\r\n\ufeff]/g, ""));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 4 }),
      line,
      fc.array(fc.nat(), { maxLength: 5 }),
      async (whole, half, cuts) => {
        const wire = Buffer.from(whole.map(([text, end]) => text + end).join("") + half);
        const at = [...new Set(cuts.map((cut) => cut % (wire.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...at].map(
          (from, index) => new Uint8Array(wire.subarray(from, at[index] ?? wire.length)),
        );
        const stream = new ReadableStream<Uint8Array>({
          start: (controller) => {
            for (const piece of pieces) controller.enqueue(piece);
            controller.close();
          },
        });
        const lines: string[] = [];
        await readLines(stream, (text) => void lines.push(text));
        const expected = whole.map(([text]) => text);
        if (!Bun.deepEquals(lines, expected)) expect(lines).toEqual(expected);
      },
    ),
    { numRuns: INPUTS },
  );
});

test("base64 comes back as its bytes, and what is none is told from it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), fc.nat(), anyText(3), (bytes, at, damage) => {
      const text = Buffer.from(bytes).toString("base64");
      if (!Bun.deepEquals(bytesOf(text), bytes)) expect(bytesOf(text)).toEqual(bytes);
      const place = at % (text.length + 1);
      const read = bytesOf(text.slice(0, place) + damage + text.slice(place));
      if (/[^A-Za-z0-9+/=\s]/.test(damage)) expect(read).toBeUndefined();
      else expect(read === undefined || read instanceof Uint8Array).toBe(true);
    }),
    { numRuns: INPUTS },
  );
});
