// install.sh below a folder of its own. systemctl is a stand-in that starts what is really installed there, as systemd
// would: it fails when the program does.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { longTest } from "../../src/testing/long.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";

const SCRIPT = join(import.meta.dir, "install.sh");
const NAME = "schedulerx-worker";

let dir: string;
beforeEach(() => {
  dir = makeTempDir("install");
  mkdirSync(join(dir, "path"));
  mkdirSync(join(dir, "machine"));
  program(
    join(dir, "path/systemctl"),
    `printf '%s\\n' "$*" >>"${dir}/calls"
name=\${2%.service}
case $1 in
  restart)
    [ -x "${dir}/root/usr/local/bin/$name" ] || exit 0
    rm -f "${dir}/active-$name"
    "${dir}/root/usr/local/bin/$name" start && touch "${dir}/active-$name" ;;
  is-active) [ -e "${dir}/active-\${3%.service}" ] ;;
esac`,
  );
  for (const server of ["nats", "redis"]) writeFileSync(join(dir, `active-schedulerx-${server}`), "");
  writeFileSync(join(dir, "machine/ca.pem"), "authority\n");
  writeFileSync(join(dir, "machine/worker.env"), "NATS_PASSWORD=one\n");
});
afterEach(() => removeTempDir(dir));

function program(path: string, body: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A worker of that version, well, wrong at --check, or one that does not come up. */
const worker = (version: string, kind: "well" | "unfit" | "broken" = "well") =>
  program(
    join(dir, version, NAME),
    `case "$*" in
  --version) echo "${NAME} ${version}" ;;
  *--check) ${kind === "unfit" ? "echo WRONG bus; exit 1" : `grep -q NATS_PASSWORD "$2"`} ;;
  start) ${kind === "broken" ? "exit 1" : "exit 0"} ;;
esac`,
  );

function install(...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [SCRIPT, ...args, "--root", join(dir, "root"), "--settle", "0"],
    { env: { PATH: `${join(dir, "path")}:${process.env.PATH}` } },
  );
  return { exitCode, said: stdout.toString() + stderr.toString() };
}

const installed = (path: string) => join(dir, "root", path);
const version = () =>
  Bun.spawnSync([installed(`usr/local/bin/${NAME}`), "--version"])
    .stdout.toString()
    .trim();
const runs = () => existsSync(join(dir, `active-${NAME}`));
const calls = () => (existsSync(join(dir, "calls")) ? readFileSync(join(dir, "calls"), "utf8") : "");

test("installs settings for root alone, and starts the bus anew only when its settings change", () => {
  writeFileSync(join(dir, "machine/nats.conf"), "one\n");
  expect(install("settings", join(dir, "machine")).exitCode).toBe(0);
  for (const [name, mode] of [
    ["worker.env", 0o600],
    ["nats.conf", 0o600],
    ["ca.pem", 0o644],
  ] as const) {
    expect([name, statSync(installed(`etc/schedulerx/${name}`)).mode & 0o777]).toEqual([name, mode]);
  }
  expect(calls().match(/restart schedulerx-nats/g)).toHaveLength(1);
  install("settings", join(dir, "machine"));
  expect(calls().match(/restart schedulerx-nats/g)).toHaveLength(1);
  writeFileSync(join(dir, "machine/nats.conf"), "two\n");
  install("settings", join(dir, "machine"));
  expect(calls().match(/restart schedulerx-nats/g)).toHaveLength(2);
  expect(readFileSync(installed("etc/schedulerx/nats.conf.previous"), "utf8")).toBe("one\n");
  expect(existsSync(installed("etc/schedulerx/worker.env.previous"))).toBeFalse();
});

longTest("starts a running program anew with new settings", () => {
  install("settings", join(dir, "machine"));
  install("program", worker("1.0"));
  const before = calls().match(/restart schedulerx-worker/g)!.length;
  writeFileSync(join(dir, "machine/worker.env"), "NATS_PASSWORD=two\n");
  expect(install("settings", join(dir, "machine")).said).toContain("with the new settings");
  expect(calls().match(/restart schedulerx-worker/g)).toHaveLength(before + 1);
});

test("installs, upgrades, rolls back and forth", () => {
  install("settings", join(dir, "machine"));
  expect(install("program", worker("1.0"))).toEqual({ exitCode: 0, said: `runs      ${NAME} 1.0\n` });
  expect(existsSync(installed(`etc/systemd/system/${NAME}.service`))).toBeTrue();
  expect(calls()).toContain(`enable --quiet ${NAME}.service`);
  expect(install("program", worker("2.0")).exitCode).toBe(0);
  expect([version(), runs()]).toEqual([`${NAME} 2.0`, true]);
  // The same again must not push the version before out.
  expect(install("program", worker("2.0")).exitCode).toBe(0);
  expect(install("rollback", "worker").exitCode).toBe(0);
  expect([version(), runs()]).toEqual([`${NAME} 1.0`, true]);
  expect(install("rollback", NAME).exitCode).toBe(0);
  expect(version()).toBe(`${NAME} 2.0`);
});

longTest("leaves everything as it was when --check finds something wrong, unless told not to look", () => {
  install("settings", join(dir, "machine"));
  install("program", worker("1.0"));
  const before = calls();
  const refused = install("program", worker("2.0", "unfit"));
  expect(refused).toEqual({ exitCode: 1, said: expect.stringContaining("nothing was changed") });
  expect([version(), calls()]).toEqual([`${NAME} 1.0`, before]);
  expect(existsSync(installed(`usr/local/bin/${NAME}.new`))).toBeFalse();
  expect(install("program", worker("2.0", "unfit"), "--no-check").exitCode).toBe(0);
  expect(version()).toBe(`${NAME} 2.0`);
});

longTest("goes back by itself when the new version does not come up", () => {
  install("settings", join(dir, "machine"));
  install("program", worker("1.0"));
  install("program", worker("2.0"));
  const failed = install("program", worker("3.0", "broken"));
  expect(failed).toEqual({ exitCode: 1, said: expect.stringContaining(`${NAME} 2.0 is back and runs`) });
  expect([version(), runs()]).toEqual([`${NAME} 2.0`, true]);
  expect(existsSync(installed(`usr/local/lib/schedulerx/${NAME}.failed`))).toBeTrue();
  expect(install("program", worker("4.0")).exitCode).toBe(0);
  expect(install("rollback", "worker").exitCode).toBe(0);
  expect(version()).toBe(`${NAME} 2.0`);
});

longTest("says of a first version that does not come up that nothing else is there", () => {
  install("settings", join(dir, "machine"));
  const failed = install("program", worker("1.0", "broken"));
  expect(failed).toEqual({ exitCode: 1, said: expect.stringContaining("It is the first version here") });
});

test("says what it expected", () => {
  writeFileSync(join(dir, "other"), "");
  writeFileSync(join(dir, NAME), "not a program");
  mkdirSync(join(dir, "empty"));
  expect(install("program", worker("1.0")).said).toContain("run 'install.sh settings DIR' first");
  install("settings", join(dir, "machine"));
  for (const [args, exitCode, words] of [
    [[], 2, "expected settings, program or rollback"],
    [["remove", "x"], 2, "remove: expected settings"],
    [["program"], 2, "program: expected an operand"],
    [["program", join(dir, "other")], 1, "expected a file named schedulerx-scheduler"],
    [["program", join(dir, "none", NAME)], 1, "expected a file, there is none"],
    [["program", join(dir, NAME)], 1, "does not run on this machine"],
    [["rollback", "worker"], 1, "expected a version before"],
    [["settings", join(dir, "empty")], 1, "expected ca.pem in it"],
    [["settings", join(dir, "nowhere")], 1, "expected a folder made by secrets.sh"],
  ] as const) {
    const got = install(...args);
    expect([got.exitCode, got.said]).toEqual([exitCode, expect.stringContaining(words)]);
  }
});
