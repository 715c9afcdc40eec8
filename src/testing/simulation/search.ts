// Exhaustive search of the real engine on one pair: every sequence of faults up to a number over a short story, in
// memory, each run from the beginning.

import type { PairKey } from "../../../schema/vocabulary.ts";
import { Chances } from "./chances.ts";
import { MERGED_MENUS, SHORT_MENUS } from "./fault-menus.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { Polls } from "./polls.ts";
import { Stage } from "./stage.ts";

const MERGED_FROM_FAULTS = 3;

/** A step of a story; those between "[" and "]" are searched, the others go well. */
type Step = "[" | "]" | "enter" | "enter-half" | "leave" | "leave-half";

/**
 * - part, rest: of two exits the first, or the second
 * - add-on: a second entry on the same position
 * - dust: an entry that fills by half leaves dust, which the next one may take up and the exit sells
 */
export const STORIES = {
  entry: ["[", "enter", "]"],
  exit: ["enter", "[", "leave", "]"],
  part: ["enter", "[", "leave-half", "]", "leave"],
  rest: ["enter", "leave-half", "[", "leave", "]"],
  "add-on": ["enter", "[", "enter", "]", "leave"],
  dust: ["enter-half", "[", "enter-half", "]", "leave"],
  "dust-exit": ["enter-half", "[", "leave", "]"],
} as const satisfies Record<string, readonly Step[]>;
export type Story = keyof typeof STORIES;

export interface SearchOptions {
  readonly pair: PairKey;
  readonly story: Story;
  readonly faultsMax: number;
  readonly multiplier?: number;
  readonly overseasLot?: string;
  readonly positionMode?: "one-way" | "hedge";
  /** Leaves out faults that do what another one does (polls.ts, MERGED_MENUS). Default: from three faults on. */
  readonly merges?: boolean;
  /** Several processes may share the work: each takes the runs whose first fault falls to it. */
  readonly share?: Share;
}

export interface Share {
  readonly index: number;
  readonly count: number;
}

export interface SearchResult {
  readonly runs: number;
  readonly crashes: number;
  readonly drawn: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
}

/** Throws with the trace of the first run that breaks a promise. */
export async function searchEngine(options: SearchOptions): Promise<SearchResult> {
  const { faultsMax, share = { index: 0, count: 1 }, merges = faultsMax >= MERGED_FROM_FAULTS } = options;
  const drawn = new Map<string, number>();
  const ends = new Map<string, number>();
  let [crashes, runs] = [0, 0];
  let prefix: readonly number[] | undefined = [];
  while (prefix) {
    const taken: number[] = [];
    const counts: number[] = [];
    const wanted: readonly number[] = prefix;
    let faults = 0;
    const pick = (count: number) => {
      const choice = wanted[taken.length] ?? 0;
      counts.push(faults < faultsMax ? count : 1);
      taken.push(choice);
      if (choice > 0) faults++;
      return choice;
    };
    const polls = merges ? new Polls() : undefined;
    const chances = new Chances(pick, merges ? MERGED_MENUS : SHORT_MENUS, undefined, polls);
    const end = await runOnce(options, chances, polls);
    // The run without a fault shows everybody where the faults may be; it is counted once.
    if (faults > 0 || share.index === 0) {
      runs++;
      ends.set(end, (ends.get(end) ?? 0) + 1);
      crashes += chances.crashes;
      for (const [what, count] of chances.drawn) drawn.set(what, (drawn.get(what) ?? 0) + count);
    }
    prefix = nextPrefix(taken, counts, share);
  }
  return { runs, crashes, drawn, ends };
}

/** The next sequence, deepest choice first; whole subtrees of others are passed over without being run. */
function nextPrefix(
  taken: readonly number[],
  counts: readonly number[],
  { index, count }: Share,
): readonly number[] | undefined {
  const first = taken.findIndex((choice) => choice > 0);
  for (let at = taken.length - 1; at >= 0; at--) {
    const isFirstFault = first < 0 || at <= first;
    for (let choice = taken[at]! + 1; choice < counts[at]!; choice++) {
      if (!isFirstFault || (at + choice) % count === index) return [...taken.slice(0, at), choice];
    }
  }
  return undefined;
}

async function runOnce(options: SearchOptions, chances: Chances, polls: Polls | undefined): Promise<string> {
  const { pair, story, multiplier, overseasLot, positionMode } = options;
  const journal = new MemoryJournal();
  let isOpen = false;
  const stage = new Stage({
    ...{ pair, journal },
    newFence: async () => ++journal.fence,
    ...(multiplier ? { multiplier } : {}),
    ...(overseasLot ? { overseasLot } : {}),
    ...(positionMode ? { positionMode } : {}),
    chances: {
      store: (call, clientOrderId) => {
        if (!isOpen) return "ok";
        if (call === "move:domestic-sending" || call === "move:sending") polls?.begin(stage.clock.nowMs());
        return chances.store(call, clientOrderId);
      },
      send: (order) => (isOpen ? chances.send(order) : "ok"),
    },
  });
  stage.ground.world.faults.hook = (request) => (isOpen ? chances.request(request) : undefined);
  let end = "";
  try {
    for (const step of STORIES[story] as readonly Step[]) {
      if (step === "[" || step === "]") {
        isOpen = step === "[";
        continue;
      }
      // What was searched may have ended with nothing to leave.
      if (step.startsWith("leave") && !(await stage.position())) continue;
      const { state } = await takeStep(stage, step);
      if (isOpen) end = state;
      await stage.check();
    }
    return end;
  } catch (error) {
    const said = stage.log.lines.map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`);
    throw new Error(
      `${pair} ${story}: ${(error as Error).message}\n  ${chances.trace.join("\n  ")}\n${said.join("\n")}`,
      { cause: error },
    );
  }
}

async function takeStep(stage: Stage, step: Exclude<Step, "[" | "]">) {
  switch (step) {
    case "enter":
      return await stage.enter();
    case "enter-half":
      stage.ground.world.faults.arm({ purpose: "buy", call: "place" }, { fillRatio: 0.5 });
      return await stage.enter();
    case "leave":
      return await stage.leave();
    case "leave-half":
      return await stage.leave(0.5);
  }
}
