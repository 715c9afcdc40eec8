// Logins in Karbit's tables (SessionStore in src/ports/sessions.ts; contract 3.5). Rows of `user_sessions` that hold
// session data are a web framework's and no logins: they are neither believed nor deleted.

import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { userSessions, users } from "../../../schema/tables/karbit.ts";
import type { Account, SessionStore } from "../../ports/sessions.ts";
import { askedTogether } from "./asked-together.ts";
import { arrayText, type Database, rowsOf } from "./database.ts";

/** In whatever case. */
const isAddress = (email: string) => eq(sql`lower(${users.email})`, sql`lower(${email})`);
const ACCOUNT = { userId: users.id, email: users.email, name: users.name };

interface LiveSession extends Account {
  readonly token: string;
  readonly expiresAtMs: number;
}

export function createSessionStore(database: Database): SessionStore {
  // Before every private request: by itself it would cost as much as many of the reads behind it.
  const sessionOf = askedTogether(async (tokens) => {
    const found = await database.run("read sessions", (executor) =>
      rowsOf<LiveSession>(
        executor,
        sql`select s.token, u.id as "userId", u.email, u.name,
              (extract(epoch from s.expires_at) * 1000)::float8 as "expiresAtMs"
            from public.user_sessions s join public.users u on u.id = s.user_id
            where s.token = any(${arrayText(tokens)}::text[]) and s.session_data is null`,
      ),
    );
    return new Map(found.map((session) => [session.token, session]));
  });
  return {
    async accountOf(token, atMs) {
      const session = await sessionOf(token);
      if (!session || session.expiresAtMs <= atMs) return undefined;
      const { userId, email, name } = session;
      return { userId, email, name };
    },

    async credentialsOf(email) {
      const isSame = eq(users.email, email);
      const [found, other] = await database.run("read credentials", (executor) =>
        executor
          .select({ ...ACCOUNT, passwordHash: users.passwordHash, isSame: sql<boolean>`${isSame}` })
          .from(users)
          .where(isAddress(email))
          .orderBy(desc(isSame))
          .limit(2),
      );
      // Karbit lets addresses differ in case alone.
      if (!found || (other && !found.isSame)) return undefined;
      const { isSame: _, ...credentials } = found;
      return credentials;
    },

    begin({ userId, token, expiresAtMs }) {
      return database.transaction("begin a session", async (executor) => {
        // Two logins at once wait for each other here, so that one of them ends the other.
        const [user] = await executor
          .select({ id: users.id })
          .from(users)
          .where(eq(users.id, userId))
          .for("no key update");
        if (!user) return false;
        await executor
          .delete(userSessions)
          .where(and(eq(userSessions.userId, userId), isNull(userSessions.sessionData)));
        await executor.insert(userSessions).values({ userId, token, expiresAt: new Date(expiresAtMs) });
        return true;
      });
    },

    async end(token) {
      const ended = await database.run("end a session", (executor) =>
        executor
          .delete(userSessions)
          .where(and(eq(userSessions.token, token), isNull(userSessions.sessionData)))
          .returning({ id: userSessions.id }),
      );
      return ended.length > 0;
    },

    addUser({ email, passwordHash, name, atMs }) {
      const at = new Date(atMs);
      return database.transaction("add a user", async (executor) => {
        const [taken] = await executor.select({ id: users.id }).from(users).where(isAddress(email)).limit(1);
        if (taken) return undefined;
        // Of two at once that differ in case the column's uniqueness lets one in.
        const [added] = await executor
          .insert(users)
          .values({ email: email.toLowerCase(), passwordHash, name, createdAt: at, updatedAt: at })
          .onConflictDoNothing({ target: users.email })
          .returning(ACCOUNT);
        return added;
      });
    },
  };
}
