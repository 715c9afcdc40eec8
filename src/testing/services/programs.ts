// The programs outside the repository that tests, demo and setup may want, and where to find them.
// One table: a new program is one line here; nothing here installs anything.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export type ProgramName =
  | "postgres"
  | "redis"
  | "nats"
  | "chromium"
  | "korean-font"
  | "openssl"
  | "setpriv"
  | "shellcheck"
  | "prometheus"
  | "promtool"
  | "alertmanager"
  | "amtool"
  | "ip";

export interface Program {
  readonly name: ProgramName;
  /** What a person calls it, for messages. */
  readonly title: string;
  /** Packages that bring it: Debian's apt and Homebrew's (undefined: the system has it, or it does not apply). */
  readonly debianPackage: string;
  readonly brewFormula?: string;
  /** Full path of the program (of PostgreSQL: of `postgres`), or undefined when it is not on this machine. */
  readonly find: () => string | undefined;
}

const isLinux = process.platform === "linux";

/** Looks on PATH, then where distributions put servers that ordinary users do not have on PATH. */
function which(...names: string[]): string | undefined {
  const path = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin`;
  for (const name of names) {
    const found = Bun.which(name, { PATH: path });
    if (found) return found;
  }
  return undefined;
}

/** Debian keeps one folder per PostgreSQL major version and none of them on PATH: the newest wins. */
function findPostgres(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).filter((entry) => /^\d+$/.test(entry)) : [];
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const found = join(root, version, "bin", "postgres");
    if (existsSync(found) && existsSync(join(root, version, "bin", "initdb"))) return found;
  }
  return which("postgres");
}

function findKoreanFont(): string | undefined {
  const lister = which("fc-list");
  if (!lister) return undefined;
  const listed = Bun.spawnSync([lister, ":lang=ko", "file"]).stdout.toString();
  return listed.split(":")[0]?.trim() || undefined;
}

export const PROGRAMS: readonly Program[] = [
  {
    name: "postgres",
    title: "PostgreSQL",
    debianPackage: "postgresql",
    brewFormula: "postgresql@17",
    find: findPostgres,
  },
  {
    name: "redis",
    title: "redis-server",
    debianPackage: "redis-server",
    brewFormula: "redis",
    find: () => which("redis-server"),
  },
  {
    name: "nats",
    title: "nats-server",
    debianPackage: "nats-server",
    brewFormula: "nats-server",
    find: () => which("nats-server"),
  },
  {
    name: "chromium",
    title: "Chromium",
    debianPackage: "chromium",
    brewFormula: "--cask chromium",
    find: () => which("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
  },
  {
    name: "korean-font",
    title: "a Korean font",
    debianPackage: "fonts-noto-cjk fontconfig",
    find: isLinux ? findKoreanFont : () => "(part of the system)",
  },
  {
    name: "openssl",
    title: "openssl",
    debianPackage: "openssl",
    brewFormula: "openssl",
    find: () => which("openssl"),
  },
  {
    name: "setpriv",
    title: "setpriv",
    debianPackage: "util-linux",
    find: isLinux ? () => which("setpriv") : () => "(not used on this system)",
  },
  {
    name: "shellcheck",
    title: "shellcheck",
    debianPackage: "shellcheck",
    brewFormula: "shellcheck",
    find: () => which("shellcheck"),
  },
  {
    name: "prometheus",
    title: "Prometheus",
    debianPackage: "prometheus",
    brewFormula: "prometheus",
    find: () => which("prometheus"),
  },
  {
    name: "promtool",
    title: "promtool (Prometheus)",
    debianPackage: "prometheus",
    brewFormula: "prometheus",
    find: () => which("promtool"),
  },
  {
    name: "alertmanager",
    title: "Alertmanager",
    debianPackage: "prometheus-alertmanager",
    find: () => which("prometheus-alertmanager", "alertmanager"),
  },
  {
    name: "amtool",
    title: "amtool (Alertmanager)",
    debianPackage: "prometheus-alertmanager",
    find: () => which("amtool"),
  },
  {
    name: "ip",
    title: "ip (network namespaces)",
    debianPackage: "iproute2",
    find: isLinux ? () => which("ip") : () => "(not used on this system)",
  },
];

const found = new Map<ProgramName, string | undefined>();

/** The program's path, or undefined. Looked up once per process. */
export function findProgram(name: ProgramName): string | undefined {
  if (!found.has(name)) found.set(name, programOf(name).find());
  return found.get(name);
}

/** The program's path; throws with the words a developer needs when it is not there. */
export function requireProgram(name: ProgramName): string {
  const path = findProgram(name);
  if (!path) throw new Error(`expected ${programOf(name).title} on this machine; run "bun run setup"`);
  return path;
}

/** Those of the named programs (default: all) that this machine lacks. */
export function missingPrograms(names?: readonly ProgramName[]): Program[] {
  return PROGRAMS.filter((program) => (!names || names.includes(program.name)) && !findProgram(program.name));
}

function programOf(name: ProgramName): Program {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (!program) throw new Error(`expected a program of the table, was ${name}`);
  return program;
}
