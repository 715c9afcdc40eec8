// A trading process that dies in the middle of fifty intents, for the section that measures the restart: the real entries
// and exits over the real adapters, each stopped for good at a point of its own, before or after the bytes had left.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { approvedFromJournal } from "../../src/domain/risk.ts";
import { sizeEntry } from "../../src/domain/sizing.ts";
import { FEE_RATIOS_DEFAULT } from "../../src/domain/venue-limits.ts";
import type { BookDesk, FreshBooks } from "../../src/ports/book-desk.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { IntentRow, Journal } from "../../src/ports/journal.ts";
import type { Log } from "../../src/ports/telemetry.ts";
import type { MarketView } from "../../src/ports/trading-desk.ts";
import type { PerpetualVenue, TradingVenue } from "../../src/ports/trading-venue.ts";
import { Accounts } from "../../src/trading/accounts.ts";
import { sizingRulesOf } from "../../src/trading/plan-entry.ts";
import { entryIntentOf, exitIntentOf } from "../../src/trading/plan-intents.ts";
import { EntryRun } from "../../src/trading/run-entry.ts";
import { ExitRun } from "../../src/trading/run-exit.ts";
import type { Legs } from "../../src/trading/run-order.ts";
import type { Term } from "../../src/trading/writer.ts";

/** Where it dies: what the journal then says, and what the venue knows of it. */
export const DEATHS = [
  "planned",
  "buy-unsent",
  "buy-unheard",
  "buy-unread",
  "hedge-unplanned",
  "hedge-unsent",
  "hedge-unheard",
  "exit-half-sent",
] as const;
export type Death = (typeof DEATHS)[number];

export interface Dying {
  readonly userId: number;
  readonly strategyId: number;
  readonly coin: string;
  readonly pair: PairKey;
  readonly death: Death;
  readonly legs: Legs;
}

export interface PredecessorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly term: Term;
  readonly books: BookDesk;
  readonly market: MarketView;
  readonly referenceKrw: Decimal;
}

const BOOKS_MS = 10_000;
const SLICE_KRW = Decimal.of(300_000);
/** Above what the market stands at. */
const RATE_MAX = Decimal.of(1_450);
const POLICY = {
  tradeMode: "custom",
  exitRateTarget: Decimal.of(1_990),
  stopRate: undefined,
  holdingMsMax: undefined,
} as const;

export class Predecessor {
  readonly #accounts: Accounts;

  constructor(private readonly deps: PredecessorDeps) {
    const venues = { domestic: async () => undefined, overseas: async () => undefined };
    this.#accounts = new Accounts({ clock: deps.clock, venues, feeRatios: FEE_RATIOS_DEFAULT });
  }

  /** What must be there before it dies: the markets' rules, and a position for those who die leaving it. */
  async prepare(dying: Dying): Promise<void> {
    const { coin, pair, legs } = dying;
    await this.#accounts.rules(legs, coin, pair, this.deps.market.facts(coin, pair)!);
    if (dying.death !== "exit-half-sent") return;
    const { intent, books } = await this.#planEntry(dying, "before");
    await this.deps.journal.plan(approvedFromJournal(intent), this.deps.term.fence);
    const { to } = await this.#entryRun(intent, books, dying.legs, this.deps.journal).run();
    if (to !== "hedged") throw new Error(`expected a position of user ${dying.userId}, was ${to}`);
  }

  /** Resolves once nothing of it goes on any more. */
  async die(dying: Dying): Promise<void> {
    const { journal, term } = this.deps;
    const planned =
      dying.death === "exit-half-sent" ? await this.#planExit(dying) : await this.#planEntry(dying);
    const { intent, books } = planned;
    const stored = await journal.plan(approvedFromJournal(intent), term.fence);
    if (stored !== "planned") throw new Error(`expected a new intent of user ${dying.userId}, was ${stored}`);
    if (dying.death === "planned") return;
    const died = Promise.withResolvers<void>();
    const wrapped = mortal(dying, journal, () => died.resolve());
    const run =
      intent.kind === "entry"
        ? this.#entryRun(intent, books, wrapped.legs, wrapped.journal).run()
        : (await this.#exitRun(intent, books, wrapped.legs, wrapped.journal)).run();
    const ended = run.then(({ to }) => {
      throw new Error(`expected user ${dying.userId} to die at ${dying.death}, ended ${to}`);
    });
    await Promise.race([died.promise, ended]);
  }

  async #planOptions({ userId, coin, pair, legs }: Dying, decisionId: string) {
    const { books: desk, market, clock, journal, referenceKrw } = this.deps;
    const facts = market.facts(coin, pair)!;
    const [books, rules, dust] = await Promise.all([
      desk.fresh(coin, pair, BOOKS_MS),
      this.#accounts.rules(legs, coin, pair, facts),
      journal.dust({ mode: "live", userId, coin, venue: legs.domestic.venue }),
    ]);
    if (!books) throw new Error(`expected books of ${coin} on ${pair}`);
    const nowMs = clock.nowMs();
    return {
      decisionId,
      mode: "live" as const,
      rules,
      books,
      dust,
      referenceKrw,
      leverage: 2,
      reason: "bench",
      nowMs,
    };
  }

  async #planEntry(dying: Dying, name = "entry"): Promise<{ intent: IntentRow; books: FreshBooks }> {
    const { userId, strategyId } = dying;
    const options = await this.#planOptions(dying, `bench ${name} ${userId}`);
    const { books, rules } = options;
    const sized = sizeEntry({
      ...{ sliceKrw: SLICE_KRW, rateMax: RATE_MAX, domestic: books.domestic, overseas: books.overseas },
      rules: sizingRulesOf(this.deps.market, rules),
      freeKrw: Decimal.of(10_000_000),
      domesticFeeRatio: Decimal.of("0.0025"),
    });
    if (!sized.ok) throw new Error(`expected a size, was ${sized.why}`);
    const terms = { size: sized.size, sliceKrw: SLICE_KRW, rateMax: RATE_MAX, policy: POLICY };
    return { intent: entryIntentOf({ ...options, ...terms, userId, strategyId }), books };
  }

  async #planExit(dying: Dying): Promise<{ intent: IntentRow; books: FreshBooks }> {
    const position = await this.#positionOf(dying.userId);
    const options = await this.#planOptions(dying, `bench exit ${dying.userId}`);
    const qtyCoin = Decimal.sum(position.entries.map((entry) => entry.qtyCoin));
    return { intent: exitIntentOf({ ...options, position, qtyCoin }), books: options.books };
  }

  async #positionOf(userId: number) {
    const [position] = await this.deps.journal.openPositions("live", userId);
    return position!;
  }

  #runDeps(journal: Journal) {
    const { clock, log, term, books, market } = this.deps;
    return {
      ...{ clock, log, term, books, journal },
      incrementAt: market.incrementAt,
      feeValue: async (_venue: string, _asset: string, fee: Decimal) => fee,
      onTrouble: ({ why }: { readonly why: string }) => log.warn("trouble", { why }),
    };
  }

  #entryRun(intent: IntentRow, books: FreshBooks, legs: Legs, journal: Journal): EntryRun {
    const file = { intent, orders: [], fills: [] };
    return new EntryRun(this.#runDeps(journal), legs, file, this.deps.term.fence, books);
  }

  async #exitRun(intent: IntentRow, books: FreshBooks, legs: Legs, journal: Journal): Promise<ExitRun> {
    const deps = {
      ...this.#runDeps(journal),
      reference: () => ({ priceKrw: this.deps.referenceKrw, words: "the bench's" }),
      fundingUsdt: async () => Decimal.ZERO,
    };
    const file = { intent, orders: [], fills: [] };
    const position = await this.#positionOf(intent.userId);
    return new ExitRun(deps, legs, file, this.deps.term.fence, position, [], books);
  }
}

/** Venues and journal as they are until the point of death, and silent from then on. */
function mortal(
  { legs, death }: Dying,
  journal: Journal,
  onDeath: () => void,
): { legs: Legs; journal: Journal } {
  const life = { isOver: false };
  const end = (): Promise<never> => {
    life.isOver = true;
    onDeath();
    return new Promise(() => undefined);
  };
  const dead = new Promise<never>(() => undefined);
  const wrap = <T extends object>(target: T, fatal: Partial<Record<string, "before" | "after">>): T =>
    new Proxy(target, {
      get: (object, name) => {
        const method = (object as Record<string | symbol, unknown>)[name];
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          if (life.isOver) return dead;
          const when = fatal[String(name)];
          if (when === "before") return end();
          const answer = method.apply(object, args) as Promise<unknown>;
          return when === "after" ? answer.then(end) : answer;
        };
      },
    });
  const home = (fatal: Parameters<typeof wrap>[1]): TradingVenue => wrap(legs.domestic, fatal);
  const abroad = (fatal: Parameters<typeof wrap>[1]): PerpetualVenue => wrap(legs.overseas, fatal);
  switch (death) {
    case "planned":
      return { legs, journal };
    case "buy-unsent":
      return {
        legs: { domestic: home({ place: "before" }), overseas: abroad({}) },
        journal: wrap(journal, {}),
      };
    case "buy-unheard":
      return {
        legs: { domestic: home({ place: "after" }), overseas: abroad({}) },
        journal: wrap(journal, {}),
      };
    case "buy-unread":
      return {
        legs: { domestic: home({ lookup: "before" }), overseas: abroad({}) },
        journal: wrap(journal, {}),
      };
    case "hedge-unplanned":
      return {
        legs: { domestic: home({}), overseas: abroad({}) },
        journal: dyingAtHedge(wrap(journal, {}), end),
      };
    case "hedge-unsent":
    case "exit-half-sent":
      return {
        legs: { domestic: home({}), overseas: abroad({ place: "before" }) },
        journal: wrap(journal, {}),
      };
    case "hedge-unheard":
      return {
        legs: { domestic: home({}), overseas: abroad({ place: "after" }) },
        journal: wrap(journal, {}),
      };
  }
}

function dyingAtHedge(journal: Journal, end: () => Promise<never>): Journal {
  const move: Journal["move"] = (change, fence) =>
    change.to === "overseas-sending" ? end() : journal.move(change, fence);
  return new Proxy(journal, {
    get: (object, name) => (name === "move" ? move : object[name as keyof Journal]),
  });
}
