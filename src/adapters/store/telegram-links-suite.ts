// Linking chats on whichever database.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createAuditStore } from "./audit.ts";
import { chatIdOf } from "./chats.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { createTelegramLinkStore } from "./telegram-links.ts";

const NONE = { linked: false, username: null, notifications: false, linkedAtMs: null };
const HASH = "a".repeat(64);
const OTHER_HASH = "b".repeat(64);

export function telegramLinksSuite(database: () => Database): void {
  describe("chats linked with users", () => {
    let userId: number;
    let otherId: number;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(database(), sql`truncate schedulerx.audit_events, schedulerx.telegram_links`);
      userId = (await addUser(database())).userId;
      otherId = (await addUser(database())).userId;
    });

    const store = (on = database()) => createTelegramLinkStore(on);
    const offer = (codeHash: string, of = userId, atMs = NOW_MS) =>
      store().offer({ userId: of, codeHash, atMs, expiresAtMs: atMs + 600_000 });
    const link = (codeHash: string, atMs = NOW_MS + 1_000, on = database()) =>
      store(on).link({ codeHash, chatId: "77", username: "kim", atMs });
    const audited = async (of = userId) => {
      const events = await createAuditStore(database()).read(of, 20);
      return events.map(({ action, actor }) => `${actor} ${action}`).toReversed();
    };
    const codes = async () =>
      (
        await rows<{ count: number }>(database(), sql`select count(*)::int from schedulerx.telegram_links`)
      )[0]!.count;
    /** As after a commit whose answer was lost: everything is run once more. */
    const twice = (): Database => ({
      ...database(),
      async transaction(operation, work) {
        await database().transaction(operation, work);
        return await database().transaction(operation, work);
      },
    });

    test("a code links its user's chat once, switches notices on, and is written down", async () => {
      expect(await store().read(userId)).toEqual(NONE);
      await offer(HASH);
      expect(await link(OTHER_HASH)).toBeUndefined();
      expect(await link(HASH)).toBe(userId);
      expect(await store().read(userId)).toEqual({
        ...{ linked: true, username: "kim", notifications: true, linkedAtMs: NOW_MS + 1_000 },
      });
      expect(await chatIdOf(database(), userId)).toBe("77");
      expect(await store().read(otherId)).toEqual(NONE);
      expect(await link(HASH)).toBeUndefined();
      expect([await audited(), await audited(otherId), await codes()]).toEqual([
        ["user telegram.linked"],
        [],
        0,
      ]);
    });

    test("a code counts for its time, until another is asked for, and while its user is there", async () => {
      await offer(HASH);
      expect(await link(HASH, NOW_MS + 600_000)).toBeUndefined();
      await offer(OTHER_HASH);
      expect(await link(HASH)).toBeUndefined();
      expect(await link(OTHER_HASH, NOW_MS + 599_999)).toBe(userId);
      await offer(HASH, otherId);
      await rows(database(), sql`delete from users where id = ${otherId}`);
      expect(await link(HASH)).toBeUndefined();
      // What is too old is swept when another code is made.
      await offer(HASH, otherId, NOW_MS - 600_000);
      await offer(OTHER_HASH);
      expect(await codes()).toBe(1);
    });

    test("notices are switched and the chat is forgotten where there is one", async () => {
      expect(await store().setNotifications(userId, true, NOW_MS)).toBeFalse();
      expect(await store().unlink(userId, NOW_MS)).toBeFalse();
      await offer(HASH);
      await link(HASH);
      expect(await store().setNotifications(userId, false, NOW_MS)).toBeTrue();
      expect([(await store().read(userId)).notifications, await chatIdOf(database(), userId)]).toEqual([
        false,
        undefined,
      ]);
      expect(await store().setNotifications(userId, true, NOW_MS)).toBeTrue();
      await offer(OTHER_HASH);
      expect(await store().unlink(userId, NOW_MS)).toBeTrue();
      expect([
        await store().read(userId),
        await chatIdOf(database(), userId),
        await link(OTHER_HASH),
      ]).toEqual([NONE, undefined, undefined]);
      expect(await audited()).toEqual([
        "user telegram.linked",
        "user telegram.notifications-off",
        "user telegram.notifications-on",
        "user telegram.unlinked",
      ]);
    });

    test("a commit whose answer was lost is no second change, and its outcome is told", async () => {
      await offer(HASH);
      expect(await link(HASH, NOW_MS + 1, twice())).toBe(userId);
      expect(await store(twice()).setNotifications(userId, false, NOW_MS)).toBeTrue();
      expect(await store(twice()).unlink(userId, NOW_MS)).toBeTrue();
      expect((await audited()).length).toBe(3);
    });
  });
}
