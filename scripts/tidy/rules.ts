// The house rules an ordinary program can check. Each takes sources and gives findings; none reads a file.

import { dirname, posix } from "node:path";
import { borderFault, isTestCode } from "./borders.ts";
import { lineAt, type Source } from "./source.ts";

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly why: string;
}

/** The path in the repository that a relative import means, or undefined for a package. */
export function targetOf(source: Source, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(dirname(source.path), specifier) : undefined;
}

/** Relative imports lead to files that are there, and cross no forbidden border. */
export function checkImports(sources: readonly Source[], paths: ReadonlySet<string>): Finding[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, line }) => {
      const target = targetOf(source, specifier);
      // What lies outside the repository's tree (node_modules assets) is a package's business.
      if (target === undefined || target.startsWith("../") || target.startsWith("node_modules/")) return [];
      const why = paths.has(target)
        ? borderFault(source.path, target)
        : `imports ${target}, which is not there`;
      return why ? [{ path: source.path, line, why }] : [];
    }),
  );
}

/** Files that run by themselves: nobody needs to import them. */
const ENTRY =
  /\.test\.tsx?$|\.d\.ts$|\.config\.ts$|^scripts\/[\w-]+\.ts$|^scripts\/(bench|deploy)\/(main\.ts$|.*\/main\.ts$)|(^|\/)(main|edge)\.ts$|^api\/client\.ts$/;

/**
 * Source files that no entry point or test reaches, by import or by naming them in a string.
 * `others` are texts that start programs too (package.json, compose.yaml, HTML pages), by path.
 */
export function checkDeadFiles(sources: readonly Source[], others: ReadonlyMap<string, string>): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const pages = new Map([...others].filter(([path]) => path.endsWith(".html")));
  const reached = new Set<string>();
  const queue: string[] = sources.filter((source) => ENTRY.test(source.path)).map((source) => source.path);
  for (const [path, text] of others) if (!pages.has(path)) queue.push(...named(path, text));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path);
    if (reached.has(path) || (!source && !pages.has(path))) continue;
    reached.add(path);
    queue.push(...named(path, source?.codeAndStrings ?? pages.get(path)!));
  }
  return sources
    .filter((source) => !reached.has(source.path))
    .map(({ path }) => ({
      path,
      line: 1,
      why: "no entry point or test reaches this file: dead, or not wired yet",
    }));
}

/** Paths a text names, read both from its own folder and from the repository's root. */
function named(path: string, text: string): string[] {
  const words = text.matchAll(/(?:\.{0,2}\/)?[\w@.+/-]+\.(?:tsx?|html)\b/g);
  return [...words].flatMap(([word]) => [posix.join(dirname(path), word), posix.join(word)]);
}

const MARKERS = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`, "g");
const LONE_TESTS = new RegExp(
  `\\b(test|it|describe)\\.(${["only", "skip", "todo"].join("|")})\\b(?!If)`,
  "g",
);

/** Nothing is left for later in the code, and no test is put aside. */
export function checkLeftovers(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => [
    ...findAll(source, source.text, MARKERS, (word) => `a "${word}" left in the code: do it or take it out`),
    ...findAll(source, source.code, LONE_TESTS, (call) => `${call}: a test put aside proves nothing`),
    ...findAll(source, source.code, /\bdebugger\b/g, () => "a debugger statement"),
  ]);
}

const CLOCK_ALLOWED = /^(src\/adapters\/clock\.ts$|src\/simulator\/|scripts\/|(api|src\/scheduler)\/web\/)/;
const CLOCK = /\b(Date\.now|Math\.random|performance\.now)\b|\bnew Date\(\s*\)/g;

/** Time and chance come in by a port. */
export function checkClock(sources: readonly Source[]): Finding[] {
  return sources
    .filter((source) => !CLOCK_ALLOWED.test(source.path) && !isTestCode(source.path))
    .flatMap((source) =>
      findAll(source, source.code, CLOCK, (call) => `${call}: ask for a Clock (or pass chance in)`),
    );
}

const ENVIRONMENT_ALLOWED = /^(src\/config(\.ts$|\/)|src\/simulator\/|scripts\/|[\w.-]+\.config\.ts$)/;
const ENVIRONMENT = /\b(process|Bun|import\.meta)\.env\b|\bDeno\.env\b/g;

/** One reader of the environment. */
export function checkEnvironment(sources: readonly Source[]): Finding[] {
  return sources
    .filter((source) => !ENVIRONMENT_ALLOWED.test(source.path) && !isTestCode(source.path))
    .flatMap((source) =>
      findAll(source, source.code, ENVIRONMENT, (call) => `${call}: src/config reads the environment`),
    );
}

/** bun.lock names no registry: the address field of each entry is empty. */
export function checkLockfile(path: string, text: string): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const address = line.match(/^\s*"[^"]+": \["[^"]*", "([^"]+)"/)?.[1];
    const found = address?.startsWith("sha") ? undefined : (address ?? line.match(/https?:\/\/[^\s"]+/)?.[0]);
    return found
      ? [{ path, line: index + 1, why: `names an address (${found}): the default registry leaves it empty` }]
      : [];
  });
}

/** A hint, no finding: the longest files over `limit` lines. */
export function longFiles(sources: readonly Source[], limit: number): { path: string; lineCount: number }[] {
  return sources
    .map(({ path, text }) => ({ path, lineCount: text.split("\n").length - 1 }))
    .filter((file) => file.lineCount > limit)
    .sort((a, b) => b.lineCount - a.lineCount);
}

function findAll(source: Source, text: string, pattern: RegExp, why: (found: string) => string): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: source.path,
    line: lineAt(text, match.index),
    why: why(match[0]),
  }));
}
