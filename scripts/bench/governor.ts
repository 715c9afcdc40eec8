// How close five workers come to what the venues' limits allow when they take a tick's tasks as fast as they may, on a
// clock that jumps from event to event; and what the same work draws without the governor.

import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import { InProcessBus } from "../../src/adapters/bus/in-process.ts";
import { Governor } from "../../src/adapters/venue/rate-governor.ts";
import { shortestTickMs, VENUE_LIMITS } from "../../src/domain/venue-limits.ts";
import { RollingWindow } from "../../src/simulator/limits.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { COINS, seededRandom } from "./books.ts";
import { type BenchLine, type BenchOptions, grouped, round } from "./line.ts";

const WORKERS = 5;
const TASKS_PER_TICK = Math.ceil(COINS / 4);
/** Four coins, Binance at the depths the simulated market needs on average. */
const TASK_COSTS = { upbit: 1, bithumb: 4, bybit: 4, binance: 16 } as const;
/** Until all windows are full and shares have settled. */
const SETTLE_MS = 150_000;
const MINUTES = 6;
const MINUTES_ALL = 60;
const UNGOVERNED_MS = 20_000;
const WAY_MS_MAX = 60;
const RESERVE_MS = 5_000;
const TARGET_RATIO = 1.1;

/** One address as the venues see it. */
class Address {
  refused = 0;
  readonly served: Record<Venue, number> = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
  readonly #windows = Object.fromEntries(
    VENUES.map((venue) => {
      const { capacity, windowMs } = VENUE_LIMITS[venue];
      return [venue, new RollingWindow({ limit: capacity, windowMs })];
    }),
  ) as Record<Venue, RollingWindow>;

  constructor(
    private readonly clock: ManualClock,
    private readonly random: () => number,
  ) {}

  async request(venue: Venue): Promise<{ status: number; headers: Headers }> {
    await this.clock.sleep(1 + this.random() * WAY_MS_MAX);
    const window = this.#windows[venue];
    const isServed = window.take(this.clock.nowMs(), TASK_COSTS[venue]);
    if (isServed) this.served[venue] += TASK_COSTS[venue];
    else this.refused++;
    const used = String(window.used(this.clock.nowMs()));
    const headers = new Headers(venue === "binance" ? { "x-mbx-used-weight-1m": used } : {});
    await this.clock.sleep(1 + this.random() * WAY_MS_MAX);
    return { status: isServed ? 200 : 429, headers };
  }
}

interface Fleet {
  readonly clock: ManualClock;
  readonly addresses: readonly Address[];
  stop(): void;
}

/** Five workers, each behind one of the addresses, taking tasks without end. */
function startFleet(addressCount: number, enabled: boolean): Fleet {
  const clock = new ManualClock();
  const random = seededRandom(7);
  const bus = new InProcessBus(clock);
  const ending = new AbortController();
  const addresses = Array.from({ length: addressCount }, () => new Address(clock, random));
  for (let index = 0; index < WORKERS; index++) {
    const governor = new Governor({
      id: `worker-${index}`,
      role: "worker",
      sourceAddress: `address-${index % addressCount}`,
      version: "bench",
      clock,
      log: new RecordingLog(),
      announcements: bus.announcements,
      linkUp: () => true,
      helloMs: 1_000,
      enabled,
    });
    void work(governor, addresses[index % addressCount]!, clock, ending.signal);
  }
  return { clock, addresses, stop: () => ending.abort() };
}

async function work(
  governor: Governor,
  address: Address,
  clock: ManualClock,
  ending: AbortSignal,
): Promise<void> {
  await governor.start();
  while (!ending.aborted) {
    if (!governor.hasShare()) {
      await clock.sleep(500, ending);
      continue;
    }
    const grant = await governor.reserve(TASK_COSTS, RESERVE_MS);
    await Promise.all(
      [...grant.venues].map(async (venue) => {
        grant.settle(venue, TASK_COSTS[venue], await address.request(venue));
      }),
    );
  }
  await governor.stop();
}

const sum = (addresses: readonly Address[], value: (address: Address) => number) =>
  addresses.reduce((total, address) => total + value(address), 0);

async function tickLine(addressCount: number, minutes: number): Promise<BenchLine> {
  const { clock, addresses, stop } = startFleet(addressCount, true);
  await clock.advance(SETTLE_MS);
  const served = () => sum(addresses, (address) => address.served.binance);
  const before = served();
  await clock.advance(minutes * 60_000);
  const weightPerMs = (served() - before) / (minutes * 60_000);
  stop();
  const costs = Object.fromEntries(
    VENUES.map((venue) => [venue, TASK_COSTS[venue] * TASKS_PER_TICK]),
  ) as Record<Venue, number>;
  const allowed = shortestTickMs(costs, addressCount);
  const reachedMs = costs.binance / weightPerMs;
  const ratio = reachedMs / allowed.tickMs;
  const refused = sum(addresses, (address) => address.refused);
  const ungoverned = startFleet(addressCount, false);
  await ungoverned.clock.advance(UNGOVERNED_MS);
  ungoverned.stop();
  const ungovernedRefused = sum(ungoverned.addresses, (address) => address.refused);
  return {
    name: `shortest tick of ${WORKERS} workers on ${addressCount} ${addressCount === 1 ? "address" : "addresses"} over what the limits allow`,
    figure: round(ratio, 3),
    unit: "x",
    comparison:
      `${round(reachedMs / 1000, 2)} s, ${allowed.venue} allows ${round(allowed.tickMs / 1000, 2)} s; ` +
      `${refused} refusals in ${minutes} min, ungoverned ${grouped(ungovernedRefused)} in ${UNGOVERNED_MS / 1000} s`,
    target: `at most ${TARGET_RATIO}, no refusal`,
    ok: ratio <= TARGET_RATIO && refused === 0,
  };
}

/** On the manual clock: no waiting, the same in every run. */
export async function benchGovernor({ all, progress }: BenchOptions): Promise<BenchLine[]> {
  const minutes = all ? MINUTES_ALL : MINUTES;
  const lines: BenchLine[] = [];
  for (const addressCount of [1, WORKERS]) {
    progress(`${minutes} minutes of the manual clock, addresses: ${addressCount}`);
    lines.push(await tickLine(addressCount, minutes));
  }
  return lines;
}
