// Losses on whichever database, against cases reckoned by hand: exits booked with a loss, and entries that sold back.

import { beforeEach, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import type { OrderPurpose } from "../../domain/intent.ts";
import type { IntentRow, Journal } from "../../ports/journal.ts";
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
import { createTradingStateStore } from "./trading-state.ts";

const D = Decimal.of;

/** Price, coins and fee in KRW. */
type Fill = readonly [string, string, string];

export function tradingLossesSuite(database: () => Database): void {
  describe("losses", () => {
    let journal: Journal;
    let fence: number;
    let count: number;

    beforeEach(async () => {
      await clearJournal(database());
      journal = createJournal(database());
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
      count = 0;
    });

    async function losses(sinceMs = NOW_MS, mode: "paper" | "live" = "live") {
      const found = await createTradingStateStore(database()).lossesSince(mode, sinceMs);
      return Object.fromEntries([...found].map(([userId, krw]) => [userId, String(krw)]));
    }

    async function fill(intentId: string, purpose: OrderPurpose, fills: readonly Fill[], attempt = 1) {
      const order = orderOf(intentId, purpose, { attempt, qty: D("1000") });
      await journal.addOrders([order], fence);
      const rows = fills.map(([price, qty, fee], index) =>
        fillOf(order, qty, {
          ...{ fillId: `${order.clientOrderId}/${index}`, price: D(price) },
          ...{ fee: D(fee), feeValued: D(fee) },
        }),
      );
      await journal.recordOrder({ clientOrderId: order.clientOrderId, status: "done" }, rows, fence);
    }

    /** An entry that bought, sold some back in one order each, and is flat, or hedged when `hedgedCoin` is given. */
    async function unwind(
      bought: readonly Fill[],
      sold: readonly (readonly Fill[])[],
      changes: Partial<IntentRow> & { readonly endMs?: number; readonly hedgedCoin?: string } = {},
    ): Promise<void> {
      const { endMs = NOW_MS, hedgedCoin, ...intentChanges } = changes;
      const intent = intentOf({
        decisionId: `loss-${count++}`,
        coin: `C${count}`,
        userId: 7,
        ...intentChanges,
      });
      const { intentId } = intent;
      await journal.plan(intent, fence);
      const states = ["planned", "domestic-sending", "domestic-done", "unwinding"] as const;
      for (const [index, to] of states.slice(1).entries()) {
        await journal.move({ intentId, from: states[index]!, to, atMs: NOW_MS }, fence);
      }
      await fill(intentId, "buy", bought);
      for (const [index, fills] of sold.entries()) await fill(intentId, "unwind", fills, index + 1);
      const end = { atMs: endMs, openRow: undefined };
      if (hedgedCoin === undefined) {
        await journal.endEntry(intentId, entryEnd({ ...end, to: "flat", entry: undefined }), fence);
      } else {
        await journal.endEntry(intentId, entryEnd({ ...end, entry: matchedOf(hedgedCoin) }), fence);
      }
    }

    /** Opens a position and closes it with this profit. */
    async function close(
      profitKrw: string | undefined,
      changes: Partial<IntentRow> & { atMs?: number } = {},
    ) {
      const { atMs = NOW_MS, ...intentChanges } = changes;
      const of = { coin: `X${count++}`, userId: 7, ...intentChanges };
      const entry = intentOf({ ...of, decisionId: `enter-${count}` });
      const { intentId } = entry;
      await journal.plan(entry, fence);
      const states = ["planned", "domestic-sending", "domestic-done", "overseas-sending"] as const;
      for (const [index, to] of states.slice(1).entries()) {
        await journal.move({ intentId, from: states[index]!, to, atMs: NOW_MS }, fence);
      }
      await journal.endEntry(intentId, entryEnd({ openRow: undefined }), fence);
      const position = (await journal.openPositions(entry.mode)).find(({ coin }) => coin === of.coin)!;
      const exit = intentOf({ ...of, decisionId: `leave-${count}`, kind: "exit" });
      await journal.plan(exit, fence);
      await journal.move({ intentId: exit.intentId, from: "planned", to: "sending", atMs: NOW_MS }, fence);
      const taken = position.entries.map(({ intentId: entryIntentId, atMs: _, ...left }) => ({
        entryIntentId,
        ...left,
      }));
      const end = { atMs, closedRow: undefined, profitKrw: profitKrw ? D(profitKrw) : undefined };
      await journal.endExit(exit.intentId, exitEnd(position.positionId, taken, end), fence);
    }

    test("entries that sold back count by coin and mode since an instant, once each; others do not", async () => {
      const bought: Fill[] = [["100", "2", "0"]];
      const sold: Fill[][] = [[["99", "1", "0"]], [["99", "1", "0"]]];
      await unwind(bought, sold, { coin: "XRP" });
      await unwind(bought, sold, { coin: "XRP", userId: 8, hedgedCoin: "1" });
      await unwind(bought, sold, { coin: "XRP", userId: 9, endMs: NOW_MS - 1 });
      await unwind(bought, sold, { coin: "XRP", mode: "paper" });
      await unwind(bought, [], { coin: "DOGE" });
      const since = (sinceMs: number) => createJournal(database()).unwindsSince("live", sinceMs);
      expect([...(await since(NOW_MS))]).toEqual([["XRP", 2]]);
      expect([...(await since(NOW_MS - 1))]).toEqual([["XRP", 3]]);
    });

    test("nothing traded, nothing lost", async () => {
      expect(await losses()).toEqual({});
    });

    test("an exit's negative profit is a loss to the last digit; gains and exits without a figure are none", async () => {
      await close("-12345.678900000001");
      await close("999999");
      await close("0");
      await close(undefined);
      await close("-0.1");
      await close("-50", { userId: 8 });
      await close("-70", { mode: "paper" });
      expect(await losses()).toEqual({ 7: "12345.778900000001", 8: "50" });
      expect(await losses(NOW_MS, "paper")).toEqual({ 7: "70" });
    });

    test("what counts begins at the instant asked for", async () => {
      await close("-1", { atMs: NOW_MS - 1 });
      await close("-10", { atMs: NOW_MS });
      await unwind([["100", "2", "0"]], [[["50", "2", "0"]]], { endMs: NOW_MS - 1 });
      await unwind([["100", "2", "0"]], [[["40", "2", "0"]]], { endMs: NOW_MS });
      expect(await losses()).toEqual({ 7: "130" });
      expect(await losses(NOW_MS - 1)).toEqual({ 7: "231" });
      expect(await losses(NOW_MS + 1)).toEqual({});
    });

    test("selling all back costs what was paid with its fee less what came in after fee", async () => {
      // Bought 0.07 for 9,800,000 + 200,000 with fees of 4,900 + 100: 10,005,000. Sold 0.05 and 0.02 in two orders
      // for 6,900,000 + 2,740,000, fees 3,450 + 1,370, and the one of 200,000 with its 100: 9,835,080.
      await unwind(
        [
          ["140000000", "0.07", "4900"],
          ["200000", "1", "100"],
        ],
        [
          [["138000000", "0.05", "3450"]],
          [
            ["137000000", "0.02", "1370"],
            ["200000", "1", "100"],
          ],
        ],
      );
      expect(await losses()).toEqual({ 7: "169920" });
    });

    test("of an entry hedged in part only the share sold back counts", async () => {
      // 3 coins for 3,000,000 with a fee of 1,500; 1 sold for 990,000 with a fee of 495: 1,000,500 - 989,505.
      await unwind([["1000000", "3", "1500"]], [[["990000", "1", "495"]]], { hedgedCoin: "2" });
      expect(await losses()).toEqual({ 7: "10995" });
    });

    test("a share that does not come out even is cut at 12 digits, half-up", async () => {
      // A third of 100.10000002 is 33.366666673333 3...; 33 came in.
      await unwind(
        [
          ["100", "1", "0.1"],
          ["0.00000001", "2", "0"],
        ],
        [[["33", "1", "0"]]],
        { hedgedCoin: "2" },
      );
      expect(await losses()).toEqual({ 7: "0.366666673333" });
    });

    test("selling back with a gain is no loss and makes up for none", async () => {
      await unwind([["100", "1", "0"]], [[["130", "1", "0"]]]);
      await unwind([["100", "1", "0"]], [[["90", "1", "0"]]]);
      expect(await losses()).toEqual({ 7: "10" });
    });

    test("an entry that sold nothing back, or has not ended, has lost nothing", async () => {
      await unwind([["100", "1", "5"]], [[]], { hedgedCoin: "1" });
      await unwind([["100", "1", "5"]], [], { hedgedCoin: "1" });
      const running = intentOf({ decisionId: "running", userId: 7, coin: "RUN" });
      const { intentId } = running;
      await journal.plan(running, fence);
      await fill(intentId, "buy", [["100", "1", "0"]]);
      await fill(intentId, "unwind", [["1", "1", "0"]]);
      expect(await losses(0)).toEqual({});
    });
  });
}
