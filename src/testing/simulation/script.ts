// What a seed makes of a story before it begins: the ground, the users and what they do, and how rough it gets.

import { PAIR_KEYS, type PairKey } from "../../../schema/vocabulary.ts";
import type { Dice } from "./dice.ts";
import type { GroundOptions } from "./ground.ts";

export type Action =
  | { readonly kind: "enter"; readonly pauseMs: number; readonly sliceKrw: number }
  /** As much of the position; all of it when what would be left is too little. */
  | { readonly kind: "leave"; readonly pauseMs: number; readonly part: number };

export interface Script {
  readonly ground: Omit<GroundOptions, "random" | "latencyMs"> & { readonly pair: PairKey };
  readonly actions: readonly (readonly Action[])[];
  /** Chances of a fault per step. */
  readonly rates: {
    readonly place: number;
    readonly lookup: number;
    readonly read: number;
    readonly store: number;
    readonly send: number;
    readonly lease: number;
  };
  /** Mean lengths between what happens around; Infinity: never. */
  readonly everyMs: {
    readonly storeAway: number;
    readonly venueAway: number;
    readonly byHand: number;
    readonly books: number;
  };
  /** Largest move of the books at a time. */
  readonly driftRatio: number;
  /** How likely a move leaves them thin. */
  readonly thinRatio: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export function scriptOf(dice: Dice): Script {
  const userCount = dice.of([1, 1, 2, 3]);
  const contracts = dice.of([
    { multiplier: 1, overseasLot: "0.1" },
    { multiplier: 1, overseasLot: "1" },
    { multiplier: 1, overseasLot: "10" },
    { multiplier: 1000, overseasLot: "0.001" },
    { multiplier: 1000, overseasLot: "0.01" },
  ]);
  const inChunks = dice.chance(0.2);
  return {
    ground: {
      pair: dice.of(PAIR_KEYS),
      ...contracts,
      ...(inChunks ? { qtyMaxMarket: contracts.multiplier === 1 ? "100" : "0.1" } : {}),
      users: Array.from({ length: userCount }, (_, index) => ({
        user: `user-${index + 1}`,
        positionMode: dice.of(["one-way", "hedge"] as const),
        feesInBnb: dice.chance(0.3),
      })),
    },
    actions: Array.from({ length: userCount }, () => actionsOf(dice)),
    rates: {
      place: dice.of([0, 0.1, 0.3, 0.5]),
      lookup: dice.of([0, 0.1, 0.3]),
      read: dice.of([0, 0.2]),
      store: dice.of([0, 0, 0.02, 0.06]),
      send: dice.of([0, 0, 0.05, 0.15]),
      lease: dice.of([0, 0, 0.01]),
    },
    everyMs: {
      storeAway: dice.of([NEVER, NEVER, 40_000]),
      venueAway: dice.of([NEVER, NEVER, 40_000]),
      byHand: dice.of([NEVER, NEVER, NEVER, 25_000]),
      books: dice.of([2_000, 5_000]),
    },
    driftRatio: dice.of([0, 0.001, 0.004]),
    thinRatio: dice.of([0, 0, 0.3]),
  };
}

function actionsOf(dice: Dice): readonly Action[] {
  return Array.from({ length: dice.whole(2, 5) }, (_, index) => {
    const pauseMs = dice.whole(0, 5_000);
    if (index === 0 || dice.chance(0.5))
      return { kind: "enter", pauseMs, sliceKrw: dice.of([150_000, 300_000, 600_000]) };
    return { kind: "leave", pauseMs, part: dice.of([0.3, 0.5, 1]) };
  });
}
