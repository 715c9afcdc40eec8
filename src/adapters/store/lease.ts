// The lease of the one writer of trading state, and the fence every such write passes. Invariants: the fence grows
// with every change of the holder; a write lands only while its fence is the newest, because it holds the lease's key
// from the check to its commit, and a change of the holder waits for that.

import { sql } from "drizzle-orm";
import { writerLease } from "../../../schema/tables/trading.ts";
import { StoreFault } from "../../domain/store-fault.ts";
import { type Fence, Fenced, type LeaseStore } from "../../ports/journal.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";

const LEASE_NAME = "trading";
/**
 * After which the server gives up a transaction whose writer has frozen, between two statements or within one (of
 * which the driver sends the parts apart): a successor waits for it. Statements are a matter of milliseconds.
 */
const FROZEN_MS = 3_000;

export function createLeaseStore(database: Database): LeaseStore {
  const lengthOf = (lengthMs: number) => sql`clock_timestamp() + ${lengthMs}::int * interval '1 millisecond'`;
  const taken = sql`fence, floor(extract(epoch from expires_at - clock_timestamp()) * 1000)::int as "expiresInMs"`;
  interface Taken {
    readonly fence: Fence;
    readonly expiresInMs: number;
  }
  return {
    async acquire(holder, lengthMs) {
      if (!Number.isSafeInteger(lengthMs) || lengthMs <= 0) {
        throw new RangeError(`expected a length above 0 ms, was ${lengthMs}`);
      }
      const rows = await database.run("acquire the lease", async (executor) => {
        // Leaves the key alone, so a renewal does not wait for the holder's own writes.
        const renewed = await rowsOf<Taken>(
          executor,
          sql`update ${writerLease} set expires_at = ${lengthOf(lengthMs)}
              where name = ${LEASE_NAME} and holder = ${holder} returning ${taken}`,
        );
        if (renewed.length > 0) return renewed;
        return await rowsOf<Taken>(
          executor,
          sql`insert into ${writerLease} as lease (name, holder, fence, expires_at)
              values (${LEASE_NAME}, ${holder}, 1, ${lengthOf(lengthMs)})
              on conflict (name) do update
              set holder = excluded.holder, fence = lease.fence + 1, expires_at = excluded.expires_at
              where lease.holder is null or lease.expires_at <= clock_timestamp() returning ${taken}`,
        );
      });
      return rows[0];
    },

    async release(holder, fence) {
      await database.run("release the lease", (executor) =>
        executor.execute(
          sql`update ${writerLease} set holder = null, expires_at = clock_timestamp()
              where name = ${LEASE_NAME} and holder = ${holder} and fence = ${fence}`,
        ),
      );
    },
  };
}

/**
 * Runs `work` in one transaction that lands only while nobody newer holds the lease. Rejects with Fenced or with the
 * RangeError of `work` as they are, with StoreFault otherwise.
 */
export async function fencedWrite<T>(
  database: Database,
  options: { readonly operation: string; readonly fence: Fence },
  work: (executor: Executor) => Promise<T>,
): Promise<T> {
  try {
    return await database.transaction(options.operation, async (executor) => {
      await holdFence(executor, options.fence);
      return await work(executor);
    });
  } catch (error) {
    const cause = error instanceof StoreFault ? error.cause : undefined;
    throw cause instanceof Fenced || cause instanceof RangeError ? cause : error;
  }
}

async function holdFence(executor: Executor, fence: Fence): Promise<void> {
  const [row] = await rowsOf<{ fence: Fence }>(
    executor,
    sql`select fence, set_config('idle_in_transaction_session_timeout', ${String(FROZEN_MS)}, true),
          set_config('statement_timeout', ${String(FROZEN_MS)}, true)
        from ${writerLease} where name = ${LEASE_NAME} for key share`,
  );
  // Also when ours is newer than the stored one: then the database has forgotten a holder, and who writes is open.
  if (row?.fence !== fence) throw new Fenced(`expected fence ${fence}, was ${row?.fence ?? "none"}`);
}
