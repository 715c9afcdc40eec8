// Paper trades for the tests of what a user is shown: written through the journal as the engine writes them, at prices
// and instants a test chooses, so that every figure can be reckoned by hand.

import type { PairKey } from "../schema/vocabulary.ts";
import type { Database } from "../src/adapters/store/database.ts";
import { createJournal } from "../src/adapters/store/journal.ts";
import { entryEnd, exitEnd, fillOf, intentOf, orderOf } from "../src/adapters/store/journal-fixtures.ts";
import { createLeaseStore } from "../src/adapters/store/lease.ts";
import { Decimal } from "../src/domain/decimal.ts";
import { type EndFill, entryOutcome, exitOutcome } from "../src/domain/intent-ends.ts";
import { NO_DUST } from "../src/domain/position.ts";

const D = Decimal.of;
const NONE = Decimal.ZERO;
const FEE_KR = D("0.0005");
const FEE_FR = D("0.00055");
const LEASE_MS = 3_600_000;

export interface TradeSide {
  /** KRW per coin in Korea. */
  readonly krw: string;
  /** USDT per coin abroad. */
  readonly usdt: string;
  readonly atMs: number;
}

export interface TradeOf {
  readonly userId: number;
  readonly coin: string;
  readonly pair: PairKey;
  readonly qtyCoin: string;
  /** KRW per USDT. */
  readonly referenceKrw: string;
  readonly exitTargetRate: string;
}

export class TestTrades {
  readonly #database: Database;
  readonly #journal: ReturnType<typeof createJournal>;
  #fence: number | undefined;
  #count = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#journal = createJournal(database);
  }

  /** Fees are 0.05 % in Korea and 0.055 % abroad. */
  async enter(of: TradeOf, { krw, usdt, atMs }: TradeSide): Promise<void> {
    const fence = await this.#fenceHeld();
    const { userId, coin, pair, qtyCoin, referenceKrw, exitTargetRate } = of;
    const intent = intentOf({
      ...{ decisionId: `enter-${this.#count++}`, mode: "paper", terms: { referenceKrw }, plannedAtMs: atMs },
      ...{ userId, coin, pair, qtyCoin: D(qtyCoin), qtyContracts: D(qtyCoin) },
    });
    const { intentId } = intent;
    await this.#journal.plan(intent, fence);
    const states = ["planned", "domestic-sending", "domestic-done", "overseas-sending"] as const;
    for (const [index, to] of states.slice(1).entries()) {
      await this.#journal.move({ intentId, from: states[index]!, to, atMs }, fence);
    }
    const fills = [legFill("buy", krw, qtyCoin), legFill("hedge", usdt, qtyCoin)];
    await this.#record(intentId, fills, atMs);
    const { entry } = entryOutcome({ fills, multiplier: Decimal.ONE, dust: NO_DUST });
    const exitTerms = { tradeMode: "custom", exitRateTarget: exitTargetRate };
    await this.#journal.endEntry(
      intentId,
      entryEnd({ atMs, entry, exitTerms, openRow: undefined, leverage: 2 }),
      fence,
    );
  }

  /** Leaves all of it; the profit in KRW, exact. */
  async leave(of: TradeOf, { krw, usdt, atMs }: TradeSide): Promise<Decimal> {
    const fence = await this.#fenceHeld();
    const { userId, coin, pair, qtyCoin, referenceKrw } = of;
    const exit = intentOf({
      ...{ decisionId: `leave-${this.#count++}`, mode: "paper", kind: "exit", terms: { referenceKrw } },
      ...{ userId, coin, pair, qtyCoin: D(qtyCoin), qtyContracts: D(qtyCoin), plannedAtMs: atMs },
    });
    const { intentId } = exit;
    await this.#journal.plan(exit, fence);
    await this.#journal.move({ intentId, from: "planned", to: "sending", atMs }, fence);
    const fills = [legFill("sell", krw, qtyCoin), legFill("cover", usdt, qtyCoin)];
    await this.#record(intentId, fills, atMs);
    const open = await this.#journal.openPositions("paper");
    const position = open.find((one) => one.userId === userId && one.coin === coin && one.pair === pair)!;
    const taken = position.entries.map(({ intentId, atMs: _, ...left }) => {
      return { entryIntentId: intentId, ...left };
    });
    const { profitKrw, profitRatePct } = exitOutcome({
      ...{ done: { taken, fills }, earlier: [], multiplier: Decimal.ONE, dust: NO_DUST },
      ...{ fundingUsdt: NONE, fundingWholeUsdt: NONE, referenceKrw: D(referenceKrw) },
      placedPriceUsdt: D(usdt),
    });
    const end = { atMs, closedRow: undefined, profitKrw, profitRatePct };
    await this.#journal.endExit(intentId, exitEnd(position.positionId, taken, end), fence);
    return profitKrw;
  }

  async #fenceHeld(): Promise<number> {
    this.#fence ??= (await createLeaseStore(this.#database).acquire("test trades", LEASE_MS))!.fence;
    return this.#fence;
  }

  async #record(intentId: string, fills: readonly EndFill[], atMs: number): Promise<void> {
    for (const { purpose, price, qty, fee } of fills) {
      const order = orderOf(intentId, purpose, { qty, limitPrice: undefined });
      const { clientOrderId } = order;
      await this.#journal.addOrders([order], this.#fence!);
      await this.#journal.recordOrder(
        { clientOrderId, status: "done", endedAtMs: atMs },
        [fillOf(order, qty.toString(), { price, fee, feeValued: fee, atMs })],
        this.#fence!,
      );
    }
  }
}

function legFill(purpose: EndFill["purpose"], price: string, qty: string): EndFill {
  const rate = purpose === "buy" || purpose === "sell" ? FEE_KR : FEE_FR;
  return { purpose, price: D(price), qty: D(qty), fee: D(price).times(D(qty)).times(rate) };
}
