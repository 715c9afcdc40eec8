// The scheduler as one thing: instruments, reference price, ticks, frames, history. Built from ports, so that the
// distributed process and the demo differ only in what they pass in. What start() opens, stop() releases in reverse.

import { Cron } from "croner";
import { PAIRS } from "../../schema/vocabulary.ts";
import { DepthBook, type QuotedCoin } from "../domain/listing-table.ts";
import { sampleMinute } from "../domain/rate-history.ts";
import type { RateRow } from "../domain/rate-table.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { HistoryStore, HoldingStore, InstrumentStore } from "../ports/store.ts";
import type { Log } from "../ports/telemetry.ts";
import type { Tracer } from "../ports/tracing.ts";
import type { VenueLists } from "../ports/venue-lists.ts";
import { FrameCollector } from "./collect-frame.ts";
import { FramePublisher, type FramePublisherDeps } from "./publish-frames.ts";
import { type ReferenceDeps, readReferencePrice } from "./reference-price.ts";
import { InstrumentBook } from "./refresh-instruments.ts";
import { isQuotedIn, TickLoop } from "./tick-loop.ts";

export interface SchedulerDeps extends ReferenceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
  readonly lists: VenueLists;
  readonly instruments: InstrumentStore;
  readonly history: HistoryStore;
  readonly holdings: HoldingStore;
  readonly pack: FramePublisherDeps["pack"];
  readonly offer: FramePublisherDeps["offer"];
  readonly onRows?: FramePublisherDeps["onRows"];
  /** False while another scheduler leads; left out: always true. */
  readonly leads?: () => boolean;
  readonly offerReference: (reference: NonNullable<FrameCollector["table"]["reference"]>) => void;
  /** Rows clients may still see from before this process: the last snapshot. */
  readonly previousRows: () => Promise<readonly RateRow[]>;
  readonly tickPeriodMs: number;
  readonly historyDays: number;
  /** Left out: no traces. */
  readonly tracer?: Tracer | undefined;
}

const REFERENCE_EVERY_MS = 3_000;
const REFRESH_CRON = "*/5 * * * *";
const MINUTE_CRON = "55 * * * * *";
const PRUNE_CRON = "17 * * * *";
const DAY_MS = 86_400_000;
const FIRST_LIST_RETRY_MS = 2_000;
const FIRST_LISTS_RETRY_MS = 20_000;
const REFRESH_SOON_MS_MIN = 60_000;
/** An older reference price is none. */
const REFERENCE_AGE_MS_MAX = 10_000;

export class Scheduler {
  readonly collector = new FrameCollector();
  readonly depths = new DepthBook();
  readonly instruments: InstrumentBook;
  readonly publisher: FramePublisher;
  readonly ticks: TickLoop;
  readonly startedAtMs: number;
  readonly #jobs: Cron[] = [];
  readonly #stop = new AbortController();
  #heldCoins: readonly string[] = [];
  #quarantineTold = "";
  #referenceLost = false;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  readonly #loops: Promise<void>[] = [];

  constructor(private readonly deps: SchedulerDeps) {
    const { clock, log, bus } = deps;
    this.startedAtMs = clock.nowMs();
    this.instruments = new InstrumentBook({
      ...{ clock, log, lists: deps.lists, store: deps.instruments },
      heldCoins: () => deps.holdings.heldCoins(),
    });
    this.publisher = new FramePublisher({
      clock,
      log,
      sink: bus.frames,
      table: this.collector.table,
      pack: deps.pack,
      offer: deps.offer,
      ...(deps.onRows ? { onRows: deps.onRows } : {}),
      tracer: deps.tracer,
    });
    this.ticks = new TickLoop({
      clock,
      log,
      tasks: bus.tasks,
      reports: bus.reports,
      collector: this.collector,
      publisher: this.publisher,
      depths: this.depths,
      periodMs: deps.tickPeriodMs,
      coins: () => this.#coins(),
      onClosed: () => this.#onClosed(),
      ...(deps.leads ? { leads: deps.leads } : {}),
      onUnknownSymbol: () => this.#refreshSoon(),
      tracer: deps.tracer,
    });
  }

  /** Resolves once the first tick is issued; waits as long as it takes for the first lists. */
  async start(): Promise<void> {
    const { bus, clock, tickPeriodMs } = this.deps;
    await bus.ensureStreams({ tickPeriodMs });
    await this.#readReference();
    // A tick somebody left open goes on at once; the lists take seconds, and it does not need them.
    await this.ticks.recover();
    await this.instruments.refresh();
    while (this.instruments.coins().length === 0 && !this.#stop.signal.aborted) {
      await clock.sleep(FIRST_LIST_RETRY_MS, this.#stop.signal);
      await this.instruments.refresh();
    }
    if (this.#stop.signal.aborted) return;
    await this.#retirePrevious();
    void this.#readHoldings();
    this.#loops.push(this.#readReferenceForEver(), this.#refreshUntilWhole());
    this.#jobs.push(
      new Cron(REFRESH_CRON, { protect: true }, () => this.refreshInstruments()),
      new Cron(MINUTE_CRON, { protect: true }, () => this.#recordMinute()),
      new Cron(PRUNE_CRON, { protect: true }, () => this.#prune()),
    );
    await this.ticks.start();
  }

  /** What was delisted while no scheduler ran would stay on screens for ever. Only whole lists can tell. */
  async #retirePrevious(): Promise<void> {
    if (Object.values(this.instruments.state()).some(({ count }) => count === 0)) return;
    const isQuoted = isQuotedIn(this.#coins());
    try {
      const rows = await this.deps.previousRows();
      for (const row of rows) if (!isQuoted(row.coin, row.pairIndex)) this.collector.table.merge(row);
      this.publisher.add(this.collector.retire(isQuoted));
    } catch (error) {
      this.deps.log.debug("last snapshot not read", { error });
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const job of this.#jobs) job.stop();
    await this.ticks.stop();
    await this.publisher.settled();
    await Promise.all(this.#loops);
    await this.instruments.stored();
  }

  /** Asks all venues for their lists anew; what is not quoted any more is taken off the clients' screens. */
  async refreshInstruments(): Promise<void> {
    this.#refreshedAtMs = this.deps.clock.monotonicMs();
    await this.instruments.refresh();
    await this.#readHoldings();
    this.publisher.add(this.collector.retire(isQuotedIn(this.#coins())));
  }

  /** A coin delisted since the last refresh costs the others of its request their books: not for five minutes. */
  #refreshSoon(): void {
    if (this.deps.clock.monotonicMs() - this.#refreshedAtMs < REFRESH_SOON_MS_MIN) return;
    void this.refreshInstruments();
  }

  /** A venue whose first list could not be had is asked again before the next regular refresh. */
  async #refreshUntilWhole(): Promise<void> {
    const { clock } = this.deps;
    while (Object.values(this.instruments.state()).some(({ count }) => count === 0)) {
      await clock.sleep(FIRST_LISTS_RETRY_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await this.refreshInstruments();
    }
  }

  /** The quoted coins; those somebody holds stay until a whole list lacks them. */
  #coins(): readonly QuotedCoin[] {
    return this.instruments.coins();
  }

  heldCoins(): readonly string[] {
    return this.#heldCoins;
  }

  async #readHoldings(): Promise<void> {
    try {
      this.#heldCoins = await this.deps.holdings.heldCoins();
      const quoted = new Set(this.#coins().map(({ coin }) => coin));
      const unquoted = this.#heldCoins.filter((coin) => !quoted.has(coin));
      if (unquoted.length > 0) this.deps.log.warn("held coins have no pair to quote", { coins: unquoted });
    } catch (error) {
      this.deps.log.debug("holdings not read", { error });
    }
  }

  async #readReferenceForEver(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.deps.clock.sleep(REFERENCE_EVERY_MS, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.#readReference();
    }
  }

  async #readReference(): Promise<void> {
    const reference = await readReferencePrice(this.deps);
    if (reference) {
      this.collector.table.reference = reference;
      this.deps.offerReference(reference);
      if (this.#referenceLost)
        this.deps.log.info("reference price is back", { priceKrw: reference.priceKrw });
      this.#referenceLost = false;
      return;
    }
    const { table } = this.collector;
    const ageMs = this.deps.clock.nowMs() - (table.reference?.atMs ?? 0);
    if (Math.abs(ageMs) > REFERENCE_AGE_MS_MAX) table.reference = undefined;
    if (!this.#referenceLost) {
      this.#referenceLost = true;
      this.deps.log.warn("no reference price: KRW-USDT is unusable on both domestic venues");
    }
  }

  #onClosed(): void {
    const pairs = [...this.collector.quarantined.values()].sort((a, b) => (a.coin < b.coin ? -1 : 1));
    const names = pairs.map(({ coin, pairIndex }) => `${coin} ${PAIRS[pairIndex]!.key}`).join(", ");
    if (names === this.#quarantineTold) return;
    this.#quarantineTold = names;
    const rates = pairs.slice(0, 40).map(({ rateKrwPerUsdt }) => rateKrwPerUsdt);
    this.deps.log.warn("rates more than 20 % from the median: quarantined", {
      pairs: names || "none",
      rates,
    });
  }

  async #recordMinute(): Promise<void> {
    const { table } = this.collector;
    const sample = sampleMinute({
      atMs: this.deps.clock.nowMs(),
      rows: table.rows(),
      reference: table.reference,
    });
    try {
      await this.deps.history.recordMinute(sample);
    } catch (error) {
      this.deps.log.debug("minute not recorded", { error });
    }
  }

  async #prune(): Promise<void> {
    try {
      const rowCount = await this.deps.history.prune(
        this.deps.clock.nowMs() - this.deps.historyDays * DAY_MS,
      );
      if (rowCount > 0) this.deps.log.info("old rate history deleted", { rowCount });
    } catch (error) {
      this.deps.log.warn("old rate history not deleted", { error });
    }
  }
}
