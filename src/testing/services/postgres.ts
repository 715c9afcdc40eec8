// A real PostgreSQL for tests. As root it runs as the user `postgres`, because it refuses to run as root.
// fsync is off (only a power loss could tell), but commits reach the kernel first: kill -9 loses none.

import { chownSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Certificates, makeCertificates, type TlsWish } from "./certificates.ts";
import { startChild } from "./child-process.ts";
import { freePort } from "./ports.ts";
import { makeCluster } from "./postgres-cluster.ts";
import { requireProgram } from "./programs.ts";
import { startServer, type TestServer } from "./server.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface PostgresOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Asked of clients over TCP (scram); default: everybody may enter. */
  readonly password?: string;
  readonly tls?: TlsWish;
}

export interface TestPostgres extends TestServer {
  readonly tls: Certificates | undefined;
  /** A new empty database on this server (quick: a test that wants a clean one takes its own); its url. */
  createDatabase(name?: string): Promise<string>;
}

let databaseCount = 0;

/** `url` is postgres://app@127.0.0.1:PORT/app, with the password when there is one; `app` may do everything. */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const program = requireProgram("postgres");
  const user = process.getuid?.() === 0 ? "postgres" : undefined;
  const dir = makeTempDir("postgres");
  const data = join(dir, "data");
  const port = options.port ?? (await freePort());
  const passwordFile = join(dir, "password");
  await Bun.write(passwordFile, options.password ?? "");
  const tls = makeCertificates(dir, options.tls);
  if (user) {
    const { uid, gid } = idsOf(user);
    for (const file of [dir, passwordFile, ...(tls ? [tls.certFile, tls.keyFile, tls.caFile] : [])]) {
      chownSync(file, uid, gid);
    }
  }
  await makeCluster({ program, user, data, passwordFile: options.password ? passwordFile : undefined });
  const settings = ["listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "shared_buffers=32MB"];
  if (tls) settings.push("ssl=on", `ssl_cert_file=${tls.certFile}`, `ssl_key_file=${tls.keyFile}`);
  const authority = `app${options.password ? `:${encodeURIComponent(options.password)}` : ""}@127.0.0.1:${port}`;
  const server = await startServer({
    name: "postgres",
    url: `postgres://${authority}/app`,
    port,
    dir,
    command: [
      program,
      "-D",
      data,
      "-p",
      `${port}`,
      "-k",
      dir,
      ...settings.flatMap((setting) => ["-c", setting]),
    ],
    user,
    readyLine: /database system is ready to accept connections/,
    // SIGINT: end sessions and shut down cleanly. SIGQUIT when we die: end at once but give shared memory back.
    stopSignal: "SIGINT",
    deathSignal: "QUIT",
  });
  const createDatabase = async (name = `test_${process.pid}_${++databaseCount}`) => {
    const command = [join(dirname(program), "createdb"), "-h", dir, "-p", `${port}`, "-U", "app", name];
    const child = startChild({ name: "createdb", command, cwd: "/", user });
    if ((await child.exited) !== 0) throw new Error(`createdb failed: ${child.output()}`);
    return `postgres://${authority}/${name}`;
  };
  return Object.assign(server, { tls, createDatabase });
}

function idsOf(user: string): { uid: number; gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = (line ?? "").split(":");
  if (!uid || !gid) throw new Error(`expected a user "${user}" on this machine (root cannot run PostgreSQL)`);
  return { uid: Number(uid), gid: Number(gid) };
}
