// Somebody who watches a whole fleet from outside: a client of the stream, a subscriber of Karbit's channel, and the
// record of every book served. Each phase of a test gets an audit of its own over the ticks that closed in it.

import { ALL_SEEDS, Audit, type SeedChoice } from "./audit.ts";
import type { Fleet } from "./fleet.ts";
import { KarbitChannel } from "./karbit-channel.ts";
import { MarketTruth } from "./market-truth.ts";
import { PublishedRates } from "./published.ts";
import { ServedBooks } from "./served-books.ts";

/**
 * The smallest, the largest and a wandering size of every row each tick, and all 100 sizes of one row in `turns`,
 * another one each tick.
 */
export function wanderingSeeds(turns: number): SeedChoice {
  return (rowIndex, tickIndex) =>
    (rowIndex + tickIndex) % turns === 0 ? ALL_SEEDS : [0, 1 + ((rowIndex * 7 + tickIndex * 13) % 98), 99];
}

export class Observer {
  readonly published: PublishedRates;
  readonly channel: KarbitChannel;
  readonly served = new ServedBooks();
  readonly #truth: MarketTruth;
  #auditedUntilMs = Number.POSITIVE_INFINITY;
  #tickCount = 0;

  private constructor(
    private readonly fleet: Fleet,
    private readonly seedsOf: SeedChoice,
  ) {
    const { simulator, streamUrl, redis } = fleet;
    this.published = new PublishedRates(streamUrl);
    this.channel = new KarbitChannel(redis.url);
    this.#truth = new MarketTruth(simulator.seed, simulator.startedAtMs, simulator.coins);
  }

  /** Resolves once subscribed to both; only ticks that begin afterwards are looked at. */
  static async open(fleet: Fleet, seedsOf: SeedChoice): Promise<Observer> {
    const observer = new Observer(fleet, seedsOf);
    await observer.channel.subscribe();
    await observer.published.until("the stream to open", () => observer.published.state === "open", 20_000);
    observer.#auditedUntilMs = Date.now();
    return observer;
  }

  /** Looks at every tick that has closed since the last call. */
  async audit(): Promise<Audit> {
    // The ticks first: the records of many take a while to arrive, and a tick that closes meanwhile is not in them.
    const closed = [...this.published.closed()];
    this.served.add(await this.fleet.simulator.records());
    const from = this.#tickCount;
    const seedsOf: SeedChoice = (row, tick) => this.seedsOf(row, from + tick);
    const audit = new Audit(this.#truth, this.served, this.fleet.tickMs, seedsOf);
    for (const tick of closed) {
      if (tick.tickAtMs <= this.#auditedUntilMs) continue;
      const { tickMs } = this.fleet;
      // Before the first there is no tick whose successor could be lacking.
      for (let at = this.#auditedUntilMs + tickMs; at < tick.tickAtMs && this.#tickCount > 0; at += tickMs) {
        audit.takeGap(at);
      }
      await audit.take(tick);
      this.#auditedUntilMs = tick.tickAtMs;
      this.#tickCount++;
    }
    this.channel.match(this.published);
    return audit;
  }

  /** The pairs the market has now, by row key. */
  truePairs() {
    return this.#truth.pairs(Date.now());
  }

  async close(): Promise<void> {
    this.channel.close();
    await this.published.close();
  }
}
