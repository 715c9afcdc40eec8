// user-data.sh below a folder of its own, with stand-ins for every program that would touch the machine: what it calls
// for, in which order, and that a second run changes nothing.

import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";

const SCRIPT = join(import.meta.dir, "user-data.sh");
const STAND_INS = ["systemctl", "sysctl", "mkswap", "swapon"];
/** Those it may really use: they only write below the folder. */
const REAL = ["mkdir", "cat", "chmod", "mv", "grep", "dd", "id"];

let dir: string;
let path: string;
let root: string;
beforeEach(() => {
  dir = makeTempDir("user-data");
  path = join(dir, "path");
  root = join(dir, "root");
  mkdirSync(path);
  mkdirSync(join(root, "etc/postgresql/15/main/conf.d"), { recursive: true });
  for (const name of STAND_INS) standIn(name);
  for (const name of REAL) symlinkSync(Bun.which(name)!, join(path, name));
});
afterEach(() => removeTempDir(dir));

function standIn(name: string): void {
  writeFileSync(join(path, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"${dir}/calls"\n`);
  chmodSync(join(path, name), 0o755);
}

/** Only the stand-ins and `REAL` are on the path: it cannot reach this machine's programs by mistake. */
function run(env: Record<string, string>, ...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["/bin/sh", SCRIPT, ...args], {
    env: { PATH: path, ROOT: root, SWAP_MB: "1", ...env },
  });
  return { exitCode, said: stdout.toString() + stderr.toString() };
}
const calls = () => readFileSync(join(dir, "calls"), "utf8").trim().split("\n");

test("makes a scheduler's machine ready, servers of the distribution kept from starting", () => {
  standIn("apt-get");
  const wanted = { ROLE: "scheduler", WITH_REDIS: "yes", WITH_POSTGRES: "yes" };
  expect(run(wanted)).toEqual({ exitCode: 0, said: "user-data.sh: ready for install.sh (scheduler)\n" });
  const said = calls();
  const masked = said.indexOf("systemctl mask nats-server.service redis-server.service");
  const installed = said.findIndex((call) => /install .* nats-server redis-server postgresql$/.test(call));
  const swapped = said.indexOf(`swapon ${root}/swapfile`);
  expect([swapped >= 0, masked > swapped, installed > masked]).toEqual([true, true, true]);
  expect(statSync(join(root, "swapfile")).mode & 0o777).toBe(0o600);
  const postgres = readFileSync(join(root, "etc/postgresql/15/main/conf.d/schedulerx.conf"), "utf8");
  expect(postgres).toContain("listen_addresses = '127.0.0.1'");
  const dropIn = join(root, "etc/systemd/system/postgresql@.service.d/schedulerx.conf");
  expect(readFileSync(dropIn, "utf8")).toBe("[Service]\nMemoryHigh=128M\nMemoryMax=136M\n");
  expect(said.indexOf("systemctl restart postgresql.service")).toBe(
    said.indexOf("systemctl daemon-reload") + 1,
  );
  expect(readFileSync(join(root, "etc/chrony/sources.d/amazon.sources"), "utf8")).toContain(
    "169.254.169.123",
  );

  expect(run(wanted).exitCode).toBe(0);
  expect(calls().filter((call) => call.startsWith("swapon"))).toHaveLength(1);
  expect(readFileSync(join(root, "etc/fstab"), "utf8")).toBe("/swapfile none swap sw 0 0\n");
});

test("makes a worker's machine ready on Amazon Linux, without any server", () => {
  standIn("dnf");
  expect(run({ ROLE: "worker", SWAP_MB: "0" }).exitCode).toBe(0);
  expect(calls().join("\n")).not.toMatch(/nats|redis|postgres|swapon/);
  expect(calls()).toContain("systemctl restart chronyd.service");
  expect(existsSync(join(root, "etc/profile.d/schedulerx.sh"))).toBeTrue();
});

test("says what it expected", () => {
  standIn("dnf");
  for (const [env, words] of [
    [{ ROLE: "api" }, "ROLE: expected worker or scheduler, was 'api'"],
    [{ ROLE: "scheduler" }, "expected Debian for the scheduler"],
    [{ WITH_REDIS: "maybe" }, "expected yes or no"],
    [{ WITH_REDIS: "yes" }, "expected no on a worker's machine"],
    [{ SWAP_MB: "1G" }, "SWAP_MB: expected a number"],
  ] as const) {
    expect(run(env)).toEqual({ exitCode: 1, said: expect.stringContaining(words) });
  }
  expect(run({}, "worker").said).toContain("worker: expected no operand");
});
