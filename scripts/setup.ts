// `bun run setup`: brings the programs the tests need and this machine lacks; done in a moment when all are there.
// Debian and its kin: by apt. Elsewhere it says what to install and with what. Servers that packages bring are not
// started: the tests start their own, on free ports.

import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { missingPrograms, PROGRAMS, type Program } from "../src/testing/services/programs.ts";

const HELP = `bun run setup [--check]

Installs what the tests need and this machine lacks: ${PROGRAMS.map((program) => program.title).join(", ")}.
On Debian and Ubuntu by apt (through sudo when you are not root); elsewhere it names what to install.

  --check   only look: exit 0 when all is there, else 1 with a list`;

/** apt waits so long for another apt to finish, and is asked again so often after a failure (mirrors hiccup). */
const LOCK_TIMEOUT_S = 300;
const TRIES_MAX = 3;
/** A package's scripts ask this program whether a service may start; 101 is "no". */
const POLICY_FILE = "/usr/sbin/policy-rc.d";

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const missing = missingPrograms();
if (missing.length === 0) {
  console.log(`setup: all there (${PROGRAMS.map((program) => program.title).join(", ")})`);
  process.exit(0);
}
console.log(`setup: this machine lacks ${missing.map((program) => program.title).join(", ")}`);
if (args.includes("--check")) process.exit(1);

const apt = Bun.which("apt-get", { PATH: `${process.env.PATH ?? ""}:/usr/bin` });
if (!apt) {
  console.log(adviceFor(missing));
  process.exit(1);
}
const packages = [...new Set(missing.flatMap((program) => program.debianPackage.split(" ")))];
const byHand = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
if (process.getuid?.() !== 0) process.exit(await againAsRoot());

const startedMs = performance.now();
const held = holdServicesBack();
try {
  if (!(await runApt("update"))) console.log("setup: apt-get update failed; trying with the lists at hand");
  console.log(`setup: installing ${packages.join(" ")} (several minutes on a slow line)`);
  if (!(await runApt("install", "-y", "--no-install-recommends", ...packages))) {
    console.log(`setup: apt-get could not install them (see above). By hand, as root:\n  ${byHand}`);
    process.exitCode = 1;
  }
} finally {
  if (held) rmSync(POLICY_FILE, { force: true });
}
if (!process.exitCode) {
  const look = Bun.spawnSync([process.execPath, import.meta.path, "--check"], { stdout: "pipe" });
  console.log(look.stdout.toString().trim());
  console.log(`setup: took ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  process.exitCode = look.exitCode;
}

/** The same setup through sudo; its exit code. Shows the command instead where there is no sudo, or it refuses. */
async function againAsRoot(): Promise<number> {
  const sudo = Bun.which("sudo");
  if (!sudo) {
    console.log(`setup: needs root, and there is no sudo here. As root run:\n  ${byHand}`);
    return 1;
  }
  console.log("setup: goes on as root through sudo");
  // Without a terminal sudo must not wait for a password.
  const quiet = process.stdin.isTTY ? [] : ["-n"];
  const run = Bun.spawn([sudo, ...quiet, process.execPath, import.meta.path], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  const exitCode = await run.exited;
  if (exitCode !== 0) console.log(`setup: not done. By hand, as root:\n  ${byHand}`);
  return exitCode;
}

/** One apt-get command, patient with locks, asked again after a failure. False when it failed to the end. */
async function runApt(...command: string[]): Promise<boolean> {
  const options = ["-q", "-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, "-o", "Acquire::Retries=3"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
    console.log(`setup: apt-get ${command[0]}${attempt > 1 ? `, attempt ${attempt} of ${TRIES_MAX}` : ""}`);
    const run = Bun.spawn([apt!, ...options, ...command], { env, stdio: ["ignore", "inherit", "inherit"] });
    if ((await run.exited) === 0) return true;
    // The lists' own lock is not covered by DPkg::Lock::Timeout: give the other apt a moment.
    if (attempt < TRIES_MAX) await Bun.sleep(5_000);
  }
  return false;
}

/** Keeps packages from starting their servers now; false when the machine has a policy of its own. */
function holdServicesBack(): boolean {
  if (existsSync(POLICY_FILE)) return false;
  writeFileSync(POLICY_FILE, "#!/bin/sh\nexit 101\n");
  chmodSync(POLICY_FILE, 0o755);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      rmSync(POLICY_FILE, { force: true });
      process.exit(1);
    });
  }
  return true;
}

function adviceFor(programs: readonly Program[]): string {
  const formulas = programs.flatMap((program) => program.brewFormula ?? []);
  if (process.platform === "darwin" && formulas.length > 0) {
    const casks = formulas.filter((formula) => formula.startsWith("--cask "));
    const plain = formulas.filter((formula) => !formula.startsWith("--cask "));
    const lines = [
      plain.length > 0 ? `brew install ${plain.join(" ")}` : "",
      ...casks.map((cask) => `brew install ${cask}`),
    ];
    return `setup: install them with Homebrew:\n  ${lines.filter(Boolean).join("\n  ")}`;
  }
  const names = programs.map((program) => `  ${program.title} (Debian calls it ${program.debianPackage})`);
  return `setup: knows apt only; install these with this system's own package manager:\n${names.join("\n")}`;
}
