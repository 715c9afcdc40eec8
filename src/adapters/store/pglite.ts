// PostgreSQL inside the process (PGlite), for the demo: one process, one connection, one folder under our own lock.
// A power loss can cost the last writes (nothing is synced to disk); a killed process loses none it was told of.

import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PGlite, type QueryOptions, type Transaction, types } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { StoreFault } from "../../domain/store-fault.ts";
import type { Database, Executor } from "./database.ts";
import { toStoreFault } from "./fault.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";

/** The default of 128 MB would be taken from the WebAssembly memory at once. */
const START_PARAMS = ["-c", "shared_buffers=16MB", "-c", "timezone=UTC"];
/** Types drizzle reads by itself, scalars and their arrays, and so wants as text. */
const TEXT_TYPES = [
  types.TIMESTAMP,
  types.TIMESTAMPTZ,
  types.INTERVAL,
  types.DATE,
  ...[1115, 1182, 1185, 1187, 1231],
];
const PARSERS = Object.fromEntries(TEXT_TYPES.map((type) => [type, (text: string) => text]));

/**
 * Opens the database in `folder`, making it at the first start (a few seconds, 2 GB of memory for a moment). Throws a
 * StoreFault (defect) when another process holds the folder.
 */
export async function openPglite(folder: string): Promise<Database> {
  const lock = lockFolder(folder);
  try {
    return new PgliteDatabase(await openFolder(folder), lock);
  } catch (error) {
    lock.release();
    throw toStoreFault(`opening the database in ${folder}`, error);
  }
}

/** In memory. Making it takes seconds of a core; `image`, what imageOfPglite gave, makes that one second. */
export async function openPgliteInMemory(image?: Blob): Promise<Database> {
  return new PgliteDatabase(await start("memory://", image), undefined);
}

/** An empty database as it is on disk (tar). */
export async function imageOfPglite(): Promise<Blob> {
  const client = await start("memory://");
  try {
    return await client.dumpDataDir("none");
  } finally {
    await client.close();
  }
}

/** The database is made beside its place and moved there whole, so a first start cut short leaves no half one. */
async function openFolder(folder: string): Promise<PGlite> {
  const place = join(folder, "pgdata");
  if (!existsSync(place)) {
    const making = join(folder, "pgdata.making");
    rmSync(making, { recursive: true, force: true });
    const fresh = await start(making);
    await fresh.close();
    renameSync(making, place);
  }
  return await start(place);
}

function start(dataDir: string, image?: Blob): Promise<PGlite> {
  return PGlite.create({
    dataDir,
    startParams: [...PGlite.defaultStartParams, ...START_PARAMS],
    parsers: PARSERS,
    ...(image ? { loadDataDir: image } : {}),
  });
}

type Querying = Pick<Transaction, "query">;

/**
 * drizzle hands the same parsers with every query, and PGlite then copies its whole table of them: four fifths of the
 * time of a short query. It has them from the start instead.
 */
function withoutParsers({ query }: Querying): Querying {
  return {
    query: <T>(text: string, params?: unknown[], options?: QueryOptions) =>
      query<T>(text, params, options?.rowMode ? { rowMode: options.rowMode } : undefined),
  };
}

function drizzleOn(client: PGlite): ReturnType<typeof drizzle> {
  const { query } = withoutParsers({ query: client.query.bind(client) });
  const transaction = <T>(work: (transaction: Querying) => Promise<T>) =>
    client.transaction((transaction) => work(withoutParsers(transaction)));
  // Of a client drizzle uses these two.
  return drizzle({ client: { query, transaction } as unknown as PGlite });
}

class PgliteDatabase implements Database {
  readonly engine = "pglite";
  readonly #client: PGlite;
  readonly #drizzle: ReturnType<typeof drizzle>;
  readonly #lock: FolderLock | undefined;
  #closing: Promise<void> | undefined;

  constructor(client: PGlite, lock: FolderLock | undefined) {
    this.#client = client;
    this.#drizzle = drizzleOn(client);
    this.#lock = lock;
  }

  run<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.#attempt(operation, () => work(this.#drizzle as unknown as Executor));
  }

  transaction<T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.#attempt(operation, () =>
      this.#drizzle.transaction((transaction) => work(transaction as unknown as Executor)),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#client.close().finally(() => this.#lock?.release());
    return this.#closing;
  }

  async #attempt<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing)
      throw new StoreFault("passing", "CONNECTION_ENDED", `${operation}: the store is closed`);
    try {
      return await work();
    } catch (error) {
      throw toStoreFault(operation, error);
    }
  }
}
