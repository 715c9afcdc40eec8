// The lease of the one writer of trading state, and the fence every such write passes. Invariants: the fence grows
// with every change of the holder; a write lands only while its fence is the newest, because it holds the lease's key
// from the check to its commit, and a change of the holder waits for that.

import { sql } from "drizzle-orm";
import { writerLease } from "../../../schema/tables/trading.ts";
import { StoreFault } from "../../domain/store-fault.ts";
import { type Fence, Fenced, type LeaseStore } from "../../ports/journal.ts";
import { type Database, type Executor, rowsOf } from "./database.ts";

const LEASE_NAME = "trading";
/** How long a successor waits for a write under way, which is a matter of milliseconds, before it counts as frozen. */
const WRITE_MS_MAX = 1_500;
const LOCK_NOT_AVAILABLE = "55P03";

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
      const acquire = () =>
        database.transaction("acquire the lease", async (executor) => {
          // The other one: who freezes between taking the lease and committing must not keep it half taken.
          await executor.execute(
            sql`select set_config('lock_timeout', ${String(WRITE_MS_MAX)}, true),
                  set_config('idle_in_transaction_session_timeout', ${String(WRITE_MS_MAX)}, true)`,
          );
          // Leaves the key alone, so a renewal does not wait for the holder's own writes.
          const renewed = await rowsOf<Taken>(
            executor,
            sql`update ${writerLease} set expires_at = ${lengthOf(lengthMs)}
                where name = ${LEASE_NAME} and holder = ${holder} returning ${taken}`,
          );
          if (renewed.length > 0) return renewed[0];
          // Whatever it conflicts with: two who are the first of all meet at the fence as well as at the name.
          const first = await rowsOf<Taken>(
            executor,
            sql`insert into ${writerLease} (name, holder, fence, expires_at)
                values (${LEASE_NAME}, ${holder}, 1, ${lengthOf(lengthMs)})
                on conflict do nothing returning ${taken}`,
          );
          if (first.length > 0) return first[0];
          const [fresh] = await rowsOf<Taken>(
            executor,
            sql`update ${writerLease} set holder = ${holder}, fence = fence + 1, expires_at = ${lengthOf(lengthMs)}
                where name = ${LEASE_NAME} and (holder is null or expires_at <= clock_timestamp())
                returning ${taken}`,
          );
          return fresh;
        });
      try {
        return await acquire();
      } catch (error) {
        if (!(error instanceof StoreFault && error.code === LOCK_NOT_AVAILABLE)) throw error;
        await endFrozenWriters(database);
        return await acquire();
      }
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

/**
 * Ends the sessions that hold the key of a lease that has run out: a writer frozen inside a transaction. No timeout of
 * the server's is sure to, for a driver that freezes between the parts of a statement. What they wrote is undone.
 */
async function endFrozenWriters(database: Database): Promise<void> {
  await database.run("end frozen writers", (executor) =>
    executor.execute(
      sql`select pg_terminate_backend(pid) from pg_locks
          where locktype = 'relation' and relation = 'schedulerx.writer_lease'::regclass
            and database = (select oid from pg_database where datname = current_database())
            and mode = 'RowShareLock' and pid <> pg_backend_pid()
            and exists (select 1 from ${writerLease}
              where name = ${LEASE_NAME} and (holder is null or expires_at <= clock_timestamp()))`,
    ),
  );
}

async function holdFence(executor: Executor, fence: Fence): Promise<void> {
  const [row] = await rowsOf<{ fence: Fence }>(
    executor,
    sql`select fence
        from ${writerLease} where name = ${LEASE_NAME} for key share`,
  );
  // Also when ours is newer than the stored one: then the database has forgotten a holder, and who writes is open.
  if (row?.fence !== fence) throw new Fenced(`expected fence ${fence}, was ${row?.fence ?? "none"}`);
}
