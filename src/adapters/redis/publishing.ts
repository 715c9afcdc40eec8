// What goes out to Redis, and when. Owns a table of its own, fed with frames; remembers which rows have changed since
// they were last published, and publishes those, the newest value of each. There is no queue: while one group is in
// the air, or the server is away, changes only gather in the table.
//
// A group is the changed rows as one compact frame, sometimes the snapshot, and the same rows in Karbit's format. Each
// is made when the one before has gone, since Karbit's takes ten times as long; metered links get all in one request.

import { REDIS } from "../../../schema/messages/subjects.ts";
import { nullRow, type RateRow, RateTable, type ReferencePrice, rowKey } from "../../domain/rate-table.ts";
import type { Clock } from "../../ports/clock.ts";
import { packFrame, unpackFrame } from "../frame-codec.ts";
import { framePublish, karbitPublishes, snapshotSet } from "./commands.ts";
import type { RedisCommand, RedisLink } from "./link.ts";
import { FreeBudget, MeteredBudget, type PublishBudget } from "./publish-budget.ts";

export interface PublishingSettings {
  readonly tickPeriodMs: number;
  /** Commands and bytes are billed: publish sparingly. */
  readonly metered: boolean;
  /** Channels that get Karbit's format; none: it is not made at all. */
  readonly karbitChannels: readonly string[];
  /** Whether Karbit's key for the price of USDT on Upbit is written. */
  readonly karbitReference: boolean;
}

export interface PublishingReport {
  readonly up: boolean;
  /** Why it is down; "" while up. */
  readonly cause: string;
  /** Redis answers, but refuses Karbit's key: in its words; "" otherwise. */
  readonly refused: string;
  readonly groupCount: number;
  readonly commandCount: number;
  readonly byteCount: number;
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 2_000;

export class Publishing {
  readonly #table = new RateTable();
  readonly #budget: PublishBudget;
  #dirty = new Map<string, { coin: string; pairIndex: number }>();
  /** The one frame offered since the last group, while it says exactly what has changed. */
  #verbatim: Uint8Array | undefined;
  readonly #rowsOfTick = new Set<string>();
  #tickAtMs = 0;
  #part = 0;
  #closing = false;
  #reference: ReferencePrice | undefined;
  #report: PublishingReport = {
    up: true,
    cause: "",
    refused: "",
    groupCount: 0,
    commandCount: 0,
    byteCount: 0,
  };
  #retryMs = RETRY_MS_MIN;
  #heardAtMs: number;
  #wake = new AbortController();
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly settings: PublishingSettings,
    private readonly link: RedisLink,
    private readonly clock: Clock,
    /** Called after every group and whenever `up` changes. */
    private readonly onReport: (report: PublishingReport) => void,
  ) {
    this.#budget = settings.metered ? new MeteredBudget(settings.tickPeriodMs) : new FreeBudget();
    this.#heardAtMs = clock.monotonicMs();
    this.#running = this.#run();
  }

  /** Throws FrameError on anything that is not a packed frame. */
  offer(packed: Uint8Array): void {
    const frame = unpackFrame(packed);
    const clean = this.#dirty.size === 0 && !this.#closing;
    this.#seeTick(frame.tickAtMs, frame.part);
    if (frame.reference) this.#takeReference(frame.reference);
    for (const row of frame.rows) this.#merge(row);
    const newest = frame.tickAtMs === this.#tickAtMs;
    if (frame.closing && newest) this.#closing = true;
    this.#verbatim = clean && newest && this.#dirty.size === frame.rows.length ? packed : undefined;
    this.#wake.abort();
  }

  /** Published by itself only as Karbit's key; frames carry it along. */
  offerReference(reference: ReferencePrice): void {
    if (!this.#takeReference(reference)) return;
    if (this.settings.karbitReference && reference.venue === "upbit") this.#reference = reference;
    this.#wake.abort();
  }

  /** Takes a pair off the screens: Karbit gets it without rates once, frames carry a tombstone. */
  retire(coin: string, pairIndex: number): void {
    this.#merge(nullRow(coin, pairIndex, this.#tickAtMs, "delisted"));
    this.#verbatim = undefined;
    this.#wake.abort();
  }

  /** A standing connection broke. */
  linkLost(): void {
    this.#down("connection closed");
    this.#wake.abort();
  }

  /** Lets the group in the air land, then closes. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.abort();
    await this.#running;
    this.link.close();
  }

  #seeTick(tickAtMs: number, part: number): void {
    if (tickAtMs > this.#tickAtMs) {
      this.#budget.beginTick(this.clock.monotonicMs(), this.#table.size);
      this.#tickAtMs = tickAtMs;
      this.#part = 0;
      this.#rowsOfTick.clear();
    }
    if (tickAtMs === this.#tickAtMs) this.#part = Math.max(this.#part, part);
  }

  #merge(row: RateRow): void {
    if (!this.#table.merge(row)) return;
    const key = rowKey(row.coin, row.pairIndex);
    this.#dirty.set(key, row);
    if (row.tickAtMs === this.#tickAtMs) this.#rowsOfTick.add(key);
  }

  #takeReference(reference: ReferencePrice): boolean {
    const held = this.#table.reference;
    if (held !== undefined && held.atMs > reference.atMs) return false;
    this.#table.reference = reference;
    return true;
  }

  #view() {
    return {
      nowMs: this.clock.monotonicMs(),
      dirty: this.#dirty.size > 0 || this.#closing,
      closing: this.#closing,
      rowsOfTick: this.#rowsOfTick.size,
    };
  }

  async #run(): Promise<void> {
    // To know at once, and to say so, if nobody is there.
    await this.#attempt(() => this.#send([{ name: "ping" }]));
    while (!this.#stopped) {
      this.#wake = new AbortController();
      const view = this.#view();
      const heartbeatMs = this.#heardAtMs + REDIS.heartbeatMs - view.nowMs;
      if (!this.#report.up) {
        await this.#sleepThrough(this.#retryMs);
        this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
        // What failed is tried, not something easier: a server may answer and yet refuse to take anything.
        if (this.#stopped) break;
        await this.#attempt(() => (view.dirty ? this.#sendGroup() : this.#send([{ name: "ping" }])));
      } else if (this.#reference !== undefined) {
        await this.#attempt(() => this.#sendReference());
      } else if (this.#budget.waitMs(view) <= 0) {
        await this.#attempt(() => this.#sendGroup());
      } else if (heartbeatMs <= 0) {
        await this.#attempt(() =>
          this.#send([{ name: "publish", channel: REDIS.framesChannel, text: REDIS.heartbeat }]),
        );
      } else {
        await this.clock.sleep(Math.min(heartbeatMs, this.#budget.waitMs(view)), this.#wake.signal);
      }
    }
  }

  /** Changes coming in meanwhile do not shorten it, stopping does. */
  async #sleepThrough(lengthMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + lengthMs;
    while (!this.#stopped && this.clock.monotonicMs() < untilMs) {
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
      await this.clock.sleep(untilMs - this.clock.monotonicMs(), this.#wake.signal);
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#retryMs = RETRY_MS_MIN;
      if (!this.#report.up) this.#report = { ...this.#report, up: true, cause: "" };
      this.onReport(this.#report);
    } catch (cause) {
      this.#down(cause instanceof Error ? cause.message : String(cause));
    }
  }

  #down(cause: string): void {
    if (!this.#report.up || this.#stopped) return;
    this.#report = { ...this.#report, up: false, cause };
    this.onReport(this.#report);
  }

  /** Only what is still worth something: Karbit ignores a price older than this. */
  async #sendReference(): Promise<void> {
    const { priceKrw, atMs } = this.#reference!;
    this.#reference = undefined;
    const ttlMs = REDIS.karbitReferenceTtlMs - (this.clock.nowMs() - atMs);
    if (ttlMs <= 0) return;
    const text = JSON.stringify({ data: [{ trade_price: priceKrw }], timestamp: atMs });
    try {
      await this.#send([{ name: "set", key: REDIS.karbitReferenceKey, text, ttlMs: Math.ceil(ttlMs) }]);
      this.#report = { ...this.#report, refused: "" };
    } catch (cause) {
      // A key we may not write must not stop the frames.
      if (!isRefusal(cause)) throw cause;
      this.#report = { ...this.#report, refused: cause.message };
    }
  }

  async #sendGroup(): Promise<void> {
    const view = this.#view();
    const dirty = this.#dirty;
    const closing = this.#closing;
    const verbatim = this.#verbatim;
    this.#dirty = new Map();
    this.#closing = false;
    this.#verbatim = undefined;
    const withSnapshot = this.#budget.takesSnapshot(view);
    const rows = [...dirty.values()].map(({ coin, pairIndex }) => this.#table.get(coin, pairIndex)!);
    const head = { tickAtMs: this.#tickAtMs, part: this.#part, closing, reference: this.#table.reference };
    const parts = [
      () => [framePublish(verbatim ?? packFrame({ ...head, rows }))],
      () =>
        withSnapshot
          ? [snapshotSet(packFrame({ ...head, rows: this.#table.rows() }), this.settings.tickPeriodMs)]
          : [],
      () => karbitPublishes(rows, this.settings),
    ];
    try {
      if (this.settings.metered) {
        await this.#send(parts.flatMap((make) => make()));
      } else {
        for (const make of parts) await this.#send(make());
      }
      this.#budget.sent(view.nowMs, withSnapshot);
      this.#report = { ...this.#report, groupCount: this.#report.groupCount + 1 };
    } catch (cause) {
      for (const [key, row] of dirty) if (!this.#dirty.has(key)) this.#dirty.set(key, row);
      this.#closing ||= closing;
      this.#verbatim = undefined;
      throw cause;
    }
  }

  async #send(commands: readonly RedisCommand[]): Promise<void> {
    if (commands.length === 0) return;
    await this.link.send(commands);
    let bytes = 0;
    for (const command of commands) {
      if (command.name !== "ping") bytes += command.text.length;
      if (command.name === "publish" && command.channel === REDIS.framesChannel) {
        this.#heardAtMs = this.clock.monotonicMs();
      }
    }
    this.#report = {
      ...this.#report,
      commandCount: this.#report.commandCount + commands.length,
      byteCount: this.#report.byteCount + bytes,
    };
  }
}

/** An error the server itself answered with. */
function isRefusal(cause: unknown): cause is Error {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_REDIS_SERVER_ERROR";
}
