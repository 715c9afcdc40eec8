// How long it takes from the definite refusal of a second leg to hedged or flat (specification 8.3), where writer,
// store and venues answered all the while.

import type { IntentFile } from "../../ports/journal.ts";
import { Broken } from "./checks.ts";
import type { Chronicle } from "./chronicle.ts";

const SECOND_LEG_MS_MAX = 8_000;

/** Throws Broken when one took longer than ever promised. */
export function secondLegsMs(files: readonly IntentFile[], chronicle: Chronicle): number[] {
  const lengths: number[] = [];
  for (const { intent, orders } of files) {
    if (intent.kind !== "entry" || intent.endedAtMs === undefined) continue;
    const refused = orders.filter(({ purpose, status }) => purpose === "hedge" && status === "rejected");
    const atMs = Math.min(...refused.map(({ endedAtMs }) => endedAtMs!));
    if (!Number.isFinite(atMs) || chronicle.wasRough(intent.plannedAtMs, intent.endedAtMs)) continue;
    const tookMs = intent.endedAtMs - atMs;
    if (tookMs > SECOND_LEG_MS_MAX)
      throw new Broken(
        `${intent.intentId}: expected hedged or flat within ${SECOND_LEG_MS_MAX} ms, was ${tookMs}`,
      );
    lengths.push(tookMs);
  }
  return lengths;
}
