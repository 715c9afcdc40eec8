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

const SEARCHED = ["entry", "exit"] as const;
const PARTS = PAIR_KEYS.length * SEARCHED.length;

/** One process's part; throws with the trace of the first sequence that breaks a promise. */
export async function searchPart(faultsMax: number, share: Share): Promise<void> {
  for (const pair of PAIR_KEYS) {
    for (const story of SEARCHED) {
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
  const sums = new Map<string, Part>();
  const begunMs = performance.now();
  let heard = 0;
  const hear = async (lines: ReadableStream<string>) => {
    for await (const line of lines) {
      const part = JSON.parse(line) as Part;
      const sum = sums.get(part.name);
      sums.set(part.name, sum ? added(sum, part) : part);
      const minutes = ((performance.now() - begunMs) / 60_000).toFixed(1);
      console.error(
        `${++heard} of ${PARTS * count} parts after ${minutes} min: ${part.name}, ${part.runs} runs`,
      );
    }
  };
  await Promise.all(children.map((child) => hear(linesOf(child.stdout))));
  const codes = await Promise.all(children.map((child) => child.exited));
  for (const { name, runs, crashes, ends } of sums.values())
    process.stdout.write(
      `${name}: ${runs} runs, ${crashes} crashes injected, ends ${JSON.stringify(ends)}\n`,
    );
  const runs = [...sums.values()].reduce((sum, part) => sum + part.runs, 0);
  process.stdout.write(`${runs} runs with up to ${faultsMax} faults\n`);
  return codes.every((code) => code === 0);
}

/** Whole lines without their ends, empty ones left out. */
function linesOf(bytes: ReadableStream<Uint8Array>): ReadableStream<string> {
  let rest = "";
  const split = new TransformStream<string, string>({
    transform(text, out) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line !== "") out.enqueue(line);
    },
  });
  return bytes.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).pipeThrough(split);
}

function added(a: Part, b: Part): Part {
  const ends = { ...a.ends };
  for (const [end, count] of Object.entries(b.ends)) ends[end] = (ends[end] ?? 0) + count;
  return { name: a.name, runs: a.runs + b.runs, crashes: a.crashes + b.crashes, ends };
}
