// The writer's lease: one holder at a time by the database's clock, and a fence that grows with every other one.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { clearJournal } from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";

export function leaseSuite(database: () => Database): void {
  describe("the writer's lease", () => {
    beforeEach(() => clearJournal(database()));

    const runOut = () =>
      database().run("run out", (executor) =>
        executor.execute(
          sql`update schedulerx.writer_lease set expires_at = clock_timestamp() - interval '1 ms'`,
        ),
      );

    test("one holds it and renews it under the same fence, the other waits", async () => {
      const lease = createLeaseStore(database());
      const first = (await lease.acquire("a", 60_000))!;
      expect(first.fence).toBe(1);
      expect(first.expiresInMs).toBeGreaterThan(0);
      expect(first.expiresInMs).toBeLessThanOrEqual(60_000);
      expect(await lease.acquire("b", 60_000)).toBeUndefined();
      expect((await lease.acquire("a", 60_000))!.fence).toBe(1);
    });

    test("one that has run out goes to whoever asks; its old holder is late", async () => {
      const lease = createLeaseStore(database());
      await lease.acquire("a", 60_000);
      await runOut();
      expect((await lease.acquire("b", 60_000))!.fence).toBe(2);
      expect(await lease.acquire("a", 60_000)).toBeUndefined();
      await lease.release("a", 1);
      await lease.release("b", 1);
      expect(await lease.acquire("a", 60_000)).toBeUndefined();
    });

    test("one that has run out and nobody took is the holder's again, with its fence", async () => {
      const lease = createLeaseStore(database());
      await lease.acquire("a", 60_000);
      await runOut();
      expect((await lease.acquire("a", 60_000))!.fence).toBe(1);
    });

    test("let go, it is free at once; letting go twice is harmless", async () => {
      const lease = createLeaseStore(database());
      await lease.acquire("a", 60_000);
      await lease.release("a", 1);
      await lease.release("a", 1);
      expect((await lease.acquire("b", 60_000))!.fence).toBe(2);
    });

    test("of many who ask at once one gets it", async () => {
      const lease = createLeaseStore(database());
      const asked = await Promise.all(
        Array.from({ length: 8 }, (_, index) => lease.acquire(`p${index}`, 60_000)),
      );
      expect(asked.filter((answer) => answer !== undefined)).toHaveLength(1);
      await runOut();
      const again = await Promise.all(
        Array.from({ length: 8 }, (_, index) => lease.acquire(`q${index}`, 60_000)),
      );
      expect(again.filter((answer) => answer !== undefined).map((answer) => answer.fence)).toEqual([2]);
    });

    test("a length that is none is refused", async () => {
      await expect(createLeaseStore(database()).acquire("a", 0)).rejects.toBeInstanceOf(RangeError);
    });
  });
}
