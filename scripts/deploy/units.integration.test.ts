// The units as systemd reads them, without a systemd that runs: spelling, dependencies, and how exposed each is.
// `setup` does not bring systemd-analyze: it comes with systemd, which no test may install or start.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";

const UNITS = join(import.meta.dir, "units");
const analyze = Bun.which("systemd-analyze");
/** What systemd before 254 says of the two lines it does not know; anything else is a fault. */
const TOO_NEW = /Unknown key (name )?'Restart(Steps|MaxDelaySec)' in section/;
/** systemd's own scale: 0 is safe, 10 exposed. 1.3 was measured; most of it is the network. */
const EXPOSURE_MAX = 1.5;

setDefaultTimeout(60_000);
let dir: string;
beforeAll(() => {
  dir = makeTempDir("units");
  mkdirSync(join(dir, "units"));
  for (const name of readdirSync(UNITS)) {
    const text = readFileSync(join(UNITS, name), "utf8");
    // The programs are not on this machine.
    const here = text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true");
    writeFileSync(join(dir, "units", name), here);
  }
});
afterAll(() => removeTempDir(dir));

function run(...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([analyze!, "--no-pager", ...args], { cwd: dir });
  return { exitCode, said: `${stdout.toString()}${stderr.toString()}` };
}

const faultsIn = (said: string) => said.split("\n").filter((line) => line.trim() && !TOO_NEW.test(line));

/** A t3.micro, less the kernel, systemd, sshd, chrony and what an installation takes. */
const MACHINE_MB = 1_024 - 150;
/** By `bun run bench memory`; PostgreSQL under 200 readers of the api. */
const MEASURED_PEAK_MB = { scheduler: 174, api: 150, worker: 79, nats: 43, redis: 14 };
const MEASURED_POSTGRES_MB = 57;

test("the ceilings of all that may stand on one machine are within its memory, each with headroom", () => {
  const ceilings = (text: string) => {
    const [high, max] = ["High", "Max"].map((name) =>
      Number(new RegExp(`^Memory${name}=(\\d+)M$`, "m").exec(text)?.[1]),
    );
    expect(high! < max!).toBe(true);
    return max!;
  };
  const units = Object.entries(MEASURED_PEAK_MB).map(([name, peakMb]) => {
    const maxMb = ceilings(readFileSync(join(UNITS, `schedulerx-${name}.service`), "utf8"));
    expect([name, maxMb >= 1.4 * peakMb]).toEqual([name, true]);
    return maxMb;
  });
  const postgresMb = ceilings(readFileSync(join(import.meta.dir, "user-data.sh"), "utf8"));
  expect(postgresMb).toBeGreaterThan(2 * MEASURED_POSTGRES_MB);
  const sumMb = [...units, postgresMb].reduce((sum, mb) => sum + mb);
  expect(sumMb).toBeWithin(MACHINE_MB - 50, MACHINE_MB + 1);
});

test.skipIf(!analyze)("every unit is spelt as systemd wants it, and none is left without a restart", () => {
  const names = readdirSync(UNITS);
  expect(names).toHaveLength(5);
  const { exitCode, said } = run("verify", "--man=no", ...names.map((name) => join(dir, "units", name)));
  expect(faultsIn(said)).toEqual([]);
  expect(exitCode).toBe(0);
});

test.skipIf(!analyze)("a misspelt line would be seen", () => {
  const file = join(dir, "schedulerx-worker.service");
  const text = readFileSync(join(dir, "units/schedulerx-worker.service"), "utf8");
  writeFileSync(file, text.replace("NoNewPrivileges", "NoNewPrivilege"));
  expect(faultsIn(run("verify", "--man=no", file).said).join()).toContain("NoNewPrivilege");
});

test.skipIf(!analyze)("every unit is shut in", () => {
  for (const name of readdirSync(UNITS)) {
    const { said } = run("security", "--offline=yes", join(dir, "units", name));
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? [];
    expect([name, Number(exposure) <= EXPOSURE_MAX]).toEqual([name, true]);
  }
});
