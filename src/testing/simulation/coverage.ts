// What many stories have been through together: states and moves of the diagram, faults alone and in pairs, at which
// steps processes were killed. Stories come as plain values, so that other processes can send them.

import { INTENT_KINDS, INTENT_MOVES } from "../../domain/intent.ts";
import type { StoryResult } from "./seeded.ts";

export type StoryFacts = ReturnType<typeof factsOf>;

/** What is kept of a story, as JSON can carry it. */
export function factsOf(result: StoryResult) {
  const { seed, script, intents, orders, lives, crashes, duplicates, kinds } = result;
  return {
    ...{ seed, intents, orders, lives, crashes, duplicates, kinds },
    pair: script.ground.pair,
    users: script.ground.users.length,
    exposureCoin: result.worstExposureCoin.toFloat(),
    dustCoin: result.worstDustCoin.toFloat(),
    moves: Object.fromEntries(result.moves),
    drawn: Object.fromEntries(result.drawn),
    secondLegsMs: result.secondLegsMs,
  };
}

const COIN_KRW = 2_792;
/** Specification 8.3: the 99th of 100 second legs that were refused is hedged or flat within this. */
export const SECOND_LEG_P99_MS_MAX = 3_000;
const SECOND_LEGS_MIN = 100;

const TOTALS = ["intents", "orders", "lives", "crashes", "duplicates"] as const;
const WORST = ["exposureCoin", "dustCoin"] as const;

export class Coverage {
  stories = 0;
  readonly #totals: Record<(typeof TOTALS)[number], number> = {
    intents: 0,
    orders: 0,
    lives: 0,
    crashes: 0,
    duplicates: 0,
  };
  readonly #worst: Record<(typeof WORST)[number], number> = { exposureCoin: 0, dustCoin: 0 };
  readonly #moves = new Map<string, number>();
  readonly #drawn = new Map<string, number>();
  readonly #kinds = new Map<string, number>();
  readonly #pairs = new Set<string>();
  readonly #venues = new Map<string, number>();
  readonly #secondLegsMs: number[] = [];

  add(facts: StoryFacts): void {
    this.stories++;
    for (const name of TOTALS) this.#totals[name] += facts[name];
    for (const name of WORST) this.#worst[name] = Math.max(this.#worst[name], facts[name]);
    for (const [move, count] of Object.entries(facts.moves)) countIn(this.#moves, move, count);
    for (const [fault, count] of Object.entries(facts.drawn)) countIn(this.#drawn, fault, count);
    for (const kind of facts.kinds) countIn(this.#kinds, kind);
    countIn(this.#venues, facts.pair);
    const kinds = facts.kinds.toSorted();
    for (const [at, one] of kinds.entries()) {
      for (const other of kinds.slice(at + 1)) this.#pairs.add(`${one} + ${other}`);
    }
    this.#secondLegsMs.push(...facts.secondLegsMs);
  }

  /** Undefined below a hundred of them. */
  get secondLegP99Ms(): number | undefined {
    const sorted = this.#secondLegsMs.toSorted((a, b) => a - b);
    return sorted.length < SECOND_LEGS_MIN ? undefined : sorted[Math.ceil(sorted.length * 0.99) - 1];
  }

  movesMissing(): string[] {
    return allMoves().filter((move) => !this.#moves.has(move));
  }

  lines(): string[] {
    const kinds = this.#kinds.size;
    const seen = allMoves().filter((move) => this.#moves.has(move));
    return [
      `pairs of venues: ${listOf(this.#venues)}`,
      `moves of the diagram: ${seen.length} of ${allMoves().length}`,
      ...seen.map((move) => `  ${String(this.#moves.get(move)).padStart(7)}  ${move}`),
      ...this.movesMissing().map((move) => `        -  ${move}`),
      `faults: ${kinds} kinds; ${this.#pairs.size} of ${(kinds * (kinds - 1)) / 2} pairs met in one story`,
      ...sorted(this.#kinds).map(([kind, count]) => `  ${String(count).padStart(7)}  ${kind}`),
      "processes killed, by step (before and after a call of the store; without and with the order sent):",
      ...this.#crashLines(),
      this.#secondLegLine(),
    ];
  }

  #crashLines(): string[] {
    const steps = new Map<string, [number, number]>();
    for (const [name, count] of this.#drawn) {
      const match = /^(.*) crash-(before|after|unsent|sent)$/.exec(name);
      if (!match) continue;
      const step = steps.get(match[1]!) ?? [0, 0];
      step[match[2] === "before" || match[2] === "unsent" ? 0 : 1] += count;
      steps.set(match[1]!, step);
    }
    return sorted(steps).map(
      ([step, [before, after]]) => `  ${String(before).padStart(7)} ${String(after).padStart(7)}  ${step}`,
    );
  }

  #secondLegLine(): string {
    const count = this.#secondLegsMs.length;
    const p99 = this.secondLegP99Ms;
    const most = count > 0 ? `, at most ${Math.max(...this.#secondLegsMs)} ms` : "";
    return `second legs refused while all else answered: ${count}${p99 === undefined ? "" : `, p99 ${p99} ms`}${most}`;
  }

  /** The last line of a run. */
  summary(): string {
    const { crashes, orders, duplicates, intents } = this.#totals;
    const { exposureCoin, dustCoin } = this.#worst;
    const krw = (coins: number) => Math.round(coins * COIN_KRW).toLocaleString("en-US");
    return (
      `${this.stories} runs, ${intents} intents, ${crashes} crashes injected, ${orders} orders, ` +
      `${duplicates} duplicates, worst exposure ${exposureCoin} coins (${krw(exposureCoin)} KRW) under way, ` +
      `${dustCoin} coins (${krw(dustCoin)} KRW) after recovery`
    );
  }
}

function allMoves(): string[] {
  return INTENT_KINDS.flatMap((kind) =>
    Object.entries(INTENT_MOVES[kind]).flatMap(([from, to]) =>
      to.map((state) => `${kind} ${from} > ${state}`),
    ),
  );
}

function countIn(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

function sorted<T>(counts: ReadonlyMap<string, T>): [string, T][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return sorted(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
