// Rigs for one test file: each test's are stopped after it, and the money in them is counted.

import { afterEach, expect } from "bun:test";
import { EngineRig, type RigOptions } from "./rig.ts";

export type Arrange = (rig: EngineRig) => unknown;

/** Leaves rates on one of the four pairs alone, upbit-binance: what happens then happens there. */
export const onePair: Arrange = (rig) => {
  for (const coin of rig.market.coins)
    for (const pair of ["upbit-bybit", "bithumb-bybit", "bithumb-binance"])
      rig.market.nulls.add(`${coin} ${pair}`);
};

/** Returns what makes a rig, arranged and with one process started. Call it once, at the top of a test file. */
export function rigStarter(): (options?: RigOptions, before?: Arrange) => Promise<EngineRig> {
  const rigs: EngineRig[] = [];
  afterEach(async () => {
    for (const rig of rigs.splice(0)) {
      await rig.stop();
      expect(rig.faults()).toEqual([]);
    }
  });
  return async (options = {}, before = () => undefined) => {
    const rig = new EngineRig(options);
    rigs.push(rig);
    await before(rig);
    await rig.start();
    return rig;
  };
}
