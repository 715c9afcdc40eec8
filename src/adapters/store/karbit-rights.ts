// Which rights to Karbit's tables are lacking, for --check: without one of these everything starts, and then a login, a
// strategy or a trade's row fails. Equal to what docs/karbit.md grants; a test holds the two together.

import { sql } from "drizzle-orm";
import { type Database, rowsOf } from "./database.ts";

type Right = "SELECT" | "INSERT" | "UPDATE" | "DELETE";
type Rights = Readonly<Record<string, readonly Right[]>>;

const READ: readonly Right[] = ["SELECT"];
const RIGHTS = {
  rates: {
    ...{ exchanges: READ, users: READ, user_exchanges: READ, strategies: READ, positions: READ },
    coins_exchanges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  },
  live: { positions: ["INSERT"], users: ["UPDATE"], strategies: ["UPDATE"] },
  accounts: {
    user_sessions: ["SELECT", "INSERT", "UPDATE", "DELETE"],
    users: ["UPDATE"],
    user_exchanges: ["INSERT", "UPDATE"],
    strategies: ["INSERT", "UPDATE"],
  },
  "sign-up": { users: ["INSERT"] },
} as const satisfies Record<string, Rights>;

/** What the rights are for: whoever publishes rates, trades live, serves logins, takes new users. */
export type RightsFor = keyof typeof RIGHTS;

/** As "INSERT on positions", in the order of the tables above; those of a table that is not there are not told. */
export async function lackingRights(database: Database, uses: readonly RightsFor[]): Promise<string[]> {
  const wanted = uses.flatMap((use) =>
    Object.entries(RIGHTS[use] as Rights).flatMap(([table, rights]) =>
      rights.map((right) => ({ table, right })),
    ),
  );
  // A right to some columns is one: which ones are needed is Karbit's and our own affair.
  const found = await database.run("read rights", (executor) =>
    rowsOf<{ lacking: string }>(
      executor,
      sql`select wish->>'right' || ' on ' || (wish->>'table') as lacking
          from jsonb_array_elements(${JSON.stringify(wanted)}::jsonb) with ordinality as wishes (wish, place)
            cross join lateral (select to_regclass('public.' || (wish->>'table')) as held) as tables
          where held is not null and not has_table_privilege(held, wish->>'right')
            and not (wish->>'right' <> 'DELETE' and has_any_column_privilege(held,
              case wish->>'right' when 'DELETE' then 'SELECT' else wish->>'right' end))
          order by place`,
    ),
  );
  return [...new Set(found.map(({ lacking }) => lacking))];
}
