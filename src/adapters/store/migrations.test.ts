import { expect, test } from "bun:test";
import { join } from "node:path";
import { KARBIT_CREATE_SET, SCHEDULERX_SET } from "./migrations.ts";

const FOLDER = join(import.meta.dir, "../../../schema/migrations");

for (const set of [SCHEDULERX_SET, KARBIT_CREATE_SET]) {
  test(`The binaries carry every migration of ${set.name}, in the journal's order`, async () => {
    const journal = await Bun.file(join(FOLDER, set.name, "meta/_journal.json")).json();
    const tags = journal.entries.map((entry: { tag: string }) => entry.tag);
    expect(set.migrations.map((migration) => migration.tag)).toEqual(tags);
    for (const { tag, text } of set.migrations) {
      expect(text).toBe(await Bun.file(join(FOLDER, set.name, `${tag}.sql`)).text());
    }
  });
}
