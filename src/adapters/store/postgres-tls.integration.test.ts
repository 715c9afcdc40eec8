import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import { rowsOf } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import type { PostgresSettings } from "./postgres-settings.ts";
import { recordLog } from "./store-fixtures.ts";

/** Whether the session of a fresh store is encrypted; rejects as the store does. */
async function encrypted(settings: PostgresSettings): Promise<boolean> {
  const database = openPostgres({
    ...settings,
    log: recordLog(),
    deadlineMs: 1_500,
    connectTimeoutMs: 1_000,
  });
  try {
    const [row] = await database.run("look", (executor) =>
      rowsOf<{ ssl: boolean }>(executor, sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`),
    );
    return row!.ssl;
  } finally {
    await database.close();
  }
}

needs(["postgres", "openssl"], "PostgreSQL over TLS", () => {
  let right: TestPostgres;
  let otherName: TestPostgres;
  let plain: TestPostgres;
  beforeAll(async () => {
    [right, otherName, plain] = await Promise.all([
      startPostgres({ tls: true, password: "s3cret/and more" }),
      startPostgres({ tls: { hostnames: ["db.example.com"] } }),
      startPostgres(),
    ]);
  });
  afterAll(() => Promise.all([right.stop(), otherName.stop(), plain.stop()]));

  const caOf = (server: TestPostgres) => server.tls!.caFile;
  const byName = (server: TestPostgres) => server.url.replace("127.0.0.1", "localhost");

  test("verify-full with the CA file works by name and by address, as it is the default beside a CA file", async () => {
    expect(await encrypted({ url: byName(right), caFile: caOf(right) })).toBe(true);
    expect(await encrypted({ url: `${byName(right)}?sslmode=verify-full`, caFile: caOf(right) })).toBe(true);
    expect(await encrypted({ url: right.url, caFile: caOf(right) })).toBe(true);
    expect(await encrypted({ url: `${right.url}?sslmode=verify-full&sslrootcert=${caOf(right)}` })).toBe(
      true,
    );
  });

  test("a bundle of several authorities works wherever the right one stands in it", async () => {
    const bundle = join(right.dir, "bundle.pem");
    await Bun.write(bundle, `# two\n${otherName.tls!.caPem}\n# three\n${right.tls!.caPem}`);
    expect(await encrypted({ url: right.url, caFile: bundle })).toBe(true);
  });

  test("a certificate of an unknown authority is refused as a defect", async () => {
    for (const settings of [
      { url: right.url, caFile: caOf(otherName) },
      { url: `${right.url}?sslmode=verify-full` },
    ]) {
      await expect(encrypted(settings)).rejects.toMatchObject({ name: "StoreFault", kind: "defect" });
    }
  });

  test("a certificate for another name is refused as a defect, by name and by address", async () => {
    for (const url of [otherName.url, byName(otherName)]) {
      await expect(encrypted({ url, caFile: caOf(otherName) })).rejects.toMatchObject({
        name: "StoreFault",
        kind: "defect",
        message: expect.stringMatching(/altname|match/i),
      });
    }
  });

  test("require encrypts without asking who it is, disable does not encrypt", async () => {
    expect(await encrypted({ url: `${otherName.url}?sslmode=require` })).toBe(true);
    expect(await encrypted({ url: otherName.url })).toBe(false);
  });

  test("a server without TLS is refused when TLS was asked for, never spoken to in the clear", async () => {
    await expect(encrypted({ url: `${plain.url}?sslmode=require` })).rejects.toMatchObject({
      name: "StoreFault",
    });
  });

  test("a wrong password is a defect, and the message does not repeat it", async () => {
    const url = right.url.replace(/:[^:@/]+@/, ":hunter2@");
    await expect(encrypted({ url })).rejects.toMatchObject({
      kind: "defect",
      code: "28P01",
      message: expect.not.stringContaining("hunter2"),
    });
  });
});
