// The files of an empty PostgreSQL for tests. initdb takes a second and a half of a core, a copy of what it made a third
// of that: it is made once and kept for this version of the program.

import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { startChild } from "./child-process.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";

const CACHE = join(import.meta.dir, "../../../node_modules/.cache/schedulerx");

export interface ClusterOptions {
  /** The server's program; initdb lies beside it. */
  readonly program: string;
  /** Who will run it; undefined: we. */
  readonly user: string | undefined;
  /** A new folder in one that this user may write to. */
  readonly data: string;
  /** Where the password asked of clients over TCP stands; undefined: everybody may enter. */
  readonly passwordFile: string | undefined;
}

/** Makes `data`: its owner is `app`, and so is its first database. */
export async function makeCluster({ program, user, data, passwordFile }: ClusterOptions): Promise<void> {
  if (passwordFile !== undefined) {
    const auth = ["--auth-local=trust", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`];
    return await initialise(program, user, data, auth);
  }
  const kept = join(CACHE, nameOf(program, user));
  if (!existsSync(kept)) await keep(program, user, kept);
  await run("cp", ["cp", "-a", kept, data], undefined);
}

/** Another program is another cluster, and so is another user's. */
function nameOf(program: string, user: string | undefined): string {
  const { mtimeMs, size } = statSync(program);
  const key = `${program} ${mtimeMs} ${size} ${user ?? process.getuid?.()}`;
  return `postgres-${Bun.hash(key).toString(36)}`;
}

/** Two processes may do so at once: one of them is kept. */
async function keep(program: string, user: string | undefined, kept: string): Promise<void> {
  const dir = makeTempDir("cluster");
  try {
    if (user) await run("chown", ["chown", user, dir], undefined);
    const data = join(dir, "data");
    await initialise(program, user, data, ["--auth=trust"]);
    mkdirSync(CACHE, { recursive: true });
    const making = `${kept}.${process.pid}`;
    await run("cp", ["cp", "-a", data, making], undefined);
    try {
      renameSync(making, kept);
    } catch {
      removeTempDir(making);
    }
  } finally {
    removeTempDir(dir);
  }
}

async function initialise(
  program: string,
  user: string | undefined,
  data: string,
  auth: readonly string[],
): Promise<void> {
  const initdb = join(dirname(program), "initdb");
  const options = ["-U", "app", ...auth, "-E", "UTF8", "--locale=C", "--no-sync"];
  await run("initdb", [initdb, "-D", data, ...options], user);
  // Without a server, which would take longer to start than this.
  const single = [program, "--single", "-D", data, "-c", "fsync=off", "postgres"];
  await run("createdb", single, user, "create database app\n");
}

async function run(name: string, command: readonly string[], user: string | undefined, input?: string) {
  const child = startChild({ name, command, cwd: "/", user, input });
  if ((await child.exited) !== 0) throw new Error(`${name} failed: ${child.output()}`);
}
