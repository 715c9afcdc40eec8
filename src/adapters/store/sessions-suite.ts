// Logins on whichever database: whose a token is and when no more, and that a login ends the others.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { SessionStore } from "../../ports/sessions.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, rows } from "./journal-fixtures.ts";
import { createSessionStore } from "./sessions.ts";

const NOW_MS = Date.UTC(2026, 0, 31, 23, 30);
const HOUR_MS = 3_600_000;

export function sessionsSuite(database: () => Database): void {
  describe("sessions", () => {
    let store: SessionStore;
    let userId: number;

    beforeEach(async () => {
      await clearJournal(database());
      store = createSessionStore(database());
      ({ userId } = await addUser(database()));
    });

    const begin = (token: string, of: { userId?: number; expiresAtMs?: number } = {}) =>
      store.begin({ userId, token, expiresAtMs: NOW_MS + HOUR_MS, ...of });
    const holder = async (token: string, atMs = NOW_MS) => (await store.accountOf(token, atMs))?.userId;

    test("a token is its user's until the instant it expires, which is written as UTC", async () => {
      expect(await begin("a")).toBe(true);
      expect(await store.accountOf("a", NOW_MS)).toEqual({
        ...{ userId, email: expect.stringContaining("@"), name: null },
      });
      expect(await holder("a", NOW_MS + HOUR_MS - 1)).toBe(userId);
      expect(await holder("a", NOW_MS + HOUR_MS)).toBeUndefined();
      expect(await holder("A")).toBeUndefined();
      const stored = await rows(database(), sql`select expires_at::text as at from user_sessions`);
      expect(stored).toEqual([{ at: "2026-02-01 00:30:00" }]);
    });

    test("of many asked for at once each is told its own, and a login that has just ended is nobody's", async () => {
      const texts = [
        '"',
        "\\",
        "{a,b}",
        "NULL",
        "null",
        " ",
        "a'; --",
        "김",
        ...Array.from({ length: 150 }, (_, index) => `${index}`),
      ];
      const users: number[] = [];
      for (const token of texts.slice(0, 10)) {
        const user = await addUser(database());
        users.push(user.userId);
        await begin(token, { userId: user.userId });
      }
      const told = await Promise.all([...texts, ...texts].map((token) => holder(token)));
      const expected = texts.map((_, index) => users[index]);
      expect(told).toEqual([...expected, ...expected]);
      expect(await Promise.all([holder("NULL", NOW_MS + HOUR_MS), holder("NULL")])).toEqual([
        undefined,
        users[3],
      ]);
      const before = holder("NULL");
      await store.end("NULL");
      expect(await holder("NULL")).toBeUndefined();
      await before;
    });

    test("a login ends the user's other logins, and nobody else's", async () => {
      const other = await addUser(database());
      await begin("other's", { userId: other.userId });
      await begin("first");
      await begin("second");
      expect(await holder("first")).toBeUndefined();
      expect([await holder("second"), await holder("other's")]).toEqual([userId, other.userId]);
      await Promise.all(["x", "y", "z"].map((token) => begin(token)));
      const [count] = await rows<{ n: number }>(
        database(),
        sql`select count(*)::int as n from user_sessions where user_id = ${userId}`,
      );
      expect(count!.n).toBe(1);
    });

    test("rows with session data are no logins and are left alone", async () => {
      await rows(
        database(),
        sql`insert into user_sessions (user_id, token, expires_at, session_data)
            values (${userId}, 'web', '2030-01-01', '{}')`,
      );
      expect(await holder("web")).toBeUndefined();
      expect(await store.end("web")).toBe(false);
      await begin("login");
      expect(await rows(database(), sql`select token from user_sessions order by id`)).toEqual([
        { token: "web" },
        { token: "login" },
      ]);
    });

    test("an ended login is nobody's, and ends once", async () => {
      await begin("a");
      expect([await store.end("a"), await store.end("a")]).toEqual([true, false]);
      expect(await holder("a")).toBeUndefined();
    });

    test("nobody who is gone can begin a login, and his logins are gone with him", async () => {
      await begin("a");
      await rows(database(), sql`delete from users where id = ${userId}`);
      expect(await holder("a")).toBeUndefined();
      expect(await begin("b")).toBe(false);
    });

    test("a new user has what he gave, his address in lower case; it is given once, in whatever case", async () => {
      const user = { email: "New@example.com", passwordHash: "$argon2id$x", name: "이름", atMs: NOW_MS };
      const { userId: id } = (await store.addUser(user))!;
      expect(await store.credentialsOf("new@example.com")).toEqual({
        ...{ userId: id, email: "new@example.com", name: "이름", passwordHash: "$argon2id$x" },
      });
      expect(await store.addUser({ ...user, passwordHash: "other" })).toBeUndefined();
      expect(await store.addUser({ ...user, email: "new@EXAMPLE.com" })).toBeUndefined();
      expect(await store.credentialsOf("nobody@example.com")).toBeUndefined();
      const stored = await rows(
        database(),
        sql`select created_at::text as at, total_order_amount::text as amount from users where id = ${id}`,
      );
      expect(stored).toEqual([{ at: "2026-01-31 23:30:00", amount: "0.00000000" }]);
    });

    test("of sign-ups at once that differ in case, one wins", async () => {
      const user = { passwordHash: "$argon2id$x", name: null, atMs: NOW_MS };
      const emails = ["Race@example.com", "race@example.com", "RACE@example.com", "rAce@example.com"];
      const added = await Promise.all(emails.map((email) => store.addUser({ ...user, email })));
      expect(added.filter((one) => one !== undefined)).toHaveLength(1);
    });

    test("an address is found in any case, and as written where two differ in case alone, as Karbit lets them", async () => {
      for (const email of ["Lee@example.com", "Cho@example.com", "CHO@example.com"]) {
        await rows(database(), sql`insert into users (email, password_hash) values (${email}, 'x')`);
      }
      const found = async (email: string) => (await store.credentialsOf(email))?.email;
      expect(await found("lee@example.com")).toBe("Lee@example.com");
      expect(await found("LEE@EXAMPLE.COM")).toBe("Lee@example.com");
      expect([await found("Cho@example.com"), await found("CHO@example.com")]).toEqual([
        ...["Cho@example.com", "CHO@example.com"],
      ]);
      expect(await found("cho@example.com")).toBeUndefined();
      expect(await found("l_e@example.com")).toBeUndefined();
    });
  });
}
