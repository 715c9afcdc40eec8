// PostgreSQL by postgres.js. A lost server is a passing state: work in hand is tried again on a new connection until
// its deadline, and the log hears of the loss once and of the return once.

import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import { StoreFault } from "../../domain/store-fault.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { Database, Executor } from "./database.ts";
import { DEADLINE_CODE, isLinkCode, isRepeatableAtOnce, toStoreFault } from "./fault.ts";
import { LinkWatch } from "./link-watch.ts";
import { type PostgresSettings, type PostgresTarget, parsePostgresSettings } from "./postgres-settings.ts";

export interface PostgresOptions extends PostgresSettings {
  /** Connections at most, 4 by default. */
  readonly poolSize?: number;
  /** How long one operation may take with all its attempts, 8,000 by default. */
  readonly deadlineMs?: number;
  /** After which the server gives a statement up, 5,000 by default; below `deadlineMs`. */
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /**
   * Lets the server plan a statement once a connection instead of every time, outside transactions; for processes that
   * ask the same few things for many. Off by default. Not through a pooler that shares connections between statements.
   */
  readonly prepares?: boolean;
  readonly log: Log;
}

const RETRY_DELAY_MS = 200;

/**
 * Connects on first use, not here. Throws a StoreFault (defect) when the settings cannot be used at all.
 * With TLS as `sslmode` in the address says; a CA file means verify-full.
 */
export function openPostgres(options: PostgresOptions): Database & { readonly isUp: boolean } {
  return new PostgresDatabase(parsePostgresSettings(options), options);
}

/**
 * One connection of its own, without a statement timeout, for `work` that holds session state (migrations).
 * Rejects with StoreFault; nothing is tried again.
 */
export async function withDedicatedConnection<T>(
  settings: PostgresSettings,
  work: (executor: Executor) => Promise<T>,
): Promise<T> {
  const target = parsePostgresSettings(settings);
  const pool = connect(target, { poolSize: 1, statementTimeoutMs: 0, connectTimeoutMs: 3_000 });
  try {
    return await work(pool.drizzle as unknown as Executor);
  } catch (error) {
    throw toStoreFault("dedicated connection", error);
  } finally {
    await pool.client.end({ timeout: 5 });
  }
}

interface Pool {
  readonly client: Sql;
  readonly drizzle: PostgresJsDatabase;
}

function connect(
  target: PostgresTarget,
  limits: { poolSize: number; statementTimeoutMs: number; connectTimeoutMs: number; prepares?: boolean },
): Pool {
  const client = postgres({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    pass: target.password,
    ssl: target.ssl === false ? false : { ...target.ssl },
    max: limits.poolSize,
    connect_timeout: limits.connectTimeoutMs / 1000,
    // Seconds. The library's own grows to 20 s and is shared by the pool: queries would hang long after the return.
    backoff: () => RETRY_DELAY_MS / 1000,
    // Arrays travel as text (schema/tables/schedulerx.ts), so nothing needs to be asked about types.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "schedulerx",
      TimeZone: "UTC",
      // The default begins with the schema named like the user, and ours is: Karbit's tables would go there.
      search_path: "public",
      statement_timeout: limits.statementTimeoutMs,
      idle_in_transaction_session_timeout: 30_000,
    },
  } as postgres.Options<Record<string, never>>);
  return { client, drizzle: drizzle(limits.prepares ? preparing(client) : client) };
}

/** Of further texts each is planned every time: the server keeps those that are prepared. */
const PREPARED_TEXTS_MAX = 200;

/** The same client, whose statements are prepared though drizzle asks for none of it. */
function preparing(client: Sql): Sql {
  const texts = new Set<string>();
  const unsafe: Sql["unsafe"] = (text, args, options) => {
    if (texts.size < PREPARED_TEXTS_MAX) texts.add(text);
    return client.unsafe(text, args, texts.has(text) ? { ...options, prepare: true } : options);
  };
  return new Proxy(client, { get: (of, name) => (name === "unsafe" ? unsafe : Reflect.get(of, name)) });
}

class PostgresDatabase implements Database {
  readonly engine = "postgres";
  readonly #deadlineMs: number;
  readonly #watch: LinkWatch;
  readonly #connect: () => Pool;
  #pool: Pool;
  #closing: Promise<void> | undefined;

  constructor(target: PostgresTarget, options: PostgresOptions) {
    this.#deadlineMs = options.deadlineMs ?? 8_000;
    this.#watch = new LinkWatch(options.log, "database", { host: target.host, port: target.port });
    this.#connect = () =>
      connect(target, {
        poolSize: options.poolSize ?? 4,
        statementTimeoutMs: options.statementTimeoutMs ?? 5_000,
        connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
        prepares: options.prepares ?? false,
      });
    this.#pool = this.#connect();
  }

  /** False from the first request that did not get through until one has. */
  get isUp(): boolean {
    return this.#watch.isUp;
  }

  run<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.#attempt(operation, (pool) => work(pool.drizzle as unknown as Executor));
  }

  transaction<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.#attempt(operation, (pool) =>
      pool.drizzle.transaction((transaction) => work(transaction as unknown as Executor)),
    );
  }

  close(): Promise<void> {
    this.#watch.stop();
    this.#closing ??= this.#pool.client.end({ timeout: 5 });
    return this.#closing;
  }

  async #attempt<T>(operation: string, work: (pool: Pool) => Promise<T>): Promise<T> {
    const deadline = Promise.withResolvers<never>();
    deadline.promise.catch(() => {});
    let isOver = false;
    // Cleared: left alone, those of the last seconds' thousand operations would all go off for nobody.
    const timer = setTimeout(() => {
      isOver = true;
      deadline.reject(this.#late(operation));
    }, this.#deadlineMs);
    try {
      for (;;) {
        if (this.#closing)
          throw new StoreFault("passing", "CONNECTION_ENDED", `${operation}: the store is closed`);
        const pool = this.#pool;
        const era = this.#watch.era;
        try {
          const value = await Promise.race([work(pool), deadline.promise]);
          this.#watch.answered(era);
          return value;
        } catch (error) {
          const fault = toStoreFault(operation, error);
          if (isLinkCode(fault.code) || fault.code === DEADLINE_CODE) this.#watch.lost(era, fault.code);
          if (fault.code === DEADLINE_CODE) this.#discard(pool);
          if (!isRepeatableAtOnce(fault.code)) throw fault;
          await Bun.sleep(RETRY_DELAY_MS);
          if (isOver) throw fault;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #late(operation: string): StoreFault {
    return new StoreFault("passing", DEADLINE_CODE, `${operation}: no answer within ${this.#deadlineMs} ms`);
  }

  /** A server that answers nothing, not even its own statement timeout, is frozen or cut off: its sockets are dead. */
  #discard(pool: Pool): void {
    if (pool !== this.#pool || this.#closing) return;
    this.#pool = this.#connect();
    pool.client.end({ timeout: 0 }).catch(() => {});
  }
}
