// Every order book answer as served, while recording is on: a ring bounded by entries and by characters, oldest
// dropped first and counted, so that a reader can tell a full record from one with holes.

import type { SimVenue } from "./types.ts";

export interface BookRecord {
  readonly requestId: number;
  readonly venue: SimVenue;
  /** Path and query as asked. */
  readonly target: string;
  readonly symbols: readonly string[];
  readonly source: string;
  readonly sourceIndex: number;
  /** When the answer was made, epoch ms. A delay fault sends it later. */
  readonly atMs: number;
  readonly status: number;
  /** The text as served, faults included; undefined when nothing was sent (hang, reset). */
  readonly body: string | undefined;
  /** Kinds of the faults that touched it. */
  readonly faults: readonly string[];
}

export interface RecorderState {
  readonly on: boolean;
  readonly held: number;
  readonly dropped: number;
}

export class Recorder {
  on = false;
  private records: BookRecord[] = [];
  private head = 0;
  private chars = 0;
  private dropped = 0;
  private readonly entriesMax: number;
  private readonly charsMax: number;

  constructor(entriesMax = 200_000, charsMax = 512 * 1024 * 1024) {
    this.entriesMax = entriesMax;
    this.charsMax = charsMax;
  }

  add(record: BookRecord): void {
    if (!this.on) return;
    this.records.push(record);
    this.chars += record.body?.length ?? 0;
    while (
      this.records.length - this.head > this.entriesMax ||
      (this.chars > this.charsMax && this.records.length - this.head > 1)
    ) {
      this.chars -= this.records[this.head++]!.body?.length ?? 0;
      this.dropped++;
    }
    if (this.head > 4096 && this.head * 2 > this.records.length) {
      this.records = this.records.slice(this.head);
      this.head = 0;
    }
  }

  /** Hands over everything held, oldest first, and forgets it. */
  drain(): BookRecord[] {
    const drained = this.records.slice(this.head);
    this.records = [];
    this.head = 0;
    this.chars = 0;
    return drained;
  }

  state(): RecorderState {
    return { on: this.on, held: this.records.length - this.head, dropped: this.dropped };
  }
}
