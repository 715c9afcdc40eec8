// A small world for one user's money and the engine's runs over it: entries and exits in several lives, everything that
// goes wrong chosen from outside, and what must hold afterwards.

import { PAIRS, type PairKey } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { intentIdOf, isEnd, preAuthoriseEntry, preAuthoriseExit } from "../../domain/intent.ts";
import { approvedFromJournal } from "../../domain/risk.ts";
import { sizeEntry } from "../../domain/sizing.ts";
import { isPassing } from "../../domain/store-fault.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import {
  Fenced,
  type IntentFile,
  type IntentRow,
  type Journal,
  type OpenPosition,
  type OrderRow,
} from "../../ports/journal.ts";
import { entryIntentOf, exitIntentOf, type PairRules } from "../../trading/plan-intents.ts";
import { EntryRun, type RunDeps } from "../../trading/run-entry.ts";
import { ExitRun } from "../../trading/run-exit.ts";
import { type Legs, TermOver } from "../../trading/run-order.ts";
import { Term } from "../../trading/writer.ts";
import { ManualClock } from "../manual-clock.ts";
import { createMemoryWorld, type MemoryWorld } from "../memory-venues/world.ts";
import { RecordingLog } from "../recording-log.ts";
import { Life, type LifeChances } from "./life.ts";

const d = Decimal.of;
export const USER = "kim";
export const USER_ID = 1;
export const COIN = "XRP";
const DOMESTIC_FEE = { upbit: d("0.0005"), bithumb: d("0.0025") } as const;
const REFERENCE_KRW = d("1400");
const RUN_MS_MAX = 900_000;
const RESTART_MS = 1_000;
const STRATEGY_ID = 1;

export interface StageOptions {
  readonly pair: PairKey;
  readonly chances: LifeChances;
  readonly journal: Journal;
  /** A new writer: the fence grows. */
  readonly newFence: () => Promise<number>;
  readonly random?: () => number;
  readonly positionMode?: "one-way" | "hedge";
  readonly multiplier?: number;
  /** Waits for what the journal has in hand before time may pass. */
  readonly quiet?: () => Promise<void>;
  readonly sliceKrw?: number;
}

/** What broke a promise; the run is over. */
export class Broken extends Error {
  override name = "Broken";
}

export class Stage {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 5));
  readonly log = new RecordingLog();
  readonly world: MemoryWorld;
  readonly trouble: string[] = [];
  /** Promises seen broken on the way. */
  readonly broken: string[] = [];
  lives = 0;
  decisions = 0;
  worstExposureCoin = Decimal.ZERO;
  readonly #pair: (typeof PAIRS)[number];

  constructor(readonly options: StageOptions) {
    const { pair, positionMode = "one-way", multiplier = 1 } = options;
    this.#pair = PAIRS.find(({ key }) => key === pair)!;
    const overseas = (unit: number) => ({
      symbol: multiplier === 1 ? "XRPUSDT" : `${multiplier}XRPUSDT`,
      multiplier,
      qtyStep: "0.1",
      qtyMin: "0.1",
      notionalMin: 5,
      priceIncrement: "0.0001",
      qtyMaxMarket: 100_000,
      bids: levels(2.0 * unit, -0.0005 * unit, 300 / unit),
      asks: levels(2.001 * unit, 0.0005 * unit, 300 / unit),
    });
    const home = (symbol: string) => ({
      symbol,
      qtyStep: "0.00000001",
      qtyMin: "0.0001",
      notionalMin: 5000,
      priceIncrement: 1,
      qtyMaxMarket: 1_000_000,
      bids: levels(2790, -1, 200),
      asks: levels(2792, 1, 200),
    });
    this.world = createMemoryWorld({
      clock: this.clock,
      random: options.random ?? (() => 0.5),
      coins: [
        {
          coin: COIN,
          markets: {
            upbit: home("KRW-XRP"),
            bithumb: home("KRW-XRP"),
            bybit: overseas(multiplier),
            binance: overseas(multiplier),
          },
        },
      ],
      users: [
        {
          user: USER,
          positionMode,
          balances: {
            upbit: { KRW: 50_000_000 },
            bithumb: { KRW: 50_000_000 },
            bybit: { USDT: 50_000 },
            binance: { USDT: 50_000 },
          },
        },
      ],
    });
  }

  async rules(): Promise<PairRules> {
    const { overseas } = this.#pair;
    const legs = this.#legs((venue) => venue);
    const [home, abroad] = await this.#drive(
      Promise.all([
        legs.domestic.rules("KRW-XRP"),
        legs.overseas.rules(this.world.market(overseas, this.#symbolOf(overseas)).symbol),
      ]),
    );
    const { multiplier } = this.world.market(overseas, this.#symbolOf(overseas));
    return { coin: COIN, pair: this.options.pair, multiplier, domestic: home, overseas: abroad };
  }

  #symbolOf(venue: string): string {
    if (venue === "upbit" || venue === "bithumb") return "KRW-XRP";
    const { multiplier = 1 } = this.options;
    return multiplier === 1 ? "XRPUSDT" : `${multiplier}XRPUSDT`;
  }

  #legs(wrap: <V extends Legs[keyof Legs]>(venue: V) => V): Legs {
    const { domestic, overseas } = this.#pair;
    return {
      domestic: wrap(this.world.venue(USER, domestic)),
      overseas: wrap(this.world.venue(USER, overseas)),
    };
  }

  books(): FreshBooks {
    const { domestic, overseas } = this.#pair;
    return {
      domestic: this.world.readBook(domestic, this.#symbolOf(domestic)),
      overseas: this.world.readBook(overseas, this.#symbolOf(overseas)),
      atMs: this.clock.nowMs(),
    };
  }

  /** An entry of one slice, from its plan to its end, in as many lives as it takes. */
  async enter(): Promise<IntentRow> {
    const { journal, sliceKrw = 600_000 } = this.options;
    const rules = await this.rules();
    const books = this.books();
    const dust = await journal.dust({
      mode: "live",
      userId: USER_ID,
      coin: COIN,
      venue: this.#pair.domestic,
    });
    const sized = sizeEntry({
      sliceKrw: d(sliceKrw),
      rateMax: d("1410"),
      domestic: books.domestic,
      overseas: books.overseas,
      rules: {
        multiplier: rules.multiplier,
        overseasLot: rules.overseas.qtyStep,
        overseasQtyMin: rules.overseas.qtyMin,
        overseasNotionalMinUsdt: rules.overseas.notionalMin,
        domesticLot: rules.domestic.qtyStep,
        priceIncrementKrw: rules.domestic.priceIncrement,
        domesticNotionalMinKrw: rules.domestic.notionalMin,
      },
      freeKrw: d("50000000"),
      domesticFeeRatio: DOMESTIC_FEE[this.#pair.domestic],
    });
    if (!sized.ok) throw new Broken(`expected an entry to fit, was ${sized.why}`);
    const intent = entryIntentOf({
      decisionId: `simulated-${++this.decisions}`,
      mode: "live",
      userId: USER_ID,
      strategyId: STRATEGY_ID,
      rules,
      books,
      dust,
      referenceKrw: REFERENCE_KRW,
      leverage: 3,
      reason: "simulated",
      nowMs: this.clock.nowMs(),
      size: sized.size,
      sliceKrw: d(sliceKrw),
      rateMax: d("1410"),
      policy: {
        tradeMode: "custom",
        exitRateTarget: d("1390"),
        stopRate: undefined,
        holdingMsMax: undefined,
      },
    });
    return await this.#live(intent, books);
  }

  /** The open position leaves, or so many of its contracts. */
  async leave(position: OpenPosition, contracts?: Decimal): Promise<IntentRow> {
    const rules = await this.rules();
    const books = this.books();
    const { journal } = this.options;
    const dust = await journal.dust({
      mode: "live",
      userId: USER_ID,
      coin: COIN,
      venue: this.#pair.domestic,
    });
    const whole = Decimal.sum(position.entries.map(({ qtyCoin }) => qtyCoin));
    const intent = exitIntentOf({
      decisionId: `simulated-${++this.decisions}`,
      mode: "live",
      position,
      rules,
      books,
      dust,
      referenceKrw: REFERENCE_KRW,
      leverage: 3,
      reason: "simulated",
      nowMs: this.clock.nowMs(),
      qtyCoin: contracts ? contracts.times(rules.multiplier) : whole,
    });
    return await this.#live(intent, books);
  }

  async position(): Promise<OpenPosition | undefined> {
    return (await this.options.journal.openPositions("live"))[0];
  }

  async #live(intent: IntentRow, books: FreshBooks): Promise<IntentRow> {
    const { journal, newFence } = this.options;
    const bare = await newFence();
    const planned = await journal.plan(approvedFromJournal(intent), bare);
    if (planned !== "planned") throw new Broken(`expected the intent to be planned, was ${planned}`);
    for (let first = true; ; first = false) {
      this.lives++;
      const life = new Life(this.options.chances, (order) => this.#requireRow(order));
      const fence = first ? bare : await newFence();
      const file = (await journal.file(intent.intentId))!;
      if (isEnd(file.intent.state)) break;
      const run = this.#run(life, file, fence, first ? books : undefined);
      const end = await this.#drive(Promise.race([run.then(() => "ended" as const, faultOf), life.died]));
      if (end === "ended") break;
      if (end !== "died" && end !== "later") throw end;
      life.kill();
      await this.clock.advance(RESTART_MS);
    }
    const { intent: ended } = (await journal.file(intent.intentId))!;
    if (!isEnd(ended.state)) throw new Broken(`expected an end of ${ended.intentId}, was ${ended.state}`);
    await this.settleWorld();
    return ended;
  }

  #run(life: Life, file: IntentFile, fence: number, books: FreshBooks | undefined): Promise<unknown> {
    const clock = life.clock(this.clock);
    const journal = life.journal(this.#observed(this.options.journal));
    const term = new Term(fence, clock, Number.POSITIVE_INFINITY);
    const deps: RunDeps = {
      clock,
      log: this.log,
      term,
      journal,
      books: { fresh: async () => (life.isDead ? undefined : this.books()) },
      incrementAt: (venue) => this.world.market(venue, this.#symbolOf(venue)).priceIncrement,
      feeValue: async (_venue, _asset, fee) => fee,
      onTrouble: ({ kind, why }) => this.trouble.push(`${kind}: ${why}`),
    };
    const legs = this.#legs((venue) => life.venue(venue));
    if (file.intent.kind === "entry") return new EntryRun(deps, legs, file, fence, books).run();
    return this.#exit(deps, legs, file, fence, books);
  }

  async #exit(deps: RunDeps, legs: Legs, file: IntentFile, fence: number, books: FreshBooks | undefined) {
    const position = (await this.position())!;
    const ids = [...new Set(position.parts.map(({ exitIntentId }) => exitIntentId))];
    const earlier = await Promise.all(ids.map(async (id) => (await this.options.journal.file(id))!));
    return await new ExitRun(
      { ...deps, referenceKrw: () => REFERENCE_KRW, fundingUsdt: async () => Decimal.ZERO },
      legs,
      file,
      fence,
      position,
      earlier,
      books,
    ).run();
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
      await this.options.quiet?.();
      if (isOver) return await done;
      const atMs = this.clock.nextWakeAtMs;
      if (atMs !== undefined) {
        this.#seeExposure();
        await this.clock.advanceTo(Math.max(atMs, this.clock.nowMs()));
      } else if (turns > 1_000) throw new Broken("expected the run to go on, but nobody waits for the clock");
    }
  }

  #seeExposure(): void {
    this.worstExposureCoin = Decimal.max(this.worstExposureCoin, this.world.exposure(USER, COIN).abs());
  }

  /** What is still on its way arrives. */
  async settleWorld(): Promise<void> {
    await this.clock.advance(130_000);
  }

  /** Throws Broken when money is not where it should be. */
  async check(): Promise<void> {
    const { domestic, overseas } = this.#pair;
    const { world } = this;
    const { journal } = this.options;
    if (this.broken.length > 0) throw new Broken(this.broken.join("; "));
    const twice = world.idsExecutedTwice();
    if (twice.length > 0)
      throw new Broken(`executed twice: ${twice.map(({ clientOrderId }) => clientOrderId)}`);
    const faults = world.bookFaults();
    if (faults.length > 0) throw new Broken(faults.join("; "));
    const position = await this.position();
    const dust = await journal.dust({ mode: "live", userId: USER_ID, coin: COIN, venue: domestic });
    const heldCoin = Decimal.sum((position?.entries ?? []).map(({ qtyCoin }) => qtyCoin));
    const same = (what: string, is: Decimal, expected: Decimal) => {
      if (!is.equals(expected)) throw new Broken(`${what}: expected ${expected}, was ${is}`);
    };
    same("coins at home", world.ledger.balance(USER, domestic, COIN), heldCoin.plus(dust.qtyCoin));
    same("exposure", world.exposure(USER, COIN), dust.qtyCoin);
    const lotCoin = world
      .market(overseas, this.#symbolOf(overseas))
      .qtyStep.times(d(this.options.multiplier ?? 1));
    const dustMax = Decimal.max(lotCoin, d("5200").dividedBy(d("2700"), 8, "up"));
    const least = Decimal.max(dustMax, d("5.2").dividedBy(d("2"), 8, "up").plus(lotCoin));
    if (dust.qtyCoin.above(least)) throw new Broken(`dust: expected at most ${least}, was ${dust.qtyCoin}`);
    await this.#checkMoney();
  }

  /** Fills in the journal explain every won and every cent. */
  async #checkMoney(): Promise<void> {
    const { domestic, overseas } = this.#pair;
    let krw = Decimal.ZERO;
    let usdtTraded = Decimal.ZERO;
    let usdtFees = Decimal.ZERO;
    for (let count = 1; count <= this.decisions; count++) {
      const file = await this.options.journal.file(this.idOf(count));
      if (!file) continue;
      const sides = new Map(file.orders.map((order) => [order.clientOrderId, order]));
      for (const { clientOrderId, price, qty, fee } of file.fills) {
        const { side, purpose } = sides.get(clientOrderId)!;
        const notional = price.times(qty);
        if (purpose === "hedge" || purpose === "cover") {
          usdtTraded = side === "sell" ? usdtTraded.plus(notional) : usdtTraded.minus(notional);
          usdtFees = usdtFees.plus(fee);
        } else krw = side === "sell" ? krw.plus(notional).minus(fee) : krw.minus(notional).minus(fee);
      }
    }
    const { ledger } = this.world;
    const changed = (venue: "upbit" | "bithumb" | "bybit" | "binance", asset: string) =>
      ledger.balance(USER, venue, asset).minus(ledger.opening(USER, venue, asset));
    const differs = (a: Decimal, b: Decimal, by: string) => a.minus(b).abs().above(d(by));
    if (differs(changed(domestic, "KRW"), krw, "1")) {
      throw new Broken(`KRW: expected a change of ${krw}, was ${changed(domestic, "KRW")}`);
    }
    if ((await this.position()) !== undefined) return;
    const usdt = usdtTraded.minus(usdtFees);
    if (differs(changed(overseas, "USDT"), usdt, "0.01")) {
      throw new Broken(`USDT: expected a change of ${usdt}, was ${changed(overseas, "USDT")}`);
    }
  }

  idOf(decision: number): string {
    return intentIdOf(`simulated-${decision}`);
  }

  /** What the journal has confirmed: ids of orders, and intents past their first commit. */
  readonly #durable = new Set<string>();
  readonly #begun = new Map<string, IntentRow>();

  #observed(journal: Journal): Journal {
    return new Proxy(journal, {
      get: (target, name) => {
        const method = (target as unknown as Record<string | symbol, unknown>)[name];
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          await this.#note(String(name), args);
          return answer;
        };
      },
    });
  }

  async #note(name: string, args: readonly unknown[]): Promise<void> {
    if (name === "addOrders") {
      for (const { clientOrderId } of args[0] as readonly OrderRow[]) this.#durable.add(clientOrderId);
    } else if (name === "move") {
      const { order, intentId, to } = args[0] as Parameters<Journal["move"]>[0];
      if (order) this.#durable.add(order.clientOrderId);
      if (to === "domestic-sending" || to === "sending") {
        this.#begun.set(intentId, (await this.options.journal.file(intentId))!.intent);
      }
    }
  }

  /** An order may reach a venue only with its row there, or allowed by the planned row. */
  #requireRow(order: { readonly clientOrderId: string; readonly qty: Decimal }): void {
    const { clientOrderId, qty } = order;
    const intentId = clientOrderId.slice(3, 23);
    const intent = this.#begun.get(intentId);
    if (!intent) this.broken.push(`${clientOrderId}: sent before its intent was begun`);
    else if (!this.#durable.has(clientOrderId)) {
      const { kind, qtyCoin, qtyContracts } = intent;
      const allow = kind === "entry" ? preAuthoriseEntry : preAuthoriseExit;
      const allowed = allow(intentId, { qtyCoin, qtyContracts });
      const found = allowed.find((one) => one.clientOrderId === clientOrderId);
      if (!found || qty.above(found.qtyMax)) this.broken.push(`${clientOrderId}: sent before its row`);
    }
  }
}

function levels(price: number, step: number, qty: number): [string, string][] {
  return Array.from({ length: 12 }, (_, index) => [(price + index * step).toFixed(4), qty.toFixed(1)]);
}

function faultOf(error: unknown): "later" | Error {
  if (error instanceof TermOver || error instanceof Fenced || isPassing(error)) return "later";
  return error as Error;
}
