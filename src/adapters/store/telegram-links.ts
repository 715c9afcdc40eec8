// Chats of users (src/ports/telegram-links.ts): codes in our own table, the chat itself in Karbit's columns. A change and
// its event in the audit trail are one transaction.

import { and, eq, gt, isNotNull, lte } from "drizzle-orm";
import { telegramLinks } from "../../../schema/tables/accounts.ts";
import { users } from "../../../schema/tables/karbit.ts";
import type { TelegramLinkStore } from "../../ports/telegram-links.ts";
import { addAudit } from "./audit.ts";
import type { Database, Executor } from "./database.ts";
import { changeOnce } from "./once.ts";

const USERNAME_CHARS_MAX = 100;

export function createTelegramLinkStore(database: Database): TelegramLinkStore {
  const change = <T>(operation: string, userId: number, work: (executor: Executor) => Promise<T>) =>
    changeOnce(database, operation, { lock: (executor) => lockUser(executor, userId), work });

  return {
    async read(userId) {
      const [user] = await database.run("read a chat's link", (executor) =>
        executor
          .select({
            chatId: users.telegramChatId,
            username: users.telegramUsername,
            isOn: users.telegramNotificationsEnabled,
            linkedAt: users.telegramConnectedAt,
          })
          .from(users)
          .where(eq(users.id, userId)),
      );
      if (!user?.chatId) return { linked: false, username: null, notifications: false, linkedAtMs: null };
      const { username, isOn, linkedAt } = user;
      return {
        linked: true,
        username,
        notifications: isOn ?? false,
        linkedAtMs: linkedAt?.getTime() ?? null,
      };
    },

    offer({ userId, codeHash, expiresAtMs, atMs }) {
      const expiresAt = new Date(expiresAtMs);
      return database.transaction("offer a link", async (executor) => {
        await executor.delete(telegramLinks).where(lte(telegramLinks.expiresAt, new Date(atMs)));
        await executor
          .insert(telegramLinks)
          .values({ userId, codeHash, expiresAt })
          .onConflictDoUpdate({ target: telegramLinks.userId, set: { codeHash, expiresAt } });
      });
    },

    setNotifications: (userId, on, atMs) =>
      change("set notifications", userId, async (executor) => {
        const changed = await executor
          .update(users)
          .set({ telegramNotificationsEnabled: on })
          .where(and(eq(users.id, userId), isNotNull(users.telegramChatId)))
          .returning({ id: users.id });
        if (changed.length === 0) return false;
        const action = on ? "telegram.notifications-on" : "telegram.notifications-off";
        await addAudit(executor, { atMs, actor: "user", userId, action, subject: "", detail: {} });
        return true;
      }),

    unlink: (userId, atMs) =>
      change("unlink a chat", userId, async (executor) => {
        await executor.delete(telegramLinks).where(eq(telegramLinks.userId, userId));
        const changed = await executor
          .update(users)
          .set({
            ...{ telegramChatId: null, telegramUsername: null, telegramConnectedAt: null },
            telegramNotificationsEnabled: false,
          })
          .where(and(eq(users.id, userId), isNotNull(users.telegramChatId)))
          .returning({ id: users.id });
        if (changed.length === 0) return false;
        await addAudit(executor, {
          ...{ atMs, actor: "user", userId, action: "telegram.unlinked", subject: "", detail: {} },
        });
        return true;
      }),

    link: ({ codeHash, chatId, username, atMs }) =>
      changeOnce(database, "link a chat", {
        lock: (executor) =>
          executor
            .select({ userId: telegramLinks.userId })
            .from(telegramLinks)
            .where(eq(telegramLinks.codeHash, codeHash))
            .for("update"),
        work: async (executor) => {
          const [offer] = await executor
            .delete(telegramLinks)
            .where(and(eq(telegramLinks.codeHash, codeHash), gt(telegramLinks.expiresAt, new Date(atMs))))
            .returning({ userId: telegramLinks.userId });
          if (!offer) return undefined;
          const { userId } = offer;
          const name = username?.slice(0, USERNAME_CHARS_MAX) ?? null;
          const changed = await executor
            .update(users)
            .set({
              ...{ telegramChatId: chatId, telegramUsername: name, telegramConnectedAt: new Date(atMs) },
              telegramNotificationsEnabled: true,
            })
            .where(eq(users.id, userId))
            .returning({ id: users.id });
          if (changed.length === 0) return undefined;
          const detail = { chatId, username: name };
          await addAudit(executor, {
            ...{ atMs, actor: "user", userId, action: "telegram.linked", subject: "", detail },
          });
          return userId;
        },
      }),
  };
}

const lockUser = (executor: Executor, userId: number) =>
  executor.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("no key update");
