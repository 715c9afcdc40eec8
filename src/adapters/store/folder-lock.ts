// An exclusive lock on a folder, held by the operating system for one process: it is gone when the process is gone,
// however it ended. PGlite has none, and two processes on one folder lose each other's writes without a word.
//
// SQLite's file lock is used for it (fcntl on Linux and macOS, LockFileEx on Windows), because Bun brings SQLite and
// no lock call of its own; the file stays empty and is never deleted, since deleting it would let two hold "the" lock.

import { Database } from "bun:sqlite";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { StoreFault } from "../../domain/store-fault.ts";

const LOCK_FILE = "lock";
const HOLDER_FILE = "lock-holder";

export interface FolderLock {
  release(): void;
}

/** Makes the folder when it is not there. Throws a StoreFault (defect) naming the holder when it is taken. */
export function lockFolder(folder: string): FolderLock {
  const path = resolve(folder);
  let file: Database | undefined;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    file = new Database(join(path, LOCK_FILE), { create: true, readwrite: true });
    file.exec("pragma busy_timeout = 0");
    file.exec("begin exclusive");
    writeFileSync(join(path, HOLDER_FILE), `${process.pid}\n`);
  } catch (error) {
    file?.close();
    throw refusal(path, error);
  }
  const held = file;
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      held.exec("rollback");
      held.close();
    },
  };
}

function refusal(path: string, error: unknown): StoreFault {
  const code = String((error as { code?: unknown }).code ?? "");
  const message = code.startsWith("SQLITE_BUSY")
    ? `the data folder ${path} is in use${holderOf(path)}: stop that process, or choose another DATA_DIR`
    : `the data folder ${path} cannot be locked: ${(error as Error).message}`;
  return new StoreFault("defect", code, message, { cause: error });
}

function holderOf(path: string): string {
  try {
    const pid = readFileSync(join(path, HOLDER_FILE), "utf8").trim();
    return /^\d+$/.test(pid) ? ` by process ${pid}` : "";
  } catch {
    return "";
  }
}
