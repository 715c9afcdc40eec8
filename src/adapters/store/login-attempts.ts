// Failed logins in PostgreSQL (src/ports/login-attempts.ts). An address, known or not, is there as its hash alone, and for
// no longer than it counts. Invariant: of attempts at once no more than FAILURES_MAX are let through in a window.

import { createHash } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { loginFailures } from "../../../schema/tables/accounts.ts";
import type { LoginAttempts } from "../../ports/login-attempts.ts";
import { type Database, rowsOf } from "./database.ts";

const FAILURES_MAX = 5;
const WINDOW_MS = 15 * 60_000;
const PRUNED_AT_ONCE_MAX = 100;

export function createLoginAttempts(database: Database): LoginAttempts {
  return {
    begin(address, atMs) {
      const [hash, at, overAt] = [hashOf(address), new Date(atMs), new Date(atMs - WINDOW_MS)];
      return database.transaction("begin a login attempt", async (executor) => {
        // Those another attempt is at are left to it: nobody waits here for a second row.
        await executor.execute(
          sql`delete from ${loginFailures} where ${loginFailures.addressHash} in (
                select address_hash from ${loginFailures}
                where since <= ${overAt.toISOString()}::timestamptz and address_hash <> ${hash}
                limit ${PRUNED_AT_ONCE_MAX} for update skip locked)`,
        );
        const isOver = sql`${loginFailures.since} <= ${overAt.toISOString()}::timestamptz`;
        const [counted] = await executor
          .insert(loginFailures)
          .values({ addressHash: hash, since: at, count: 1 })
          .onConflictDoUpdate({
            target: loginFailures.addressHash,
            set: {
              since: sql`case when ${isOver} then excluded.since else ${loginFailures.since} end`,
              count: sql`case when ${isOver} then 1 else ${loginFailures.count} + 1 end`,
            },
            setWhere: sql`${isOver} or ${loginFailures.count} < ${FAILURES_MAX}`,
          })
          .returning({ count: loginFailures.count });
        if (counted) return 0;
        const [locked] = await rowsOf<{ since: string }>(
          executor,
          sql`select (extract(epoch from since) * 1000)::bigint::text as since from ${loginFailures}
              where address_hash = ${hash}`,
        );
        return locked ? Number(locked.since) + WINDOW_MS - atMs : 0;
      });
    },

    async forgiveOne(address) {
      await database.run("forgive a login attempt", (executor) =>
        executor
          .update(loginFailures)
          .set({ count: sql`greatest(${loginFailures.count} - 1, 0)` })
          .where(eq(loginFailures.addressHash, hashOf(address))),
      );
    },

    async forgiveAll(address) {
      await database.run("forgive login attempts", (executor) =>
        executor.delete(loginFailures).where(eq(loginFailures.addressHash, hashOf(address))),
      );
    },
  };
}

const hashOf = (address: string) => createHash("sha256").update(address.toLowerCase()).digest("hex");
