// Where users want their notices: Karbit's columns, read only.

import { eq } from "drizzle-orm";
import { users } from "../../../schema/tables/karbit.ts";
import type { Database } from "./database.ts";

/** Undefined unless notifications are on and there is a chat (contract 3.7). */
export async function chatIdOf(database: Database, userId: number): Promise<string | undefined> {
  const [user] = await database.run("read a chat", (executor) =>
    executor
      .select({ isOn: users.telegramNotificationsEnabled, chatId: users.telegramChatId })
      .from(users)
      .where(eq(users.id, userId)),
  );
  return user?.isOn && user.chatId ? user.chatId : undefined;
}
