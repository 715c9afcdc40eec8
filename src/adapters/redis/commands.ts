// The commands a group consists of, in the words of Redis and of Karbit's contract (2.2, 2.3).

import { REDIS } from "../../../schema/messages/subjects.ts";
import { karbitResultsText } from "../../domain/karbit.ts";
import type { RateRow } from "../../domain/rate-table.ts";
import { packText } from "../frame-codec.ts";
import type { RedisCommand } from "./link.ts";

/** Contract 2.5: several messages are kinder to Karbit than a huge one. Metered, each message costs. */
const KARBIT_ROWS_FREE = 132;
const KARBIT_ROWS_METERED = 600;
/** A scheduler that has gone must not leave its last numbers behind for long. */
const SNAPSHOT_TTL_MS_MIN = 60_000;
const SNAPSHOT_TTL_PERIODS = 4;

export function framePublish(packed: Uint8Array): RedisCommand {
  return { name: "publish", channel: REDIS.framesChannel, text: base64(packed) };
}

export function snapshotSet(packed: Uint8Array, tickPeriodMs: number): RedisCommand {
  const ttlMs = Math.max(SNAPSHOT_TTL_MS_MIN, SNAPSHOT_TTL_PERIODS * tickPeriodMs);
  return { name: "set", key: REDIS.snapshotKey, text: base64(packed), ttlMs };
}

/** Each message is packed once, however many channels get it. */
export function karbitPublishes(
  rows: readonly RateRow[],
  { karbitChannels, metered }: { karbitChannels: readonly string[]; metered: boolean },
): RedisCommand[] {
  if (karbitChannels.length === 0) return [];
  const size = metered ? KARBIT_ROWS_METERED : KARBIT_ROWS_FREE;
  const commands: RedisCommand[] = [];
  for (let start = 0; start < rows.length; start += size) {
    const text = packText(karbitResultsText(rows.slice(start, start + size)));
    for (const channel of karbitChannels) commands.push({ name: "publish", channel, text });
  }
  return commands;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
