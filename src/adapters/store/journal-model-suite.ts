// Random sequences of the journal's operations, many of them refused, against a model in memory: after each sequence
// the fills of an order add up to what the model filled, and open positions are the entries less the exits.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../../domain/decimal.ts";
import { type IntentState, isEnd, mayMove } from "../../domain/intent.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Database } from "./database.ts";
import { createJournal } from "./journal.ts";
import {
  clearJournal,
  entryEnd,
  exitEnd,
  fillOf,
  intentOf,
  matchedOf,
  NOW_MS,
  orderOf,
} from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";

const D = Decimal.of;
const COINS = ["BTC", "ETH"];
const USERS = [1, 2];

/** A share without cost: all of it goes with the last coins. */
const COINS_ONLY = { spentKrw: D(0), feeKrw: D(0), receivedUsdt: D(0), feeUsdt: D(0) };

interface ModelIntent {
  readonly kind: "entry" | "exit";
  readonly userId: number;
  readonly coin: string;
  readonly intentId: string;
  state: IntentState;
  /** Fill ids and thousandths of coins of its one order; undefined: no order yet. */
  fills: Map<string, number> | undefined;
  done: boolean;
}

type Operation =
  /** A whole entry or exit, as far as it is allowed: single steps alone seldom get there. */
  | {
      readonly do: "enter" | "leave";
      readonly userId: number;
      readonly coin: string;
      readonly part: number;
    }
  | { readonly do: "plan"; readonly kind: "entry" | "exit"; readonly userId: number; readonly coin: string }
  | {
      readonly do: "order" | "done" | "move" | "end" | "repeat";
      readonly pick: number;
      readonly part: number;
    }
  | { readonly do: "fill"; readonly pick: number; readonly fillId: number; readonly part: number };

const owner = { userId: fc.constantFrom(...USERS), coin: fc.constantFrom(...COINS) };
const pick = fc.nat(3);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("enter" as const, "leave" as const),
      ...owner,
      part: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("plan" as const),
      kind: fc.constantFrom("entry" as const, "exit" as const),
      ...owner,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["order", "done", "move", "end", "end", "end", "repeat"] as const satisfies readonly string[]),
      ),
      pick,
      part: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("fill" as const),
      pick,
      fillId: fc.nat(3),
      part: fc.integer({ min: 1, max: 40 }),
    }),
  },
);

/** Runs operations on journal and model; what the model says cannot be must be refused with a RangeError. */
class Run {
  readonly intents: ModelIntent[] = [];
  /** Thousandths of coins left, by user and coin, of each entry. */
  readonly left = new Map<string, Map<string, number>>();
  private last: (() => Promise<unknown>) | undefined;
  private count = 0;

  constructor(
    readonly journal: Journal,
    readonly fence: number,
  ) {}

  private pick(index: number): ModelIntent | undefined {
    const running = this.intents.filter(({ state }) => !isEnd(state));
    return running[index % Math.max(1, running.length)];
  }

  private async expected(allowed: boolean, write: () => Promise<unknown>): Promise<boolean> {
    if (allowed) {
      await write();
      this.last = write;
    } else {
      await expect(write()).rejects.toBeInstanceOf(RangeError);
    }
    return allowed;
  }

  async step(next: Operation): Promise<void> {
    if (next.do === "plan") return void (await this.plan(next));
    if ("userId" in next) return await this.trade(next);
    // A process that lost the reply tells the same once more; nothing may change by it.
    if (next.do === "repeat") return void (await this.last?.());
    const intent = this.pick(next.pick);
    if (intent === undefined) return;
    if (next.do === "fill") return await this.fill(intent, next);
    if (next.do === "order") return await this.order(intent);
    if (next.do === "done") return await this.done(intent);
    if (next.do === "move") return await this.move(intent, next.part);
    await (intent.kind === "entry" ? this.endEntry(intent) : this.endExit(intent, next.part));
  }

  private async trade({
    do: what,
    userId,
    coin,
    part,
  }: Operation & { do: "enter" | "leave" }): Promise<void> {
    const intent = await this.plan({ do: "plan", kind: what === "enter" ? "entry" : "exit", userId, coin });
    if (intent === undefined) return;
    if (what === "leave") {
      await this.move(intent, 1);
      return await this.endExit(intent, part);
    }
    await this.move(intent, 1);
    await this.order(intent);
    await this.fill(intent, { do: "fill", pick: 0, fillId: 0, part });
    await this.done(intent);
    await this.move(intent, 3);
    await this.endEntry(intent);
  }

  private async plan(plan: Operation & { do: "plan" }): Promise<ModelIntent | undefined> {
    const { kind, userId, coin } = plan;
    const planned = intentOf({ decisionId: `decision-${++this.count}`, kind, userId, coin });
    const { intentId } = planned;
    const busy = this.intents.some(
      (other) =>
        !isEnd(other.state) &&
        other.userId === userId &&
        (other.coin === coin || (kind === "entry" && other.kind === "entry")),
    );
    expect(await this.journal.plan(planned, this.fence)).toBe(busy ? "busy" : "planned");
    if (busy) return undefined;
    const added: ModelIntent = {
      kind,
      userId,
      coin,
      intentId,
      state: "planned",
      fills: undefined,
      done: false,
    };
    this.intents.push(added);
    return added;
  }

  private async order(intent: ModelIntent): Promise<void> {
    if (intent.fills !== undefined) return;
    await this.journal.addOrders([this.orderRow(intent)], this.fence);
    intent.fills = new Map();
  }

  private orderRow({ kind, intentId }: ModelIntent) {
    return orderOf(intentId, kind === "entry" ? "buy" : "sell");
  }

  private async fill(intent: ModelIntent, { fillId, part }: Operation & { do: "fill" }): Promise<void> {
    if (intent.fills === undefined) return;
    const order = this.orderRow(intent);
    const id = `${intent.intentId}/${fillId}`;
    const known = intent.fills.get(id);
    const sum = [...intent.fills.values()].reduce((a, b) => a + b, 0) + (known === undefined ? part : 0);
    const allowed = (known === undefined || known === part) && sum <= 70;
    const told = [fillOf(order, thousandths(part), { fillId: id })];
    const { clientOrderId } = order;
    if (
      await this.expected(allowed, () =>
        this.journal.recordOrder({ clientOrderId, status: "open" }, told, this.fence),
      )
    ) {
      intent.fills.set(id, part);
    }
  }

  private async done(intent: ModelIntent): Promise<void> {
    if (intent.fills === undefined) return;
    const { clientOrderId } = this.orderRow(intent);
    await this.journal.recordOrder({ clientOrderId, status: "done" }, [], this.fence);
    intent.done = true;
  }

  private async move(intent: ModelIntent, part: number): Promise<void> {
    const { intentId, kind, state } = intent;
    const entryStates = ["domestic-sending", "domestic-done", "needs-human"] as const;
    const to =
      kind === "entry" ? entryStates[part - 1]! : (["sending", "needs-human", "sending"] as const)[part - 1]!;
    if (to === state) return;
    const write = () => this.journal.move({ intentId, from: state, to, atMs: NOW_MS }, this.fence);
    if (await this.expected(mayMove(kind, state, to), write)) intent.state = to;
  }

  private async endEntry(intent: ModelIntent): Promise<void> {
    const { intentId, state, userId, coin } = intent;
    const milli = intent.fills ? [...intent.fills.values()].reduce((a, b) => a + b, 0) : 0;
    const to = milli > 0 ? "hedged" : "abandoned";
    const entry = milli > 0 ? matchedOf(thousandths(milli), { spentKrw: D(milli) }) : undefined;
    const allowed = mayMove("entry", state, to) && (intent.fills === undefined || intent.done);
    const write = () =>
      this.journal.endEntry(intentId, entryEnd({ to, entry, openRow: undefined }), this.fence);
    if (!(await this.expected(allowed, write))) return;
    intent.state = to;
    if (milli === 0) return;
    const key = `${userId} ${coin}`;
    this.left.set(key, (this.left.get(key) ?? new Map<string, number>()).set(intentId, milli));
  }

  private async endExit(intent: ModelIntent, part: number): Promise<void> {
    const { intentId, state, userId, coin } = intent;
    const left = this.left.get(`${userId} ${coin}`);
    const open = (await this.journal.openPositions("live")).find(
      (position) => position.userId === userId && position.coin === coin,
    );
    if (left === undefined || open === undefined) return;
    // Part 3 takes all; 1 and 2 take that many thousandths of the first entry.
    const closes = part === 3;
    const taken = closes ? open.entries : open.entries.slice(0, 1);
    const takes = taken.map(({ intentId: entryIntentId, atMs: _, ...rest }) =>
      closes || left.get(entryIntentId) === part
        ? { ...rest, entryIntentId }
        : { ...COINS_ONLY, qtyCoin: D(thousandths(part)), entryIntentId },
    );
    const first = taken[0]!.intentId;
    const total = [...left.values()].reduce((a, b) => a + b, 0);
    const enough = closes || (left.get(first)! >= part && total > part);
    const to = closes ? "closed" : "parted";
    const allowed = mayMove("exit", state, to) && (intent.fills === undefined || intent.done) && enough;
    const end = exitEnd(open.positionId, takes, { to, closedRow: undefined });
    if (!(await this.expected(allowed, () => this.journal.endExit(intentId, end, this.fence)))) return;
    intent.state = to;
    if (closes) this.left.delete(`${userId} ${coin}`);
    else left.set(first, left.get(first)! - part);
  }

  async check(): Promise<void> {
    const running = this.intents.filter(({ state }) => !isEnd(state)).map(({ intentId }) => intentId);
    const unfinished = await this.journal.unfinished("live");
    expect(unfinished.map(({ intent }) => intent.intentId).sort()).toEqual(running.sort());
    for (const { intentId, state, fills } of this.intents) {
      const file = (await this.journal.file(intentId))!;
      expect(file.intent.state).toBe(state);
      const filled = Decimal.sum(file.fills.map(({ qty }) => qty)).toString();
      expect(filled).toBe(thousandths([...(fills?.values() ?? [])].reduce((a, b) => a + b, 0)));
    }
    const open = await this.journal.openPositions("live");
    const found = open.map(({ userId, coin, entries }) => [
      `${userId} ${coin}`,
      Object.fromEntries(entries.map(({ intentId, qtyCoin }) => [intentId, qtyCoin.toString()])),
    ]);
    const wanted = [...this.left].map(([key, entries]) => [
      key,
      Object.fromEntries(
        [...entries].filter(([, milli]) => milli > 0).map(([id, milli]) => [id, thousandths(milli)]),
      ),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  }
}

function thousandths(count: number): string {
  return D(count).times(D("0.001")).toString();
}

export function journalModelSuite(database: () => Database): void {
  describe("the journal against a model", () => {
    test("random operations keep what the model keeps", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { minLength: 10, maxLength: 40, size: "max" }),
          async (operations) => {
            await clearJournal(database());
            const fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
            const run = new Run(createJournal(database()), fence);
            for (const next of operations) await run.step(next);
            await run.check();
          },
        ),
        { numRuns: Number(process.env.FULL ? 40 : 6) },
      );
    }, 600_000);
  });
}
