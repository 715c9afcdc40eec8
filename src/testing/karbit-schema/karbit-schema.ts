// A database as Karbit made it, and what can be told of it: whether anything of Karbit's was altered, and in what our own
// tables for installs without Karbit are different.

import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type Executor, rowsOf } from "../../adapters/store/database.ts";
import { withDedicatedConnection } from "../../adapters/store/postgres.ts";
import karbitSchema from "./karbit.sql" with { type: "text" };

export interface KarbitWish {
  /** The id of the first exchange; ids follow from the order in which things were made, and nobody may count on them. */
  readonly firstExchangeId?: number;
}

/** Into an empty database: Karbit's tables with their first rows. */
export async function makeKarbitSchema(
  executor: Executor,
  { firstExchangeId = 1 }: KarbitWish = {},
): Promise<void> {
  const [tables, seeds] = karbitSchema.replace(/^--.*$/gm, "").split(/^(?=insert into exchanges)/m);
  const text = `${tables} alter table exchanges alter column id restart with ${firstExchangeId};\n${seeds}`;
  for (const statement of text.split(";\n")) {
    if (statement.trim() !== "") await executor.execute(sql.raw(statement));
  }
}

export const makeKarbitDatabase = (url: string, wish?: KarbitWish) =>
  withDedicatedConnection({ url }, (executor) => makeKarbitSchema(executor, wish));

/**
 * A user of the database with the rights of docs/karbit.md and no others; "trading": without those for the api's logins.
 * Returns the address with him. Roles are the server's: `role` must be new on it.
 */
export async function makeKarbitGuest(
  url: string,
  { role, rights }: { readonly role: string; readonly rights: "trading" | "all" },
): Promise<string> {
  const told = await Bun.file(join(import.meta.dir, "../../../docs/karbit.md")).text();
  const block = /```sql\n(CREATE ROLE schedulerx.*?)```/s.exec(told)?.[1];
  if (!block) throw new Error("expected the rights in docs/karbit.md");
  const given = rights === "all" ? block : block.slice(0, block.indexOf("-- with the api's logins"));
  const text = given
    .replace(/--.*$/gm, "")
    .replaceAll("schedulerx", role)
    .replace("DATABASE karbit", `DATABASE "${new URL(url).pathname.slice(1)}"`);
  await withDedicatedConnection({ url }, async (executor) => {
    for (const statement of text.split(";")) {
      if (statement.trim() !== "") await executor.execute(sql.raw(statement));
    }
  });
  const guest = new URL(url);
  guest.username = role;
  return guest.href;
}

/**
 * Everything PostgreSQL has on record of the schema `public`: tables with owner, rights and the file they are in, columns,
 * constraints, indexes, triggers (those of foreign keys that point there, too), functions, types, comments. One line each;
 * equal before and after: nothing was altered, not even put back.
 */
export async function publicCatalog(executor: Executor): Promise<string[]> {
  const rows = await rowsOf<{ line: string }>(
    executor,
    sql`select line from (
      select 'schema ' || nspowner::regrole || ' ' || coalesce(nspacl::text, '') as line
        from pg_namespace where nspname = 'public'
      union all select concat_ws(' ', 'relation', oid, relname, relkind, relfilenode, relowner::regrole, relpersistence,
          relrowsecurity, reloptions::text, relacl::text)
        from pg_class where relnamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod),
          attnotnull, attidentity, attgenerated, attisdropped, attacl::text, pg_get_expr(adbin, adrelid))
        from pg_attribute join pg_class on pg_class.oid = attrelid
          left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'public'::regnamespace and attnum > 0
      union all select concat_ws(' ', 'constraint', oid, conname, conrelid::regclass, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'index', indexrelid, pg_get_indexdef(indexrelid))
        from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled, tgfoid::regproc)
        from pg_trigger join pg_class on pg_class.oid = tgrelid where relnamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'rule', ev_class::regclass, rulename)
        from pg_rewrite join pg_class on pg_class.oid = ev_class where relnamespace = 'public'::regnamespace
      union all select 'function ' || oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'type', oid, typname, typtype)
        from pg_type where typnamespace = 'public'::regnamespace
      union all select concat_ws(' ', 'comment', objoid::regclass, objsubid, description)
        from pg_description join pg_class on pg_class.oid = objoid where relnamespace = 'public'::regnamespace
    ) as lines order by line`,
  );
  return rows.map(({ line }) => line);
}

/** What rules the rows of the schema `public`, without the names things go by and the order they were made in. */
export async function publicShape(executor: Executor): Promise<string[]> {
  const rows = await rowsOf<{ line: string }>(
    executor,
    sql`select line from (
      select concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod),
          case when attnotnull then 'not null' end, case attidentity when 'a' then 'always identity' end,
          'default ' || pg_get_expr(adbin, adrelid)) as line
        from pg_attribute join pg_class on pg_class.oid = attrelid
          left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
      union all select concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
      union all select regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ON public\\.(\\S+)', 'INDEX ON \\1')
        from pg_index join pg_class on pg_class.oid = indrelid
        where relnamespace = 'public'::regnamespace and relkind = 'r'
      union all select concat_ws(' ', tgrelid::regclass, 'trigger', tgname)
        from pg_trigger join pg_class on pg_class.oid = tgrelid
        where relnamespace = 'public'::regnamespace and not tgisinternal
    ) as lines order by line`,
  );
  return rows.map(({ line }) => line);
}
