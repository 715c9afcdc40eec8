// `bun run bench`: one line per target, measured here and now beside what it is compared with. Each section runs in a
// process of its own, so that none inherits another's heap or compiled code. A short line is not a failure.

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { BenchLine, BenchOptions } from "./line.ts";
import { round } from "./line.ts";

interface Section {
  readonly about: string;
  readonly run: (options: BenchOptions) => Promise<BenchLine[]>;
}

const SECTIONS: Readonly<Record<string, Section>> = {
  sweep: {
    about: "rates of a pair beside a plain loop and beside the floor; differences from exact arithmetic",
    run: async (options) => (await import("./sweep.ts")).benchSweep(options),
  },
  decode: {
    about: "a tick's order books beside JSON.parse",
    run: async () => (await import("./decode.ts")).benchDecode(),
  },
  frames: {
    about: "the compact full frame: its size, making it, decoding it in a browser",
    run: async (options) => (await import("./frames.ts")).benchFrames(options),
  },
  "fan-out": {
    about: "a full table to 5,000 readers beside a server in C; readers that stop reading",
    run: async (options) => (await import("./fan-out.ts")).benchFanOut(options),
  },
  processes: {
    about: "the compiled worker's start and its memory after 10,000 tasks beside an empty program",
    run: async (options) => (await import("./processes.ts")).benchProcesses(options),
  },
  memory: {
    about:
      "the most memory each process of an installation that trades has held beside the ceilings of its unit",
    run: async (options) => (await import("./memory.ts")).benchMemory(options),
  },
  bus: {
    about: "handing out a tick's tasks on JetStream beside core NATS; what a killed server loses",
    run: async (options) => (await import("./bus.ts")).benchBus(options),
  },
  governor: {
    about: "the shortest tick beside what the venues' limits allow, on a manual clock",
    run: async (options) => (await import("./governor.ts")).benchGovernor(options),
  },
  redis: {
    about: "publishing a full table to Redis beside doing it in the event loop that trades",
    run: async () => (await import("./redis.ts")).benchRedis(),
  },
  orders: {
    about: "from a frame to the first orders of 10 among 10,000 strategies beside deciding about all of them",
    run: async (options) => (await import("./first-order.ts")).benchFirstOrder(options),
  },
  restart: {
    about:
      "a restart in the middle of 50 intents on PostgreSQL and the simulated venues beside the waits inside it",
    run: async (options) => (await import("./restart.ts")).benchRestart(options),
  },
  reads: {
    about: "authenticated reads at 200 connections on PostgreSQL beside the same query sent bare",
    run: async (options) => (await import("./reads.ts")).benchReads(options),
  },
  page: {
    about: "what the page costs in a browser at one full table a second, over a minute",
    run: async (options) => (await import("./page.ts")).benchPage(options),
  },
  decisions: {
    about: "entry and exit decisions a second on one core",
    run: async (options) => (await import("./decisions.ts")).benchDecisions(options),
  },
};

const HELP = `bun run bench [--all] [--json] [SECTION ...]

Measures the targets and prints a line for each: the verdict, name and figure, what was measured beside it in the
same run, the target. Exits with 0 also where a line is short. Progress goes to standard error.

  --all    everything at full length (10,000,000 values against exact arithmetic, five of memory)
  --json   one object a line instead

Sections, all by default:
${Object.entries(SECTIONS)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join("\n")}
`;

interface SectionLine extends BenchLine {
  readonly section: string;
}

function lineText({ section, name, figure, unit, comparison, target, ok }: SectionLine): string {
  return `${ok ? "ok   " : "short"} ${section}: ${name}: ${figure} ${unit} | ${comparison} | target: ${target}`;
}

async function runSection(name: string, all: boolean): Promise<SectionLine[]> {
  const progress = (text: string) => process.stderr.write(`[${name}] ${text}\n`);
  const lines = await SECTIONS[name]!.run({ all, progress });
  return lines.map((line) => ({ section: name, ...line }));
}

/** Runs a section in a process of its own; a section that fails is a short line of its own. */
async function spawnSection(name: string, all: boolean): Promise<SectionLine[]> {
  const child = Bun.spawn([process.execPath, import.meta.path, "--json", ...(all ? ["--all"] : []), name], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) === 0) {
    const objects = output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    return objects.filter((object) => "section" in object);
  }
  return [
    {
      section: name,
      name: "not measured",
      figure: 0,
      unit: "lines",
      comparison: "see standard error",
      target: "none missing",
      ok: false,
    },
  ];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      json: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = positionals.filter((name) => !(name in SECTIONS));
  if (unknown.length > 0) {
    process.stderr.write(`no section named ${unknown.join(", ")}\n\n${HELP}`);
    return 2;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(SECTIONS);
  const load = () => loadavg().map((value) => round(value, 2));
  const loadBefore = load();
  let okCount = 0;
  let shortCount = 0;
  for (const name of names) {
    const lines =
      names.length === 1 ? await runSection(name, values.all) : await spawnSection(name, values.all);
    for (const line of lines) {
      if (line.ok) okCount++;
      else shortCount++;
      process.stdout.write(`${values.json ? JSON.stringify(line) : lineText(line)}\n`);
    }
  }
  const summary = { ok: okCount, short: shortCount, cores: cpus().length, loadBefore, loadAfter: load() };
  process.stdout.write(
    values.json
      ? `${JSON.stringify(summary)}\n`
      : `${okCount} ok, ${shortCount} short; ${summary.cores} cores, load average ${loadBefore.join(" ")} before, ` +
          `${summary.loadAfter.join(" ")} after, Bun ${Bun.version}\n`,
  );
  return 0;
}

process.exitCode = await main();
