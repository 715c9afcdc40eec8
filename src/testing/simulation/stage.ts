// One user's entries and exits one after the other, each in as many lives as it takes, with everything that goes wrong
// chosen from outside: what the exhaustive search runs.

import type { PairKey } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { intentIdOf, isEnd } from "../../domain/intent.ts";
import { approvedFromJournal } from "../../domain/risk.ts";
import { isPassing } from "../../domain/store-fault.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import { Fenced, type IntentRow, type Journal, type OpenPosition } from "../../ports/journal.ts";
import { TermOver } from "../../trading/run-order.ts";
import { Term } from "../../trading/writer.ts";
import { ManualClock } from "../manual-clock.ts";
import { RecordingLog } from "../recording-log.ts";
import { Broken, checkHolder, checkWorld } from "./checks.ts";
import { COIN, Ground } from "./ground.ts";
import { Life, type LifeChances } from "./life.ts";
import { RowWatch } from "./row-watch.ts";
import { runIntent } from "./run-intent.ts";

export const USER = "kim";
const USER_ID = 1;
const STRATEGY_ID = 1;
const RUN_MS_MAX = 900_000;
const RESTART_MS = 1_000;
const SLICE_KRW = 600_000;
/** The longest a request may still be on its way: at Upbit, in these worlds. */
const UNDERWAY_MS = 130_000;

export interface StageOptions {
  readonly pair: PairKey;
  readonly chances: LifeChances;
  readonly journal: Journal;
  /** A new writer: the fence grows. */
  readonly newFence: () => Promise<number>;
  readonly positionMode?: "one-way" | "hedge";
  readonly multiplier?: number;
  readonly overseasLot?: string;
}

export class Stage {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 5));
  readonly log = new RecordingLog();
  readonly watch = new RowWatch();
  readonly ground: Ground;
  readonly trouble: string[] = [];
  lives = 0;
  readonly #intentIds: string[] = [];

  constructor(readonly options: StageOptions) {
    const { positionMode = "one-way", pair, multiplier, overseasLot } = options;
    this.ground = new Ground(this.clock, {
      pair,
      users: [{ user: USER, positionMode }],
      ...(multiplier ? { multiplier } : {}),
      ...(overseasLot ? { overseasLot } : {}),
    });
  }

  /** An entry of one slice, from its plan to its end. */
  async enter(): Promise<IntentRow> {
    const { ground } = this;
    const books = ground.books()!;
    const plan = { ...(await this.#plan(books)), userId: USER_ID, strategyId: STRATEGY_ID };
    const intent = ground.entry({ ...plan, sliceKrw: SLICE_KRW });
    if (typeof intent === "string") throw new Broken(`expected an entry to fit, was ${intent}`);
    return await this.#live(intent, books);
  }

  /** The open position leaves, or so much of it. */
  async leave(part = 1): Promise<IntentRow> {
    const books = this.ground.books()!;
    const position = await this.position();
    if (!position) throw new Broken("expected an open position, was none");
    return await this.#live(this.ground.exit({ ...(await this.#plan(books)), position, part }), books);
  }

  async position(): Promise<OpenPosition | undefined> {
    return (await this.options.journal.openPositions("live"))[0];
  }

  async #plan(books: FreshBooks) {
    const decisionId = `simulated-${this.#intentIds.length}`;
    this.#intentIds.push(intentIdOf(decisionId));
    const venue = this.ground.domestic;
    const dust = await this.options.journal.dust({ mode: "live", userId: USER_ID, coin: COIN, venue });
    return { decisionId, books, dust };
  }

  async #live({ intentId, ...rest }: IntentRow, books: FreshBooks): Promise<IntentRow> {
    const { newFence } = this.options;
    const journal = this.watch.journal(this.options.journal);
    const bare = await newFence();
    const planned = await journal.plan(approvedFromJournal({ intentId, ...rest }), bare);
    if (planned !== "planned") throw new Broken(`expected the intent to be planned, was ${planned}`);
    for (let first = true; ; first = false) {
      this.lives++;
      const life = new Life(this.options.chances, { send: this.watch.onSend });
      const fence = first ? bare : await newFence();
      const file = (await journal.file(intentId))!;
      if (isEnd(file.intent.state)) break;
      const run = runIntent({
        ...{ ground: this.ground, life, log: this.log, user: USER, file },
        journal: life.store(journal),
        term: new Term(fence, life.clock(this.clock), Number.POSITIVE_INFINITY),
        books: first ? books : undefined,
        onTrouble: (what) => this.trouble.push(what),
      });
      const end = await this.#drive(Promise.race([run.then(() => "ended" as const, faultOf), life.died]));
      if (end === "ended") break;
      if (end !== "died" && end !== "later") throw end;
      life.kill();
      await this.clock.advance(RESTART_MS);
    }
    const { intent: ended } = (await journal.file(intentId))!;
    if (!isEnd(ended.state)) throw new Broken(`expected an end of ${intentId}, was ${ended.state}`);
    await this.clock.advance(UNDERWAY_MS);
    return ended;
  }

  /** Lets time pass from waking to waking until the work is over. */
  async #drive<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const done = work.finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    const untilMs = this.clock.nowMs() + RUN_MS_MAX;
    for (let turns = 0; ; turns++) {
      if (this.clock.nowMs() > untilMs) throw new Broken(`expected an end within ${RUN_MS_MAX} ms`);
      await this.clock.advance(0);
      if (isOver) return await done;
      const atMs = this.clock.nextWakeAtMs;
      if (atMs !== undefined) await this.clock.advanceTo(Math.max(atMs, this.clock.nowMs()));
      else if (turns > 1_000) throw new Broken("expected the run to go on, but nobody waits for the clock");
    }
  }

  /** Throws Broken when money is not where it should be; the user may hold so many coins of his own. */
  async check(ownCoin = Decimal.ZERO): Promise<void> {
    const { ground, watch } = this;
    if (watch.broken.length > 0) throw new Broken(watch.broken.join("; "));
    checkWorld(ground);
    const held = await checkHolder(ground, this.options.journal, {
      ...{ user: USER, userId: USER_ID },
      intentIds: this.#intentIds,
    });
    const exposure = ground.world.exposure(USER, COIN);
    const expected = held.dustCoin.plus(ownCoin);
    if (!exposure.equals(expected)) throw new Broken(`exposure: expected ${expected}, was ${exposure}`);
  }
}

function faultOf(error: unknown): "later" | Error {
  if (error instanceof TermOver || error instanceof Fenced || isPassing(error)) return "later";
  return error as Error;
}
