// Rows on their way out: gathered for at most 100 ms, packed, published on the bus and offered to Redis; a snapshot
// of the whole table follows for late joiners. The bus being away never holds a tick up: what could not be sent is
// made up for with the whole table once the bus is back, and once more when its other clients have found back too.

import { frameId } from "../../schema/messages/premium-frame.ts";
import type { Frame } from "../domain/frame.ts";
import type { RateRow, RateTable } from "../domain/rate-table.ts";
import type { FrameSink } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import { faultOf, type Span, type Tracer, traced } from "../ports/tracing.ts";
import { frameSpan } from "./tick-spans.ts";

export interface FramePublisherDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly sink: FrameSink;
  readonly table: RateTable;
  readonly pack: (frame: Frame) => Uint8Array;
  /** Takes every frame as published, at once and without waiting (Redis; a no-op without). */
  readonly offer: (packed: Uint8Array) => void;
  /** Sees every changed row at once, before it is gathered for publishing: trading waits for no reader. */
  readonly onRows?: (rows: readonly RateRow[]) => void;
  /** Left out: frames leave no traces. */
  readonly tracer?: Tracer | undefined;
}

interface Outgoing {
  readonly packed: Uint8Array;
  readonly head: Pick<Frame, "tickAtMs" | "part">;
  readonly span: Span | undefined;
}

const GATHER_MS_MAX = 100;
const SNAPSHOT_EVERY_MS = 1_000;
const MAKE_UP_EVERY_MS = 500;
/** Other clients of a bus that has come back need about as long to be connected again. */
const CLIENTS_RETURN_MS = 2_000;

export class FramePublisher {
  #rows = new Map<string, RateRow>();
  /** Words of the traced reports they came with. */
  #merged: string[] = [];
  #gathering = false;
  #tickAtMs = 0;
  #part = 0;
  #snapshotDueAtMs = 0;
  #sending: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closedTickAtMs = 0;
  #makingUp = false;
  #stopped = false;
  readonly counters = { frames: 0, bytes: 0, failed: 0 };

  constructor(private readonly deps: FramePublisherDeps) {}

  /** Gathers rows of a tick for the next frame. `merged`: the word of the traced report they came with. */
  add(rows: readonly RateRow[], merged?: string): void {
    if (merged !== undefined && rows.length > 0) this.#merged.push(merged);
    if (rows.length > 0) this.deps.onRows?.(rows);
    for (const row of rows) this.#rows.set(`${row.coin}|${row.pairIndex}`, row);
    if (this.#rows.size === 0 || this.#gathering) return;
    this.#gathering = true;
    void this.deps.clock.sleep(GATHER_MS_MAX).then(() => {
      if (this.#gathering) this.#flush(false);
    });
  }

  /** Sends what is gathered as the tick's last frame, and the snapshot. */
  closeTick(tickAtMs: number): void {
    this.#newTick(tickAtMs);
    this.#closedTickAtMs = Math.max(this.#closedTickAtMs, tickAtMs);
    this.#flush(true);
  }

  #newTick(tickAtMs: number): void {
    if (tickAtMs <= this.#tickAtMs) return;
    this.#tickAtMs = tickAtMs;
    this.#part = 0;
  }

  #flush(closing: boolean): void {
    this.#gathering = false;
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    const merged = this.#merged;
    if (merged.length > 0) this.#merged = [];
    if (rows.length === 0 && !closing) return;
    for (const row of rows) this.#newTick(row.tickAtMs);
    const { table, clock } = this.deps;
    const head = { tickAtMs: this.#tickAtMs, part: this.#part++, closing, reference: table.reference };
    const span = frameSpan(this.deps.tracer, head, rows.length, merged);
    const packed = this.deps.pack({ ...head, rows });
    this.deps.offer(packed);
    const wantsSnapshot = closing || clock.nowMs() >= this.#snapshotDueAtMs;
    if (wantsSnapshot) this.#snapshotDueAtMs = clock.nowMs() + SNAPSHOT_EVERY_MS;
    const snapshot = wantsSnapshot ? this.deps.pack({ ...head, rows: table.rows() }) : undefined;
    this.#send({ packed, head, span }, snapshot);
  }

  /** In order; while the bus is away at most a few frames wait. */
  #send({ packed, head, span }: Outgoing, snapshot: Uint8Array | undefined): void {
    const { tickAtMs } = head;
    const frame = frameId(tickAtMs, head.part);
    if (this.#waiting >= 8) {
      this.counters.failed++;
      span?.end({ fault: "waiting" });
      void this.#makeUp();
      return;
    }
    this.#waiting++;
    this.#sending = this.#sending.then(async () => {
      try {
        await this.deps.sink.publishFrame(packed);
        if (snapshot) await this.deps.sink.putSnapshot(snapshot);
        this.counters.frames++;
        this.counters.bytes += packed.length;
        span?.end({ attributes: { "messaging.message.body.size": packed.length } });
        this.deps.log.debug("frame published", { tickAtMs, frame, bytes: packed.length });
      } catch (error) {
        this.counters.failed++;
        span?.end({ fault: faultOf(error) });
        this.deps.log.debug("frame not published", { tickAtMs, frame, error });
        void this.#makeUp();
      } finally {
        this.#waiting--;
      }
    });
  }

  /** The table as it is when its turn comes, until it has arrived twice: rows of a lost frame come no other way. */
  async #makeUp(): Promise<void> {
    if (this.#makingUp) return;
    this.#makingUp = true;
    const { clock, sink, table, pack, tracer } = this.deps;
    for (let arrived = 0; arrived < 2; ) {
      await clock.sleep(arrived === 0 ? MAKE_UP_EVERY_MS : CLIENTS_RETURN_MS);
      if (this.#stopped) return;
      const turn = this.#sending.then(async () => {
        const closing = this.#closedTickAtMs === this.#tickAtMs;
        const head = { tickAtMs: this.#tickAtMs, part: this.#part++, closing, reference: table.reference };
        const rows = table.rows();
        const packed = pack({ ...head, rows });
        await traced(frameSpan(tracer, head, rows.length, []), sink.publishFrame(packed));
        await sink.putSnapshot(packed);
      });
      this.#sending = turn.catch(() => undefined);
      arrived = await turn.then(
        () => arrived + 1,
        () => 0,
      );
    }
    this.#makingUp = false;
  }

  /** Resolves when everything handed over so far is sent or given up; nothing is made up for any more. */
  async settled(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
  }
}
