// Our own minute history out of PostgreSQL, as a recording. Only reads.

import type { PairKey } from "../../schema/vocabulary.ts";
import { openPostgres } from "../../src/adapters/store/postgres.ts";
import { createHistoryStore } from "../../src/adapters/store/rate-history.ts";
import { MINUTE_MS } from "../../src/domain/rate-history.ts";
import type { HistoryStore } from "../../src/ports/store.ts";
import type { Log } from "../../src/ports/telemetry.ts";
import { type Recording, RecordingFault, type RecordingRow, usualStepMs } from "./recording.ts";

export interface StoredRange {
  readonly pair: PairKey;
  readonly coin: string;
  readonly fromAtMs: number;
  readonly toAtMs: number;
  /** Which of the two kept sizes: rates at 1,000,000 or at 10,000,000 KRW. */
  readonly size: "1m" | "10m";
}

/** The store answers at most 20,000 minutes at once. */
const PAGE_MS = 10_000 * MINUTE_MS;

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Rejects with StoreFault, or RecordingFault when the range is empty. */
export async function readDatabase(url: string, range: StoredRange): Promise<Recording> {
  const database = openPostgres({ url, poolSize: 1, log: silent });
  try {
    return await readStored(createHistoryStore(database), range);
  } finally {
    await database.close();
  }
}

export async function readStored(store: HistoryStore, range: StoredRange): Promise<Recording> {
  const rows: RecordingRow[] = [];
  for (let fromAtMs = range.fromAtMs; fromAtMs < range.toAtMs; fromAtMs += PAGE_MS) {
    const page = { pair: range.pair, fromAtMs, toAtMs: Math.min(fromAtMs + PAGE_MS, range.toAtMs) };
    const references = new Map(
      (await store.pairHistory(page)).map(({ minuteAtMs, referenceJeon }) => [minuteAtMs, referenceJeon]),
    );
    for (const sample of await store.coinHistory({ ...page, coin: range.coin })) {
      const large = range.size === "10m";
      rows.push({
        atMs: sample.minuteAtMs,
        first: cell(large ? sample.entryJeonAt10m : sample.entryJeonAt1m),
        second: cell(large ? sample.exitJeonAt10m : sample.exitJeonAt1m),
        reference: cell(references.get(sample.minuteAtMs) ?? null),
      });
    }
  }
  if (rows.length === 0) {
    throw new RecordingFault([`expected minutes of ${range.coin} on ${range.pair} in that time, was none`]);
  }
  return {
    kind: "history",
    pair: range.pair,
    coin: range.coin,
    stepMs: usualStepMs(rows),
    hasReference: true,
    rows,
  };
}

/** A rate of 0 is no rate: nothing can be divided by it. */
function cell(jeon: number | null): string | undefined {
  return jeon === null || jeon <= 0 ? undefined : String(jeon);
}
