// Failed logins, on whichever database: five of an address in a quarter of an hour, through however many processes.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { NOW_MS, rows } from "./journal-fixtures.ts";
import { createLoginAttempts } from "./login-attempts.ts";

const WINDOW_MS = 900_000;

export function loginAttemptsSuite(database: () => Database): void {
  describe("failed logins", () => {
    beforeEach(() => rows(database(), sql`truncate schedulerx.login_failures`));

    const attempts = () => createLoginAttempts(database());
    const begin = (address: string, atMs = NOW_MS) => attempts().begin(address, atMs);

    test("of many at once five are let through, in whatever case, and none of another's", async () => {
      const waits = await Promise.all(
        Array.from({ length: 12 }, (_, index) => begin(index % 2 ? "Kim@mail.kr" : "kim@mail.kr")),
      );
      expect(waits.filter((wait) => wait === 0)).toHaveLength(5);
      expect(new Set(waits)).toEqual(new Set([0, WINDOW_MS]));
      expect(await begin("lee@mail.kr")).toBe(0);
    });

    test("a lock ends a quarter of an hour after the first failure, whatever was tried meanwhile", async () => {
      for (let count = 0; count < 5; count++) expect(await begin("a", NOW_MS + count)).toBe(0);
      expect(await begin("a", NOW_MS + 10)).toBe(WINDOW_MS - 10);
      expect(await begin("a", NOW_MS + WINDOW_MS - 1)).toBe(1);
      expect(await begin("a", NOW_MS + WINDOW_MS)).toBe(0);
      for (let count = 0; count < 4; count++) expect(await begin("a", NOW_MS + WINDOW_MS)).toBe(0);
      expect(await begin("a", NOW_MS + WINDOW_MS)).toBe(WINDOW_MS);
    });

    test("an attempt without a verdict is given back, and a right password forgives all", async () => {
      for (let count = 0; count < 5; count++) await begin("a");
      await attempts().forgiveOne("a");
      expect([await begin("a"), await begin("a")]).toEqual([0, WINDOW_MS]);
      await attempts().forgiveAll("A");
      expect(await begin("a")).toBe(0);
      for (let count = 0; count < 3; count++) await attempts().forgiveOne("a");
      await attempts().forgiveOne("nobody");
      expect(await begin("a")).toBe(0);
    });

    test("what is over goes with the next attempt of anybody, and no address is stored as such", async () => {
      await begin("kim@mail.kr");
      await begin("lee@mail.kr", NOW_MS + 1);
      await begin("pak@mail.kr", NOW_MS + WINDOW_MS);
      const stored = await rows<{ address_hash: string }>(
        database(),
        sql`select address_hash from schedulerx.login_failures order by since`,
      );
      expect(stored).toHaveLength(2);
      for (const { address_hash } of stored) expect(address_hash).toMatch(/^[0-9a-f]{64}$/);
    });
  });
}
