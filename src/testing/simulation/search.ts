// Exhaustive search of the real engine over one entry, or one exit, on one pair: every sequence of faults up to a
// number, in memory, each run from the beginning.

import type { PairKey } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { Chances } from "./chances.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { Stage } from "./stage.ts";

export interface SearchResult {
  readonly runs: number;
  readonly crashes: number;
  readonly lives: number;
  readonly drawn: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
}

export interface SearchOptions {
  readonly pair: PairKey;
  readonly what: "entry" | "exit" | "part";
  readonly faultsMax: number;
  readonly multiplier?: number;
  readonly positionMode?: "one-way" | "hedge";
  /** Several processes may share the work: each takes the runs whose first choices fall to it. */
  readonly share?: { readonly index: number; readonly count: number };
}

/** Throws with the trace of the first run that breaks a promise. */
export async function searchEngine(options: SearchOptions): Promise<SearchResult> {
  const { faultsMax, share = { index: 0, count: 1 } } = options;
  const drawn = new Map<string, number>();
  const ends = new Map<string, number>();
  let [crashes, lives, runs] = [0, 0, 0];
  let prefix: readonly number[] = [];
  for (;;) {
    const taken: number[] = [];
    const counts: number[] = [];
    let faults = 0;
    const chances = new Chances((count) => {
      const choice = prefix[taken.length] ?? 0;
      counts.push(faults < faultsMax ? count : 1);
      taken.push(choice);
      if (choice > 0) faults++;
      return choice;
    });
    if (isOurs(prefix, share)) {
      runs++;
      const end = await runOnce(options, chances);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      crashes += chances.crashes;
      for (const [what, count] of chances.drawn) drawn.set(what, (drawn.get(what) ?? 0) + count);
      lives += 1 + chances.crashes;
    } else await runOnce(options, chances);
    let at = taken.length - 1;
    while (at >= 0 && taken[at]! + 1 >= counts[at]!) at--;
    if (at < 0) return { runs, crashes, lives, drawn, ends };
    prefix = [...taken.slice(0, at), taken[at]! + 1];
  }
}

function isOurs(prefix: readonly number[], { index, count }: { index: number; count: number }): boolean {
  if (count === 1) return true;
  const first = prefix.findIndex((choice) => choice > 0);
  return Math.max(first, 0) % count === index;
}

async function runOnce(options: SearchOptions, chances: Chances): Promise<string> {
  const { pair, what, multiplier, positionMode } = options;
  const journal = new MemoryJournal();
  const gate = { open: what === "entry" };
  const stage = new Stage({
    pair,
    journal,
    newFence: async () => ++journal.fence,
    ...(multiplier ? { multiplier } : {}),
    ...(positionMode ? { positionMode } : {}),
    chances: {
      store: (call) => (gate.open ? chances.store(call) : "ok"),
      send: (order) => (gate.open ? chances.send(order) : "ok"),
    },
  });
  stage.world.faults.hook = (request) => (gate.open ? chances.request(request) : undefined);
  try {
    const entered = await stage.enter();
    if (what === "entry") {
      await stage.check();
      return entered.state;
    }
    gate.open = true;
    const position = (await stage.position())!;
    const half = position.entries[0]!.qtyCoin;
    const contracts = half
      .dividedBy((await stage.rules()).multiplier, 0, "down")
      .dividedBy(Decimal.of(2), 0, "down");
    const left = await stage.leave(position, what === "part" ? contracts : undefined);
    await stage.check();
    return left.state;
  } catch (error) {
    const said = stage.log.lines.map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`);
    throw new Error(
      `${pair} ${what}: ${(error as Error).message}\n  ${chances.trace.join("\n  ")}\n${said.join("\n")}`,
      { cause: error },
    );
  }
}
