// Stories one after the other in this process, or shared by several: each tells its stories as JSON lines.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { openTestPglite } from "../../src/testing/pglite.ts";
import { factsOf, type StoryFacts } from "../../src/testing/simulation/coverage.ts";
import { playSeed, StoryBroken } from "../../src/testing/simulation/seeded.ts";
import type { Arguments } from "./arguments.ts";

export type Told =
  | { readonly kind: "ok"; readonly facts: StoryFacts; readonly trace: readonly string[] }
  | {
      readonly kind: "broken";
      readonly seed: number;
      readonly why: string;
      readonly trace: readonly string[];
    };

export async function playHere(args: Arguments, tell: (told: Told) => void): Promise<void> {
  const database = await openTestPglite();
  try {
    for (let seed = args.from; seed < args.from + args.seeds; seed++) {
      try {
        const result = await playSeed(database, seed);
        tell({ kind: "ok", facts: factsOf(result), trace: result.trace });
      } catch (error) {
        if (!(error instanceof StoryBroken)) throw error;
        tell({ kind: "broken", seed, why: error.message, trace: error.trace });
      }
    }
  } finally {
    await database.close();
  }
}

export function processesOf({ seeds, processes, trace }: Arguments): number {
  return trace ? 1 : Math.min(processes ?? availableParallelism(), seeds);
}

/** Throws when a process ends without having told all its stories. */
export async function playShared(args: Arguments, tell: (told: Told) => void): Promise<void> {
  const count = processesOf(args);
  const each = Math.ceil(args.seeds / count);
  const shares = Array.from({ length: count }, (_, index) => {
    const from = args.from + index * each;
    return { from, seeds: Math.min(each, args.from + args.seeds - from) };
  });
  await Promise.all(shares.filter(({ seeds }) => seeds > 0).map((share) => playApart(share, tell)));
}

async function playApart(
  share: { readonly from: number; readonly seeds: number },
  tell: (told: Told) => void,
) {
  const script = join(import.meta.dir, "../simulate.ts");
  const child = Bun.spawn(
    [
      process.execPath,
      script,
      "--json",
      "--seeds",
      `${share.seeds}`,
      "--from",
      `${share.from}`,
      "--processes",
      "1",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let [told, rest] = [0, ""];
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      told++;
      tell(JSON.parse(line) as Told);
    }
  }
  await child.exited;
  if (told !== share.seeds)
    throw new Error(`expected ${share.seeds} stories from ${share.from}, were ${told}`);
}
