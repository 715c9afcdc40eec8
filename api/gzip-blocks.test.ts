import { expect, test } from "bun:test";
import { constants, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { karbitTickText } from "../src/domain/karbit.ts";
import { runsOf } from "../src/testing/runs.ts";
import { anyText } from "../src/testing/texts.ts";
import { acceptsGzip, fullFlushBlock, GZIP_HEADER, joinBytes } from "./gzip-blocks.ts";
import { fakeCoins, fakeRows } from "./test-kit.ts";

const RUNS = runsOf(15, 5_000);
const utf8 = new TextEncoder();

/** As a browser reads a stream that has not ended. */
const unpacked = (blocks: readonly Uint8Array[]) =>
  gunzipSync(joinBytes([GZIP_HEADER, ...blocks]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

test(`${RUNS} sequences of blocks are readable from whichever block a client joins at`, () => {
  const jsonish = fc
    .array(fc.nat({ max: 1e9 }), { maxLength: 100 })
    .map((numbers) => numbers.map((value) => `{"seed":${value},"entry_ex_rate":${value / 7}}`).join(","));
  const text = fc.oneof(anyText(300), jsonish, fc.constant(":hb 1\n\n"));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), fc.nat(), (texts, from) => {
      const blocks = texts.map((text) => fullFlushBlock(utf8.encode(text)));
      const start = from % texts.length;
      expect(unpacked(blocks.slice(start))).toBe(texts.slice(start).join(""));
      // The same bytes again and again: no block leans on another.
      expect(unpacked([...blocks, ...blocks].slice(start))).toBe([...texts, ...texts].slice(start).join(""));
    }),
    { numRuns: RUNS },
  );
}, 300_000);

test("a whole table shrinks to less than a seventh", () => {
  const text = karbitTickText("exchange_rate", fakeRows({ coins: fakeCoins(10) }));
  const block = fullFlushBlock(utf8.encode(text));
  expect(unpacked([block, block])).toBe(text + text);
  expect(block.length).toBeLessThan(text.length / 7);
});

test("acceptsGzip reads names, weights and the star", () => {
  for (const header of [
    "gzip",
    "gzip, deflate, br, zstd",
    "br;q=1, GZIP;q=0.5",
    "*",
    "x-gzip",
    "*;q=0, gzip",
  ]) {
    expect([header, acceptsGzip(header)]).toEqual([header, true]);
  }
  for (const header of [undefined, null, "", "br", "gzip;q=0", "gzip; q=0.0, *", "*;q=0", "identity"]) {
    expect([header, acceptsGzip(header)]).toEqual([header, false]);
  }
});
