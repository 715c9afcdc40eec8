// What the parts of the api count for the metrics.

import { STREAM_FORMATS, type StreamFormat } from "./filters.ts";

function zeros(): Record<StreamFormat, number> {
  return Object.fromEntries(STREAM_FORMATS.map((format) => [format, 0])) as Record<StreamFormat, number>;
}

export class ApiCounts {
  /** Open now. */
  readonly clients = zeros();
  userStreams = 0;
  /** Since the start, like all that follows. Events only: neither what a client gets first nor heartbeats. */
  readonly eventBytes = zeros();
  /** Readers that stopped reading. */
  readersDropped = 0;
  /** By status. */
  readonly responses = new Map<string, number>();

  answered(status: number): void {
    const key = String(status);
    this.responses.set(key, (this.responses.get(key) ?? 0) + 1);
  }
}
