// Stories of the whole engine, decisions included: a few users with slices to spend enter, add on and leave over several
// coins whose rates jump about, while hedges are refused and processes die. What the other stories do not take, who
// enters how often, is held here against the strategy: its entries over all coins are never more than its slices.

import { Decimal } from "../../domain/decimal.ts";
import { EngineState } from "../../trading/engine-state.ts";
import { EngineRig, traderOf } from "../engine/rig.ts";
import { Dice } from "./dice.ts";
import { StoryBroken } from "./seeded.ts";

const COINS = ["XRP", "DOGE", "SOL", "ADA"] as const;
const ROUNDS = 14;
/** Longer than a hedge that was refused is sold back. */
const SETTLED_MS = 30_000;
/** KRW per USDT: below 1,400 everybody enters, at 1,420 everybody leaves. */
const RATES = [1_370, 1_384, 1_396, 1_396, 1_405, 1_425] as const;

/** Replaces something of the engine and returns what puts it back. */
export type DeskPlant = () => () => void;

/** Entries are counted on the coin that is looked at, not over all coins of the strategy. */
export const countedPerCoin: DeskPlant = () => {
  const { basis, isFull } = EngineState.prototype;
  EngineState.prototype.basis = function (trader, coin, ...rest) {
    const ofCoin = this.ofUser(trader.userId).filter((position) => position.coin === coin);
    const openEntryCount = ofCoin.reduce((sum, { entries }) => sum + entries.length, 0);
    return { ...basis.call(this, trader, coin, ...rest), openEntryCount };
  };
  EngineState.prototype.isFull = () => false;
  return () => Object.assign(EngineState.prototype, { basis, isFull });
};

/** Rejects with StoryBroken; resolves with how many entries there were in all. */
export async function playDesk(seed: number, plant?: DeskPlant): Promise<number> {
  const restore = plant?.();
  const trace: string[] = [];
  const story = new DeskStory(seed, trace);
  try {
    return await story.play();
  } catch (error) {
    throw new StoryBroken(seed, trace, error);
  } finally {
    await story.end();
    restore?.();
  }
}

class DeskStory {
  readonly #dice: Dice;
  readonly #rig: EngineRig;
  readonly #slices: ReadonlyMap<number, number>;

  constructor(
    seed: number,
    private readonly trace: string[],
  ) {
    this.#dice = new Dice(seed);
    const users = this.#dice.whole(1, 3);
    this.#rig = new EngineRig({ coins: COINS, users });
    this.#slices = new Map(Array.from({ length: users }, (_, index) => [index + 1, this.#dice.whole(1, 4)]));
    this.#rig.traders.set(
      [...this.#slices].map(([userId, seedDivision]) =>
        traderOf(userId, {
          ...{ seedDivision, seedAmountKrw: Decimal.of(seedDivision * 1_000_000) },
          ...{ allowAverageDown: this.#dice.chance(0.7), allowAverageUp: this.#dice.chance(0.3) },
        }),
      ),
    );
  }

  async play(): Promise<number> {
    await this.#rig.start();
    this.#check("at the start");
    for (let round = 1; round <= ROUNDS; round++) {
      for (const coin of COINS) {
        const rate = this.#dice.of(RATES);
        this.#rig.market.setRate(coin, rate);
        this.trace.push(`round ${round}: ${coin} at ${rate}`);
      }
      await this.#mishap();
      for (let tick = 0; tick < 3; tick++) {
        await this.#rig.tick();
        this.#check(`round ${round}, tick ${tick + 1}`);
      }
      this.#rig.skip(this.#dice.of([5_000, 61_000, 700_000]));
    }
    await this.#rig.pass(SETTLED_MS);
    const faults = this.#rig.faults();
    if (faults.length > 0) throw new Error(`expected the money to be right, was ${faults.join("; ")}`);
    return this.#rig.intents("entry").length;
  }

  async end(): Promise<void> {
    await this.#rig.stop();
  }

  async #mishap(): Promise<void> {
    if (this.#dice.chance(0.2)) {
      this.trace.push("three hedges are refused");
      this.#rig.world.faults.arm({ purpose: "hedge", times: 3 }, { refuse: "closed" });
    }
    if (this.#dice.chance(0.15)) {
      this.trace.push("the process dies, another follows");
      await this.#rig.restart();
    }
  }

  #check(when: string): void {
    for (const [userId, slices] of this.#slices) {
      const held = this.#rig.journal.positions.filter(
        (position) => position.userId === userId && position.closedAtMs === undefined,
      );
      const entries = held.reduce((sum, position) => sum + position.entries.length, 0);
      const coins = held.map(({ coin, entries: of }) => `${coin} ${of.length}`).join(", ");
      this.trace.push(`${when}: user ${userId} holds ${coins || "nothing"}`);
      if (entries > slices) {
        throw new Error(`expected at most ${slices} entries of user ${userId} over all coins, was ${coins}`);
      }
    }
  }
}
