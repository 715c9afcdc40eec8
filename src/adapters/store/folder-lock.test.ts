import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "./folder-lock.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "folder-lock-")), "new", "data");
});
afterEach(() => rmSync(join(folder, "../.."), { recursive: true }));

test("A folder is made and locked; a second lock is refused naming folder and process; release frees it", () => {
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(
    `${folder} is in use by process ${process.pid}: stop that process`,
  );
  lock.release();
  lock.release();
  lockFolder(folder).release();
});

test("What a dead process left behind does not keep the folder locked", () => {
  lockFolder(folder).release();
  writeFileSync(join(folder, "lock-holder"), "999999\n");
  expect(existsSync(join(folder, "lock"))).toBe(true);
  lockFolder(folder).release();
});

test("A folder that cannot be made or written is refused in words", () => {
  const file = join(folder, "../../file");
  writeFileSync(file, "");
  expect(() => lockFolder(join(file, "data"))).toThrow("cannot be locked");
  writeFileSync(file, "not a lock");
  chmodSync(file, 0o600);
  expect(() => lockFolder(file)).toThrow("cannot be locked");
});
