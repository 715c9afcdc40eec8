// What the API's tests take from "bun:test", on node:test, which Deno has. deno.json puts it in the place of
// "bun:test", so that the same files run under `deno test`.

import { after, afterEach, before, beforeEach, describe, test as nodeTest } from "node:test";

export { expect } from "./expect.ts";
export { after as afterAll, afterEach, before as beforeAll, beforeEach, describe };

/** As Bun's: at most `timeoutMs`. */
export function test(name: string, work: () => unknown, timeoutMs = 5_000): void {
  nodeTest(name, { timeout: timeoutMs }, async () => void (await work()));
}
