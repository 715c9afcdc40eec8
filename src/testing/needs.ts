// How a test says which programs it needs. Where one is missing its tests count as one skip whose name says
// what is missing; `.ci/run` treats a skip as a failure, a developer's machine does not.

import { describe, setDefaultTimeout, test } from "bun:test";
import { missingPrograms, type ProgramName } from "./services/programs.ts";

/** Servers start within it even on a busy machine; bun's own 5 s also bounds beforeAll. */
const TIMEOUT_MS = 60_000;

/**
 * describe() for tests that need programs of the machine:
 * `needs(["postgres", "nats"], "the store", () => { beforeAll(...); test(...) })`.
 * Raises the file's default timeout to 60 s for tests and hooks alike.
 */
export function needs(programs: readonly ProgramName[], name: string, body: () => void): void {
  const missing = missingPrograms(programs);
  if (missing.length > 0) {
    const titles = missing.map((program) => program.title).join(", ");
    test.skipIf(true)(`${name} (lacks ${titles}: run "bun run setup")`, () => {});
    return;
  }
  setDefaultTimeout(TIMEOUT_MS);
  describe(name, body);
}
