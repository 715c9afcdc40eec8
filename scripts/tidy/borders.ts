// Who may import whom: one table. A file belongs to the first zone whose pattern fits its path; an import is
// allowed when the importing zone lists the imported one. A path that fits no zone is a finding of its own, so
// the table stays complete.

interface Zone {
  readonly name: string;
  readonly path: RegExp;
  /** Names of zones it may import besides itself; "*" is everything. */
  readonly may: readonly string[];
}

const WORDS = ["vocabulary", "messages"];
const ROLE = ["ports", "domain", "limits", "version", ...WORDS];
const MAIN = [
  ...ROLE,
  "main kit",
  "adapters",
  "adapters/store",
  "adapters/in-process",
  "config",
  "migrations",
];
/** A main file, or what it was split into. */
const isMain = "(main|edge)(\\.ts|/)";

const ZONES: readonly Zone[] = [
  { name: "test data and types", path: /\.(json|sql|html|css|d\.ts)$/, may: [] },
  { name: "scripts", path: /^(scripts\/|[\w.-]+\.config\.ts$)/, may: ["*"] },
  { name: "vocabulary", path: /^schema\/vocabulary\./, may: [] },
  { name: "messages", path: /^schema\/messages\//, may: ["vocabulary"] },
  { name: "tables", path: /^schema\/tables\//, may: ["vocabulary"] },
  { name: "migrations", path: /^schema\/migrations/, may: [] },
  { name: "domain", path: /^src\/domain\//, may: WORDS },
  { name: "ports", path: /^src\/ports\//, may: ["domain", ...WORDS] },
  /** What the mains have in common. */
  { name: "main kit", path: /^src\/main\//, may: MAIN },
  /** What the browser pages of the api and the scheduler have in common. */
  { name: "web", path: /^src\/web\//, may: ["domain", ...WORDS] },
  { name: "version", path: /^src\/version\./, may: [] },
  { name: "config", path: /^src\/config(\.|\/)/, may: ["ports", "domain", "limits", "version", ...WORDS] },
  { name: "limits", path: /^src\/limits\./, may: ["config", "domain", ...WORDS] },
  {
    name: "adapters/store",
    path: /^src\/adapters\/store\//,
    may: ["tables", "migrations", "ports", "domain", "adapters", ...WORDS],
  },
  {
    name: "adapters/in-process",
    path: /^src\/adapters\/([\w-]+\/in-process|venue\/paper)[\w.-]*\.ts$/,
    may: ["ports", "domain", "adapters", ...WORDS],
  },
  {
    name: "adapters",
    path: /^src\/adapters\//,
    may: ["ports", "domain", "adapters/store", "adapters/in-process", ...WORDS],
  },
  { name: "trading", path: /^src\/trading\//, may: ROLE },
  {
    name: "scheduler's main",
    path: new RegExp(`^src/scheduler/${isMain}`),
    may: ["scheduler", "trading", ...MAIN],
  },
  { name: "scheduler", path: /^src\/scheduler\//, may: ["trading", "web", ...ROLE] },
  { name: "worker's main", path: new RegExp(`^worker/${isMain}`), may: ["worker", ...MAIN] },
  { name: "worker", path: /^worker\//, may: ROLE },
  { name: "api's main", path: new RegExp(`^api/${isMain}`), may: ["api", ...MAIN] },
  { name: "api", path: /^api\//, may: ["web", ...ROLE] },
  { name: "simulator", path: /^src\/simulator\//, may: [] },
  {
    name: "testing",
    path: /^src\/testing\//,
    // Of the adapters only those without a server behind them: what is tested comes as a process or by a port.
    may: ["scheduler", "worker", "api", "trading", "simulator", "config", ...ROLE]
      .concat(["tables", "migrations", "adapters/in-process", "adapters/store"])
      .concat(["scheduler's main", "worker's main", "api's main"]),
  },
];

/** Tests, and what only tests use: their kits, shared suites and generators, named so. */
export const isTestCode = (path: string) =>
  /(\.test|-testing|-suite|-fuzz)\.tsx?$|(^|\/)test(ing)?-[\w-]+\.ts$|^src\/testing\//.test(path);

/** These roles get adapters handed over by their main; their tests have to make them. */
const GIVEN_ADAPTERS = /^(scheduler|worker|api|trading)/;

/** The zone's name, or undefined for a path the table does not know. */
export function zoneOf(path: string): string | undefined {
  return ZONES.find((zone) => zone.path.test(path))?.name;
}

/**
 * Why `from` may not import `to` (paths in the repository), or undefined when it may.
 * Test code may besides import src/testing and src/simulator, a role's also adapters; that in src/testing anything
 * when it is a test itself. Nobody but test code and scripts imports test code.
 */
export function borderFault(from: string, to: string): string | undefined {
  const zone = ZONES.find((candidate) => candidate.path.test(from));
  const target = zoneOf(to);
  if (!zone) return `no zone of the import table fits ${from}: add it to scripts/tidy/borders.ts`;
  if (!target) return `no zone of the import table fits ${to}: add it to scripts/tidy/borders.ts`;
  if (/\.test\.tsx?$/.test(to)) return `${to} is a test: tests are not imported`;
  if (target === "test data and types" || zone.may.includes("*")) return undefined;
  if (isTestCode(from)) {
    if (target === "testing" || target === "simulator") return undefined;
    if (zone.name === "testing" && /\.test\.tsx?$/.test(from)) return undefined;
    if (GIVEN_ADAPTERS.test(zone.name) && target.startsWith("adapters")) return undefined;
  } else if (isTestCode(to)) {
    return `${to} is for tests only`;
  }
  if (target === zone.name || zone.may.includes(target)) return undefined;
  return `${zone.name} may not import ${target} (${to})`;
}
