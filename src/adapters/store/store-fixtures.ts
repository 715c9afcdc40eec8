// Small values the store's tests share.

import { sql } from "drizzle-orm";
import type { Venue } from "../../../schema/vocabulary.ts";
import type { Listing } from "../../domain/instrument.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { Database, Executor } from "./database.ts";

export function listingOf(venue: Venue, coin: string, changes: Partial<Listing> = {}): Listing {
  return {
    venue,
    coin,
    symbol: venue === "upbit" || venue === "bithumb" ? `KRW-${coin}` : `${coin}USDT`,
    multiplier: 1,
    displayName: `${coin} coin`,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
    ...changes,
  };
}

export interface RecordedLog extends Log {
  readonly events: string[];
  /** Resolves when `event` has been logged `count` times (1 by default), at once when it already was. */
  waitFor(event: string, count?: number): Promise<void>;
}

/** A log that remembers the names of its events. */
export function recordLog(): RecordedLog {
  const events: string[] = [];
  const waiters = new Set<() => void>();
  const record = (event: string) => {
    events.push(event);
    for (const waiter of waiters) waiter();
  };
  const log: RecordedLog = {
    events,
    waitFor: (event, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (events.filter((one) => one === event).length < count) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    debug: record,
    info: record,
    warn: record,
    error: record,
    child: () => log,
  };
  return log;
}

/** The same database in sessions of that time zone, as a server set up otherwise would open them. */
export function inZone(database: Database, zone: string): Database {
  const within =
    <T>(work: (executor: Executor) => Promise<T>) =>
    async (executor: Executor) => {
      await executor.execute(sql`set local timezone to ${sql.raw(`'${zone}'`)}`);
      return await work(executor);
    };
  return {
    ...{ engine: database.engine, close: () => database.close() },
    run: (operation, work) => database.transaction(operation, within(work)),
    transaction: (operation, work) => database.transaction(operation, within(work)),
  };
}

/** As when the answer to a commit was lost: the same work is run again. */
export const forgetful = (database: Database): Database => ({
  engine: database.engine,
  close: () => database.close(),
  run: (operation, work) => database.run(operation, work),
  transaction: async (operation, work) => {
    await database.transaction(operation, work);
    return await database.transaction(operation, work);
  },
});
