// One long story from one seed: users enter, add, leave in parts and whole, on the production journal, with processes
// that crash and freeze, venues and a store that go away, and users who trade by hand. Everything that happens is a
// function of the seed. After it, and again after everybody has left, what must hold is checked.

import type { Database } from "../../adapters/store/database.ts";
import { createJournal } from "../../adapters/store/journal.ts";
import { addUser, clearJournal } from "../../adapters/store/journal-fixtures.ts";
import { createLeaseStore } from "../../adapters/store/lease.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Journal, LeaseStore } from "../../ports/journal.ts";
import { ManualClock } from "../manual-clock.ts";
import { Chances } from "./chances.ts";
import { Broken, checkHolder, checkWorld } from "./checks.ts";
import { Chronicle } from "./chronicle.ts";
import { Dice } from "./dice.ts";
import { LONG_MENUS } from "./fault-menus.ts";
import { COIN, Ground } from "./ground.ts";
import { checkKarbit, checkProfits } from "./karbit-view.ts";
import { Life } from "./life.ts";
import type { Plant } from "./plant.ts";
import { RowWatch } from "./row-watch.ts";
import { type Script, scriptOf } from "./script.ts";
import { secondLegsMs } from "./second-leg.ts";
import { StoreFront } from "./store-front.ts";
import { startProcess, Trader } from "./trading-process.ts";
import { Weather } from "./weather.ts";

const STORY_MS_MAX = 3_600_000;
const RESTART_MS = 1_000;
/** The longest a request may still be on its way: at Upbit, in these worlds. */
const UNDERWAY_MS = 130_000;
const IDLE_LOOK_MS = 2_000;
const FREEZE_MS = [500, 40_000] as const;
const PROCESSES_MAX = 2;

export interface StoryResult {
  readonly seed: number;
  readonly script: Script;
  readonly intents: number;
  readonly orders: number;
  readonly lives: number;
  readonly crashes: number;
  readonly duplicates: number;
  /** The most coins of one user that were not covered at any instant, and those left in the end; hand apart. */
  readonly worstExposureCoin: Decimal;
  readonly worstDustCoin: Decimal;
  readonly moves: ReadonlyMap<string, number>;
  readonly drawn: ReadonlyMap<string, number>;
  readonly kinds: readonly string[];
  /** From the refusal of a second leg to hedged or flat, ms of simulated time, where all else answered. */
  readonly secondLegsMs: readonly number[];
  readonly trace: readonly string[];
}

/** A story that broke a promise. */
export class StoryBroken extends Error {
  override name = "StoryBroken";
  constructor(
    readonly seed: number,
    readonly trace: readonly string[],
    cause: unknown,
  ) {
    super(`seed ${seed}: ${(cause as Error).message}`, { cause });
  }
}

export async function playSeed(
  database: Database,
  seed: number,
  options: { readonly plant?: Plant } = {},
): Promise<StoryResult> {
  const story = new Story(database, seed, options.plant);
  try {
    return await story.play();
  } catch (error) {
    throw new StoryBroken(seed, story.chronicle.lines, error);
  }
}

class Story {
  readonly #clock = new ManualClock(Date.UTC(2026, 0, 5));
  readonly chronicle = new Chronicle(this.#clock);
  readonly #dice: Dice;
  readonly #script: Script;
  readonly #ground: Ground;
  readonly #watch = new RowWatch();
  readonly #front = new StoreFront(this.#clock);
  readonly #journal: Journal;
  readonly #lease: LeaseStore;
  readonly #chances: Chances;
  readonly #traders: Trader[] = [];
  readonly #lives = new Set<Life>();
  #isCalm = false;
  #isStopped = false;
  #defect: unknown;
  #weather: Weather | undefined;
  #lifeCount = 0;
  #idleLookAtMs = 0;
  #idleLooks = 0;
  #worstExposureCoin = Decimal.ZERO;
  #worstDustCoin = Decimal.ZERO;

  constructor(
    private readonly database: Database,
    private readonly seed: number,
    private readonly plant: Plant | undefined,
  ) {
    this.#dice = new Dice(seed);
    this.#script = scriptOf(this.#dice);
    const dice = new Dice(this.#dice.whole(0, 2 ** 31));
    this.#ground = new Ground(this.#clock, {
      ...this.#script.ground,
      random: dice.next,
      latencyMs: () => dice.whole(20, 120),
    });
    this.#journal = this.#front.real(createJournal(database));
    this.#lease = this.#front.lease(this.#front.real(createLeaseStore(database)));
    this.#chances = new Chances(
      (count, step) => this.#pick(count, step),
      LONG_MENUS,
      (step, choice, detail) => this.#drew(step, choice, detail),
    );
    this.#ground.world.faults.hook = this.#chances.request;
  }

  #pick(count: number, step: string): number {
    if (this.#isCalm) return 0;
    const kind = /^store (acquire|release)/.test(step) ? "lease" : step.split(" ")[0]!;
    const rate = this.#script.rates[kind as keyof Script["rates"]];
    return this.#dice.chance(rate) ? this.#dice.whole(1, count - 1) : 0;
  }

  #drew(step: string, choice: string, detail: string): void {
    const kind = `${step.split(" ")[0]} ${choice}`;
    this.chronicle.tell(`fault: ${detail}: ${choice}`);
    // A second leg that is refused or filled in part is what the promise about time is for.
    if (step === "place hedge" && /^(refused|limited|nothing|part$|sliver|nearly)/.test(choice))
      this.chronicle.met(kind);
    else this.chronicle.rough(kind);
  }

  async play(): Promise<StoryResult> {
    await clearJournal(this.database);
    for (const [index, { user }] of this.#script.ground.users.entries()) {
      const { userId, strategyId } = await addUser(this.database);
      this.#traders.push(new Trader(user, userId, strategyId, this.#script.actions[index]!));
    }
    const weather = this.#makeWeather();
    weather.start();
    this.#weather = weather;
    this.#start();
    await this.#driveUntilIdle();
    this.#isCalm = true;
    weather.clear();
    await this.#settle();
    await this.#check();
    // Everybody leaves what is still open, by a process that knows the store alone.
    this.#isStopped = false;
    this.#idleLooks = 0;
    for (const trader of this.#traders) trader.wants.push({ kind: "leave", pauseMs: 0, part: 1 });
    this.#start();
    await this.#driveUntilIdle();
    await this.#settle();
    const open = await this.#check();
    if (open > 0) throw new Broken(`expected every position to be left, were ${open} open`);
    return await this.#result();
  }

  #makeWeather(): Weather {
    return new Weather({
      ...{ clock: this.#clock, ground: this.#ground, front: this.#front, script: this.#script },
      dice: new Dice(this.#dice.whole(0, 2 ** 31)),
      chronicle: this.chronicle,
      isEntering: (user) => this.#traders.some((trader) => trader.user === user && trader.isEntering),
    });
  }

  #start(): void {
    const life = new Life(this.#chances, {
      send: this.#watch.onSend,
      freeze: () => this.#freeze(),
    });
    this.#lives.add(life);
    const holder = `process-${++this.#lifeCount}`;
    this.chronicle.tell(`${holder} starts`);
    startProcess(
      {
        ground: this.#ground,
        log: this.chronicle.log(),
        journal: this.#front.reached(this.#watch.journal(this.#journal)),
        lease: this.#front.reached(this.#lease),
        traders: this.#traders,
        plant: this.plant,
        tell: (what) => this.chronicle.tell(what),
        onTrouble: (user, what) => this.#weather?.hand.help(user, what),
        onDefect: (error) => {
          this.#defect ??= error;
        },
      },
      life,
      holder,
    );
    void life.died.then(async () => {
      this.#lives.delete(life);
      this.chronicle.tell(`${holder} is dead`);
      if (this.#isStopped) return;
      await this.#clock.sleep(RESTART_MS);
      if (!this.#isStopped && this.#lives.size < PROCESSES_MAX) this.#start();
    });
  }

  /** A frozen process is taken for dead, and somebody else started. */
  async #freeze(): Promise<void> {
    const forMs = this.#dice.whole(...FREEZE_MS);
    this.chronicle.rough("frozen", forMs);
    this.chronicle.tell(`frozen for ${forMs} ms`);
    if (this.#lives.size < PROCESSES_MAX) this.#start();
    await this.#clock.sleep(forMs);
    this.chronicle.tell("thawed");
  }

  /** Lets time pass, but only while no call of the database is under way, until nobody has anything to do. */
  async #driveUntilIdle(): Promise<void> {
    const untilMs = this.#clock.nowMs() + STORY_MS_MAX;
    for (;;) {
      await this.#quiet();
      if (this.#defect !== undefined) throw this.#defect;
      if (this.#watch.broken.length > 0) throw new Broken(this.#watch.broken.join("; "));
      if (await this.#isIdle()) return;
      const atMs = this.#clock.nextWakeAtMs;
      if (atMs === undefined) throw new Broken("expected the story to go on, but nobody waits for the clock");
      if (atMs > untilMs) throw new Broken(`expected an end within ${STORY_MS_MAX} ms`);
      this.#seeExposure();
      await this.#clock.advanceTo(Math.max(atMs, this.#clock.nowMs()));
    }
  }

  /** Nobody wants anything, and twice in a row nothing was running. */
  async #isIdle(): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    if (this.#traders.some(({ wants }) => wants.length > 0)) this.#idleLooks = 0;
    else if (nowMs - this.#idleLookAtMs >= IDLE_LOOK_MS) {
      this.#idleLookAtMs = nowMs;
      this.#idleLooks = (await this.#journal.unfinished("live")).length === 0 ? this.#idleLooks + 1 : 0;
    }
    return this.#idleLooks >= 2;
  }

  async #quiet(): Promise<void> {
    for (let calls = -1; calls !== this.#front.calls; ) {
      calls = this.#front.calls;
      await this.#front.quiet();
      await this.#clock.advance(0);
    }
  }

  /** Every process ends, and what is on its way arrives. */
  async #settle(): Promise<void> {
    this.#isStopped = true;
    for (const life of this.#lives) life.kill();
    this.#lives.clear();
    await this.#quiet();
    await this.#clock.advance(UNDERWAY_MS);
    await this.#quiet();
  }

  #seeExposure(): void {
    if (Number.isFinite(this.#script.everyMs.byHand)) return;
    for (const { user } of this.#traders) {
      const exposure = this.#ground.world.exposure(user, COIN).abs();
      this.#worstExposureCoin = Decimal.max(this.#worstExposureCoin, exposure);
    }
  }

  /** How many positions are open. */
  async #check(): Promise<number> {
    if (this.#watch.broken.length > 0) throw new Broken(this.#watch.broken.join("; "));
    checkWorld(this.#ground);
    let open = 0;
    for (const trader of this.#traders) {
      const held = await checkHolder(this.#ground, this.#journal, trader);
      this.#worstDustCoin = Decimal.max(this.#worstDustCoin, held.dustCoin);
      if (held.position) open++;
      const exits = this.#watch.exits
        .filter(({ intentId }) => trader.intentIds.includes(intentId))
        .map(({ end }) => end);
      checkProfits(exits);
      await checkKarbit(this.database, trader.userId, held.position, exits);
    }
    return open;
  }

  async #result(): Promise<StoryResult> {
    const ids = this.#traders.flatMap(({ intentIds }) => intentIds);
    const files = (await Promise.all(ids.map((id) => this.#journal.file(id)))).filter(
      (file) => file !== undefined,
    );
    return {
      ...{ seed: this.seed, script: this.#script },
      intents: files.length,
      orders: this.#watch.orders,
      lives: this.#lifeCount,
      crashes: this.#chances.crashes,
      duplicates: this.#ground.world.idsExecutedTwice().length,
      worstExposureCoin: this.#worstExposureCoin,
      worstDustCoin: this.#worstDustCoin,
      moves: this.#watch.moves,
      drawn: this.#chances.drawn,
      kinds: [...this.chronicle.kinds],
      secondLegsMs: secondLegsMs(files, this.chronicle),
      trace: this.chronicle.lines,
    };
  }
}
