// What the API's tests take from "bun:test", on node:test, which Deno has, and on Jest's expect, whose matchers Bun's
// are. deno.json puts it in the place of "bun:test", so that the same files run under `deno test`.

import { after, afterEach, before, beforeEach, describe, test as nodeTest } from "node:test";
import { expect } from "expect";
import { configureGlobal } from "fast-check";

// What preload.ts does under Bun.
if (process.env.FUZZ_SEED) configureGlobal({ seed: Number(process.env.FUZZ_SEED) });

export { after as afterAll, afterEach, before as beforeAll, beforeEach, describe, expect };

/** Bun's own beside Jest's. */
const result = (pass: boolean, words: string) => ({ pass, message: () => `expected ${words}` });
expect.extend({
  toStartWith: (text: string, start: string) =>
    result(text.startsWith(start), `"${text}" to start with "${start}"`),
  toEndWith: (text: string, end: string) => result(text.endsWith(end), `"${text}" to end with "${end}"`),
  toBeNumber: (value: unknown) => result(typeof value === "number", `${value} to be a number`),
  toBeWithin: (value: number, from: number, below: number) =>
    result(value >= from && value < below, `${value} to be at least ${from} and below ${below}`),
});

/** As Bun's: at most `timeoutMs`. */
export function test(name: string, work: () => unknown, timeoutMs = 5_000): void {
  nodeTest(name, { timeout: timeoutMs }, async () => void (await work()));
}
