// Tests that only the long run has time for (`bun run test:full` sets FULL).

import { test } from "bun:test";

/** What the ordinary run does without because it is seen there in a smaller form, or seldom changes. */
export const isLong = process.env.FULL !== undefined;

/** Registers a test in the long run only. */
export function longTest(...args: Parameters<typeof test>): void {
  if (isLong) test(...args);
}
