// The exhaustive search of every entry and exit on each pair, shared by several processes: each runs the sequences whose
// first fault falls to it, and tells its figures as JSON lines.

import { join } from "node:path";
import { PAIR_KEYS } from "../../schema/vocabulary.ts";
import { type Share, searchEngine } from "../../src/testing/simulation/search.ts";

interface Part {
  readonly name: string;
  readonly runs: number;
  readonly crashes: number;
  readonly ends: Readonly<Record<string, number>>;
}

/** One process's part; throws with the trace of the first sequence that breaks a promise. */
export async function searchPart(faultsMax: number, share: Share): Promise<void> {
  for (const pair of PAIR_KEYS) {
    for (const story of ["entry", "exit"] as const) {
      const { runs, crashes, ends } = await searchEngine({ pair, story, faultsMax, share });
      const part: Part = { name: `${pair} ${story}`, runs, crashes, ends: Object.fromEntries(ends) };
      process.stdout.write(`${JSON.stringify(part)}\n`);
    }
  }
}

/** Returns whether all went well; a broken sequence is told by the process that met it. */
export async function searchAll(faultsMax: number, count: number): Promise<boolean> {
  const script = join(import.meta.dir, "../simulate.ts");
  const options = ["--search", `${faultsMax}`, "--processes", `${count}`, "--json"];
  const children = Array.from({ length: count }, (_, index) =>
    Bun.spawn([process.execPath, script, ...options, "--share", `${index + 1}`], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const texts = await Promise.all(children.map((child) => new Response(child.stdout).text()));
  const codes = await Promise.all(children.map((child) => child.exited));
  const parts = texts.flatMap((text) => text.trim().split("\n")).filter((line) => line !== "");
  const sums = new Map<string, Part>();
  for (const part of parts.map((line) => JSON.parse(line) as Part)) {
    const sum = sums.get(part.name);
    sums.set(part.name, sum ? added(sum, part) : part);
  }
  for (const { name, runs, crashes, ends } of sums.values())
    process.stdout.write(
      `${name}: ${runs} runs, ${crashes} crashes injected, ends ${JSON.stringify(ends)}\n`,
    );
  const runs = [...sums.values()].reduce((sum, part) => sum + part.runs, 0);
  process.stdout.write(`${runs} runs with up to ${faultsMax} faults\n`);
  return codes.every((code) => code === 0);
}

function added(a: Part, b: Part): Part {
  const ends = { ...a.ends };
  for (const [end, count] of Object.entries(b.ends)) ends[end] = (ends[end] ?? 0) + count;
  return { name: a.name, runs: a.runs + b.runs, crashes: a.crashes + b.crashes, ends };
}
