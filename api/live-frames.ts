// The latest rates as this process knows them: subscribes to the feed first, then reads the snapshot, and applies both
// by tick. A snapshot may have been taken before frames that went out before the subscription: it is read again until
// one is as new as the first frame heard, at the start and after every loss of the link.
// Every change gets a version; each row remembers the version that changed it last, so "what changed since" has an answer
// for streams, for Last-Event-ID and for slow readers alike, without keeping old frames.
// Rows that nobody renews become nulls after rowAgeMsMax and tombstones an hour later: an old rate never looks fresh.

import { frameId } from "../schema/messages/premium-frame.ts";
import { FRAMES_SUBJECT } from "../schema/messages/subjects.ts";
import type { Frame } from "../src/domain/frame.ts";
import { nullRow, type RateRow, RateTable, type ReferencePrice, rowKey } from "../src/domain/rate-table.ts";
import type { FrameFeed } from "../src/ports/bus.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { messageSpan, SPANS, type Tracer } from "../src/ports/tracing.ts";

/** The newest frame's own words; `id` is `tickAtMs.part`. */
export interface LatestFrame {
  readonly id: string;
  readonly tickAtMs: number;
  readonly part: number;
  readonly closing: boolean;
}

export interface LiveFramesDeps {
  readonly feed: FrameFeed;
  /** Throws FrameError on anything that is not a packed frame. */
  readonly unpackFrame: (packed: Uint8Array) => Frame;
  readonly clock: Clock;
  readonly log: Log;
  /** Age of a row's tick after which its rates become null; default that of ticks of 30 s. */
  readonly rowAgeMsMax?: number;
  /** Left out: frames leave no traces. */
  readonly tracer?: Tracer | undefined;
}

/**
 * For rowsSince: what a new client is to see, what one that may have missed anything is to see, and what one is that may be
 * back after a short absence.
 */
export const WHOLE_TABLE = 0;
export const EVERYTHING = -1;
export const TABLE_AND_LATELY_GONE = -2;

const WATCH_MS = 500;
const CATCH_UP_MS_MAX = 30_000;
const RETRY_MS = 1_000;
const ROW_AGE_TICKS_MAX = 3;
const ROW_AGE_MS_MIN = 15_000;
const GONE_AFTER_MS = 3_600_000;
const LATELY_GONE_MS = 3_600_000;
/** Publishes whose ids are remembered: several ticks' worth of parts. */
const IDS_MAX = 512;

/** How old a row's tick may be before its rates become null, for ticks of that length: two may be lost, not three. */
export function rowAgeMsMaxOf(tickPeriodMs: number): number {
  return Math.max(ROW_AGE_MS_MIN, ROW_AGE_TICKS_MAX * tickPeriodMs);
}

export class LiveFrames {
  readonly #deps: LiveFramesDeps;
  readonly #table = new RateTable();
  readonly #versionOfRow = new Map<string, number>();
  readonly #versionOfId = new Map<string, number>();
  /** Rows of pairs that are gone: no part of the table, but who has seen such a row is to hear of its end. */
  readonly #tombstones = new Map<string, { readonly row: RateRow; readonly atMs: number }>();
  readonly #listeners = new Set<() => void>();
  readonly #stopped = new AbortController();
  #version = 0;
  #latest: LatestFrame | undefined;
  #sorted: RateRow[] | undefined;
  #unsubscribe: (() => Promise<void>) | undefined;
  #ready = false;
  #firstHeard: Frame | undefined;
  #isCaughtUp = false;
  #catchUpAtMs = 0;
  #catchUpPauseMs = WATCH_MS;

  constructor(deps: LiveFramesDeps) {
    this.#deps = deps;
  }

  /** Grows by one with every change of the table; 0 before the first frame. */
  get version(): number {
    return this.#version;
  }

  get latest(): LatestFrame | undefined {
    return this.#latest;
  }

  /** The newest row of a coin on a pair; tombstones too. */
  row(coin: string, pairIndex: number): RateRow | undefined {
    return this.#table.get(coin, pairIndex);
  }

  get reference(): ReferencePrice | undefined {
    return this.#table.reference;
  }

  /** Resolves once subscribed and the snapshot has been read; retries until then. */
  async start(): Promise<void> {
    const { feed, clock, log } = this.#deps;
    let told = false;
    while (!this.#stopped.signal.aborted) {
      try {
        this.#unsubscribe ??= await feed.subscribe(
          (packed) => this.#hear(packed),
          () => this.#listenAnew(),
        );
        this.#compare(await this.#readSnapshot());
        this.#ready = true;
        break;
      } catch (error) {
        if (!told) log.warn("frames cannot be read yet, will keep trying", { error });
        told = true;
        await clock.sleep(RETRY_MS, this.#stopped.signal);
      }
    }
    if (this.#stopped.signal.aborted) await this.#release();
    else void this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#release();
    this.#listeners.clear();
  }

  async #release(): Promise<void> {
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    await unsubscribe?.();
  }

  #hear(packed: Uint8Array): void {
    const { clock, tracer } = this.#deps;
    const heardAtMs = tracer && clock.nowMs();
    const frame = this.apply(packed);
    if (frame && heardAtMs !== undefined) this.#tell(frame, heardAtMs);
    if (frame && this.#firstHeard === undefined) this.#firstHeard = frame;
  }

  /** The frame as it was taken in and handed to every open stream: part of the scheduler's sending it. */
  #tell({ tickAtMs, part, rows }: Frame, startAtMs: number): void {
    const id = frameId(tickAtMs, part);
    const { attributes, ...message } = messageSpan("process", FRAMES_SUBJECT, id);
    const span = this.#deps.tracer?.tick(tickAtMs)?.begin({ ...message, startAtMs, parent: SPANS.frame(id) });
    span?.end({ attributes: { ...attributes, "schedulerx.rows": rows.length } });
  }

  /** The link is back: what went out meanwhile is in a snapshot as new as the first frame from now on. */
  #listenAnew(): void {
    this.#firstHeard = undefined;
    this.#isCaughtUp = false;
    this.#catchUpPauseMs = 0;
    this.#catchUpAtMs = 0;
    void this.#catchUp();
  }

  async #readSnapshot(): Promise<Frame | undefined> {
    const packed = await this.#deps.feed.snapshot();
    return packed && this.apply(packed);
  }

  /** Whether that snapshot holds all that went out before the first frame heard. */
  #compare(snapshot: Frame | undefined): void {
    const first = this.#firstHeard;
    if (snapshot === undefined || first === undefined) return;
    this.#isCaughtUp =
      snapshot.tickAtMs > first.tickAtMs ||
      (snapshot.tickAtMs === first.tickAtMs && snapshot.part >= first.part);
  }

  /** Reads snapshots until one has caught up: often at first, then rarely, since a reader over REST pays for each. */
  async #catchUp(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#isCaughtUp || nowMs < this.#catchUpAtMs) return;
    // Without a frame heard there is nothing to compare with; after a loss one look is due all the same.
    if (this.#firstHeard === undefined && this.#catchUpPauseMs > 0) return;
    this.#catchUpPauseMs = Math.min(CATCH_UP_MS_MAX, Math.max(WATCH_MS, 2 * this.#catchUpPauseMs));
    this.#catchUpAtMs = nowMs + this.#catchUpPauseMs;
    try {
      this.#compare(await this.#readSnapshot());
    } catch (error) {
      this.#deps.log.debug("snapshot not read, will try again", { error });
    }
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#deps.clock.sleep(WATCH_MS, signal);
      if (signal.aborted) return;
      this.#expire();
      await this.#catchUp();
    }
  }

  /** Takes a packed frame in and returns it. Never throws: a damaged frame is logged and ignored. */
  apply(packed: Uint8Array): Frame | undefined {
    let frame: Frame;
    try {
      frame = this.#deps.unpackFrame(packed);
    } catch (error) {
      this.#deps.log.error("frame ignored", { error, bytes: packed.length });
      return undefined;
    }
    const taken: RateRow[] = [];
    const freshAtMs = this.#freshAtMs();
    for (const received of frame.rows) {
      const { coin, pairIndex, tickAtMs } = received;
      const isStale = tickAtMs < freshAtMs && received.reason !== "delisted";
      const row = isStale ? nullRow(coin, pairIndex, tickAtMs, "missing") : received;
      const held = this.#table.get(row.coin, row.pairIndex);
      if (held !== undefined && sameRow(held, row)) continue;
      if (this.#table.merge(row)) taken.push(row);
    }
    const referenceChanged = this.#takeReference(frame.reference);
    const newer =
      this.#latest === undefined ||
      frame.tickAtMs > this.#latest.tickAtMs ||
      (frame.tickAtMs === this.#latest.tickAtMs && frame.part > this.#latest.part);
    if (newer) {
      const { tickAtMs, part, closing } = frame;
      this.#latest = { id: frameId(tickAtMs, part), tickAtMs, part, closing };
    }
    if (taken.length > 0 || newer || referenceChanged) this.#publish(taken);
    return frame;
  }

  #takeReference(reference: ReferencePrice | undefined): boolean {
    const held = this.#table.reference;
    if (reference === undefined || (held !== undefined && held.atMs >= reference.atMs)) return false;
    this.#table.reference = reference;
    return true;
  }

  #publish(rows: readonly RateRow[]): void {
    this.#version++;
    this.#sorted = undefined;
    const atMs = this.#deps.clock.monotonicMs();
    for (const row of rows) {
      const key = rowKey(row.coin, row.pairIndex);
      this.#versionOfRow.set(key, this.#version);
      if (row.reason === "delisted") this.#tombstones.set(key, { row, atMs });
      else this.#tombstones.delete(key);
    }
    // The first version of an id stands: what came later under the same id is sent again, never left out.
    const id = this.#latest?.id;
    if (id !== undefined && !this.#versionOfId.has(id)) {
      this.#versionOfId.set(id, this.#version);
      if (this.#versionOfId.size > IDS_MAX) {
        this.#versionOfId.delete(this.#versionOfId.keys().next().value!);
      }
    }
    for (const listener of this.#listeners) listener();
  }

  /** Old rates become nulls, and an hour later tombstones: who still publishes says so itself, and sooner. */
  #expire(): void {
    const freshAtMs = this.#freshAtMs();
    const goneAtMs = freshAtMs - GONE_AFTER_MS;
    const changed: RateRow[] = [];
    for (const row of this.rowsSince(WHOLE_TABLE)) {
      if (row.tickAtMs >= freshAtMs) continue;
      const { coin, pairIndex, tickAtMs } = row;
      if (tickAtMs < goneAtMs) changed.push(nullRow(coin, pairIndex, tickAtMs, "delisted"));
      else if (!allNull(row)) changed.push(nullRow(coin, pairIndex, tickAtMs, "missing"));
    }
    if (changed.length === 0) return;
    for (const row of changed) this.#table.merge(row);
    this.#deps.log.warn("rates nobody renewed became nulls", { rows: changed.length });
    this.#publish(changed);
  }

  #rowAgeMsMax(): number {
    return this.#deps.rowAgeMsMax ?? rowAgeMsMaxOf(30_000);
  }

  #freshAtMs(): number {
    return this.#deps.clock.nowMs() - this.#rowAgeMsMax();
  }

  /**
   * Rows changed after that version, tombstones among them, in the order of the table; WHOLE_TABLE gives the table,
   * EVERYTHING the table and every tombstone, TABLE_AND_LATELY_GONE those of the last hour alone.
   */
  rowsSince(version: number): readonly RateRow[] {
    this.#sorted ??= this.#table.rows();
    if (version === WHOLE_TABLE) return this.#sorted;
    const graves = [...this.#tombstones.values()];
    if (version === TABLE_AND_LATELY_GONE) {
      const fromMs = this.#deps.clock.monotonicMs() - LATELY_GONE_MS;
      return [...this.#sorted, ...graves.filter(({ atMs }) => atMs >= fromMs).map(({ row }) => row)];
    }
    const isNew = (row: RateRow) => this.#versionOfRow.get(rowKey(row.coin, row.pairIndex))! > version;
    return [...this.#sorted, ...graves.map(({ row }) => row)].filter(isNew);
  }

  /** The version a client that saw this event id has; undefined when the id is unknown. */
  versionOf(eventId: string): number | undefined {
    return this.#versionOfId.get(eventId);
  }

  /** Called after every change, in the same turn. A listener must not throw. Returns the unsubscriber. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether frames can arrive, and how old the newest tick is; ms. */
  state(): { up: boolean; detail: string; frameAgeMs: number | undefined; rowCount: number } {
    const { up, detail } = this.#deps.feed.state();
    const frameAgeMs = this.#latest && Math.max(0, this.#deps.clock.nowMs() - this.#latest.tickAtMs);
    return { up: up && this.#ready, detail, frameAgeMs, rowCount: this.#table.size };
  }
}

function sameRow(a: RateRow, b: RateRow): boolean {
  if (a.tickAtMs !== b.tickAtMs || a.reason !== b.reason || a.bookAgeMs !== b.bookAgeMs) return false;
  return a.ratesJeon.every((jeon, index) => Object.is(jeon, b.ratesJeon[index]));
}

function allNull(row: RateRow): boolean {
  return row.ratesJeon.every((jeon) => Number.isNaN(jeon));
}
