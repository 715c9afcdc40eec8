// Real servers for tests, on free ports of 127.0.0.1, each with its own scratch data. They can be killed and
// brought back, and they end with this process however it ends. Nothing here installs anything: `bun run setup`
// does. Which program is missing is asked with `missingPrograms`; tests use `needs` (needs.ts).

export type { Certificates, TlsWish } from "./services/certificates.ts";
export { makeCertificates } from "./services/certificates.ts";
export { type Child, type ChildOptions, startChild, stopAllChildren } from "./services/child-process.ts";
export { type ChromiumOptions, launchChromium } from "./services/chromium.ts";
export { type NatsOptions, startNats, type TestNats } from "./services/nats.ts";
export { freePort } from "./services/ports.ts";
export { type PostgresOptions, startPostgres, type TestPostgres } from "./services/postgres.ts";
export {
  findProgram,
  missingPrograms,
  type Program,
  type ProgramName,
  requireProgram,
} from "./services/programs.ts";
export { type RedisOptions, startRedis, type TestRedis } from "./services/redis.ts";
export type { TestServer } from "./services/server.ts";
export { type EmptyDatabase, emptyDatabase, SHARED_POSTGRES } from "./services/shared-postgres.ts";
export { makeTempDir, removeTempDir } from "./services/temp-dir.ts";
