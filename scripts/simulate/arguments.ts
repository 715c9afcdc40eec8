// The command line of `bun run simulate`. Every fault is found before any is told.

export const HELP = `Usage: bun run simulate [options]

Plays long stories of the trading engine, each made from one number: users enter, add and leave, on the production
journal in PGlite, while processes crash and freeze, venues and the store go away, orders are refused, filled in part,
lost or late, and users trade by hand. After each story nothing may be executed twice, uncovered or unaccounted for.

  --seeds N        how many stories (500)
  --from S         the first one's number (1)
  --processes P    how many processes share the work (one per core, at most the number of stories)
  --search N       instead of stories: every entry and every exit with up to N faults, on each pair, in memory
  --trace          tells each story line by line, for a few seeds
  --json           one JSON line per story instead of text
  --help           this text

The same number is the same story. Exit code 1: a promise was broken, and standard error says in which story.
`;

export interface Arguments {
  readonly seeds: number;
  readonly from: number;
  readonly processes: number | undefined;
  /** Faults of an exhaustive search instead of stories. */
  readonly search: number | undefined;
  /** This process's part of a search that several share. */
  readonly share: number;
  readonly trace: boolean;
  readonly json: boolean;
}

export type Read =
  | { readonly kind: "run"; readonly run: Arguments }
  | { readonly kind: "help" }
  | { readonly kind: "faults"; readonly faults: readonly string[] };

const COUNT = /^\d{1,9}$/;
const VALUES = ["seeds", "from", "processes", "search", "share"] as const;
const SWITCHES = ["trace", "json"] as const;

export function readArguments(args: readonly string[]): Read {
  if (args.includes("--help") || args.includes("-h")) return { kind: "help" };
  const faults: string[] = [];
  const counts = new Map<string, number>();
  const switches = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at]!.replace(/^--/, "");
    if ((SWITCHES as readonly string[]).includes(name)) switches.add(name);
    else if ((VALUES as readonly string[]).includes(name)) {
      const text = args[++at];
      if (text === undefined || !COUNT.test(text))
        faults.push(`--${name}: expected a whole number, was ${text ?? "nothing"}`);
      else counts.set(name, Number(text));
    } else faults.push(`unknown option ${args[at]}`);
  }
  for (const name of ["seeds", "processes"]) {
    if (counts.get(name) === 0) faults.push(`--${name}: expected at least 1, was 0`);
  }
  if (faults.length > 0) return { kind: "faults", faults };
  return {
    kind: "run",
    run: {
      seeds: counts.get("seeds") ?? 500,
      from: counts.get("from") ?? 1,
      processes: counts.get("processes"),
      search: counts.get("search"),
      share: counts.get("share") ?? 0,
      trace: switches.has("trace"),
      json: switches.has("json"),
    },
  };
}
