import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { makeTempDir, removeTempDir, startChild } from "../../testing/services.ts";
import { rowsOf } from "./database.ts";
import { openPglite } from "./pglite.ts";

setDefaultTimeout(60_000);

let root: string;
let folder: string;
beforeAll(() => {
  root = makeTempDir("pglite");
  folder = join(root, "data");
});
afterAll(() => removeTempDir(root));

/** A process that opens the folder, writes rows one by one, and says each once it has been confirmed. */
const WRITER = `
  import { sql } from "drizzle-orm";
  import { openPglite } from ${JSON.stringify(join(import.meta.dir, "pglite.ts"))};
  const database = await openPglite(process.argv[1]).catch((error) => { console.log("refused " + error.message); process.exit(3); });
  await database.run("table", (executor) => executor.execute(sql\`create table if not exists written (n int)\`));
  for (let n = 0; ; n++) {
    await database.run("write", (executor) => executor.execute(sql\`insert into written values (\${n})\`));
    console.log("wrote " + n);
  }`;

const startWriter = () =>
  startChild({ name: "writer", command: [process.execPath, "-e", WRITER, folder], cwd: import.meta.dir });

test("two processes on one folder are refused; after kill -9 the folder opens with every confirmed row", async () => {
  // What a first start cut short leaves behind must not be taken for a database.
  mkdirSync(join(folder, "pgdata.making"), { recursive: true });
  writeFileSync(join(folder, "pgdata.making", "PG_VERSION"), "18\n");

  const first = startWriter();
  await first.waitForLine(/^wrote 20$/);
  const second = startWriter();
  const [line] = await second.waitForLine(/^refused .*/);
  expect(line).toContain(`${folder} is in use by process ${first.pid}`);
  expect(await second.exited).toBe(3);
  await expect(openPglite(folder)).rejects.toMatchObject({ name: "StoreFault", kind: "defect" });

  await first.kill9();
  const confirmed = Number([...first.output().matchAll(/^wrote (\d+)$/gm)].at(-1)![1]);
  const database = await openPglite(folder);
  const rows = await database.run("read", (executor) =>
    rowsOf<{ n: number }>(executor, sql`select n from written order by n`),
  );
  expect(rows.slice(0, confirmed + 1).map((row) => row.n)).toEqual(
    Array.from({ length: confirmed + 1 }, (_, n) => n),
  );
  await Promise.all([database.close(), database.close()]);
  await expect(database.run("look", async () => 1)).rejects.toMatchObject({ kind: "passing" });
  expect(existsSync(join(folder, "pgdata.making"))).toBe(false);
});

test("after an orderly close the folder opens again at once, in the same process", async () => {
  for (let round = 0; round < 2; round++) {
    const database = await openPglite(folder);
    const [row] = await database.run("look", (executor) =>
      rowsOf<{ buffers: string; zone: string }>(
        executor,
        sql`select current_setting('shared_buffers') as buffers, current_setting('TimeZone') as zone`,
      ),
    );
    expect(row).toEqual({ buffers: "16MB", zone: "UTC" });
    await database.close();
  }
});
