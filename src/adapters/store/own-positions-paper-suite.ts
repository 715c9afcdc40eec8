// A user's paper positions on whichever database: intents with their fills go into the journal, and what comes out is
// what the domain makes of the same fills for Karbit's rows, so that paper and live are read alike.

import { beforeEach, describe, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import {
  type EndFill,
  type ExitDone,
  entryOutcome,
  exitOutcome,
  openRowFigures,
} from "../../domain/intent-ends.ts";
import { NO_DUST } from "../../domain/position.ts";
import type { IntentRow, Journal, Taken } from "../../ports/journal.ts";
import type { OwnPositionStore } from "../../ports/own-positions.ts";
import type { Database } from "./database.ts";
import { createJournal } from "./journal.ts";
import { addUser, clearJournal, entryEnd, exitEnd, fillOf, intentOf, orderOf } from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";
import { createOwnPositionStore } from "./own-positions.ts";
import { inZone } from "./store-fixtures.ts";

const D = Decimal.of;
const NOON_MS = Date.UTC(2026, 2, 5, 3);
const HOUR_MS = 3_600_000;
const THOUSAND = D("1000");

const fill = (purpose: EndFill["purpose"], price: string, qty: string, fee: string): EndFill => ({
  ...{ purpose, price: D(price), qty: D(qty), fee: D(fee) },
});

export function ownPositionsPaperSuite(database: () => Database): void {
  describe("a user's own positions on paper", () => {
    let journal: Journal;
    let store: OwnPositionStore;
    let fence: number;
    let userId: number;
    let count: number;

    beforeEach(async () => {
      await clearJournal(database());
      journal = createJournal(database());
      store = createOwnPositionStore(database(), "paper");
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
      ({ userId } = await addUser(database()));
      count = 0;
    });

    async function record(intentId: string, fills: readonly EndFill[]): Promise<void> {
      for (const [index, { purpose, price, qty, fee }] of fills.entries()) {
        const attempt = index + 1;
        const order = orderOf(intentId, purpose, { attempt, qty, limitPrice: undefined });
        const { clientOrderId } = order;
        await journal.addOrders([order], fence);
        const done = { clientOrderId, status: "done", endedAtMs: NOON_MS } as const;
        await journal.recordOrder(
          done,
          [fillOf(order, qty.toString(), { price, fee, feeValued: fee })],
          fence,
        );
      }
    }

    type Of = Partial<IntentRow> & { readonly atMs: number; readonly fills: readonly EndFill[] };
    const terms = { referenceKrw: "1402.555" };

    async function enter({ atMs, fills, ...of }: Of) {
      const intent = intentOf({ decisionId: `enter-${count++}`, mode: "paper", userId, terms, ...of });
      const { intentId } = intent;
      await journal.plan(intent, fence);
      const states = ["planned", "domestic-sending", "domestic-done", "overseas-sending"] as const;
      for (const [index, to] of states.slice(1).entries()) {
        await journal.move({ intentId, from: states[index]!, to, atMs }, fence);
      }
      await record(intentId, fills);
      const { entry } = entryOutcome({ fills, multiplier: THOUSAND, dust: NO_DUST });
      await journal.endEntry(intentId, entryEnd({ atMs, entry, openRow: undefined, leverage: 3 }), fence);
      return { intentId, entry: entry! };
    }

    type Leave = Of & {
      readonly taken: readonly Taken[];
      readonly earlier?: readonly ExitDone[];
      to?: "parted";
    };
    async function leave({ atMs, fills, taken, earlier = [], to, ...of }: Leave) {
      const exit = intentOf({
        decisionId: `leave-${count++}`,
        mode: "paper",
        kind: "exit",
        userId,
        terms,
        ...of,
      });
      const { intentId } = exit;
      await journal.plan(exit, fence);
      await journal.move({ intentId, from: "planned", to: "sending", atMs }, fence);
      await record(intentId, fills);
      const outcome = exitOutcome({
        ...{
          done: { taken, fills },
          earlier,
          multiplier: THOUSAND,
          dust: { qtyCoin: D("50"), costKrw: D("70") },
        },
        ...{ fundingUsdt: Decimal.ZERO, fundingWholeUsdt: Decimal.ZERO },
        ...{ referenceKrw: D(terms.referenceKrw), placedPriceUsdt: D("0.02") },
      });
      const [position] = await journal.openPositions("paper");
      const { profitKrw, profitRatePct } = outcome;
      const end = { atMs, closedRow: undefined, profitKrw, profitRatePct, ...(to && { to }) };
      await journal.endExit(intentId, exitEnd(position!.positionId, taken, end), fence);
      return outcome;
    }

    const history = async () => (await store.history(userId, { offset: 0, limit: 100 })).rows;
    const shownOf = (row: Record<string, string>, names: readonly (readonly [string, string])[]) =>
      Object.fromEntries(names.map(([shown, figure]) => [shown, row[figure]]));
    const FIGURES = [
      ...([
        ["krPriceKrw", "krPrice"],
        ["krVolumeCoin", "krVolume"],
        ["krFundsKrw", "krFunds"],
      ] as const),
      ...([
        ["krFeeKrw", "krFee"],
        ["frPriceUsdt", "frPrice"],
        ["frVolumeCoin", "frVolume"],
      ] as const),
      ...([
        ["frFundsUsdt", "frFunds"],
        ["frFeeUsdt", "frFee"],
        ["entryRate", "entryRate"],
      ] as const),
      ["usdtPriceKrw", "usdtPrice"] as const,
    ];
    const CLOSED_FIGURES = [
      ...FIGURES,
      ...([
        ["exitRate", "exitRate"],
        ["profitKrw", "profit"],
        ["profitRatePct", "profitRate"],
      ] as const),
    ];

    const BUY = [fill("buy", "13.13", "4000", "26.26"), fill("buy", "13.17", "3000", "19.755")];
    const HEDGE = [fill("hedge", "9.371", "5", "0.0257"), fill("hedge", "9.37", "2", "0.0103")];

    test("an entry has the figures Karbit's OPEN row would have, and is active with them", async () => {
      const { entry, intentId } = await enter({ atMs: NOON_MS, fills: [...BUY, ...HEDGE], coin: "PEPE" });
      const figures = openRowFigures({
        ...{ entry, multiplier: THOUSAND, placedPriceUsdt: D("9.4"), referenceKrw: D(terms.referenceKrw) },
      });
      const [row, ...others] = await history();
      expect(others).toEqual([]);
      expect(row).toEqual({
        ...{
          id: intentId,
          status: "OPEN",
          coin: "PEPE",
          krExchange: "UPBIT",
          frExchange: "BYBIT",
          leverage: 3,
        },
        ...(shownOf(figures, FIGURES) as object),
        ...{ exitRate: null, profitKrw: null, profitRatePct: null, entryAtMs: NOON_MS, exitAtMs: null },
      } as never);
      expect(await store.active(userId)).toEqual([
        {
          ...{ coin: "PEPE", krExchange: "UPBIT", frExchange: "BYBIT", entries: 1, leverage: 3 },
          ...{ krVolumeCoin: figures.krVolume, frVolumeCoin: figures.frVolume, krFundsKrw: figures.krFunds },
          ...{ frFundsUsdt: figures.frFunds, entryRate: figures.entryRate, latestEntryAtMs: NOON_MS },
        },
      ]);
    });

    test("a close is one row, also when the position left in parts and dust went with it; what is left is active", async () => {
      const { entry, intentId } = await enter({ atMs: NOON_MS, fills: [...BUY, ...HEDGE], coin: "PEPE" });
      const share = (part: Decimal, whole: Decimal, amount: Decimal) =>
        amount.times(part).dividedBy(whole, 12, "half-up");
      const part = D("2000");
      const shareOfEntry = (amount: Decimal) => share(part, entry.qtyCoin, amount);
      const taken = {
        ...{ entryIntentId: intentId, qtyCoin: part, spentKrw: shareOfEntry(entry.spentKrw) },
        ...{ feeKrw: shareOfEntry(entry.feeKrw), receivedUsdt: shareOfEntry(entry.receivedUsdt) },
        feeUsdt: shareOfEntry(entry.feeUsdt),
      };
      const partFills = [fill("sell", "13.4", "2000", "13.4"), fill("cover", "9.4", "2", "0.01")];
      const atMs = NOON_MS + HOUR_MS;
      await leave({ atMs, fills: partFills, taken: [taken], to: "parted", coin: "PEPE" });
      const rest = {
        ...{ entryIntentId: intentId, qtyCoin: entry.qtyCoin.minus(part) },
        ...{ spentKrw: entry.spentKrw.minus(taken.spentKrw), feeKrw: entry.feeKrw.minus(taken.feeKrw) },
        receivedUsdt: entry.receivedUsdt.minus(taken.receivedUsdt),
        feeUsdt: entry.feeUsdt.minus(taken.feeUsdt),
      };
      expect((await store.active(userId))[0]).toMatchObject({
        ...{ krVolumeCoin: rest.qtyCoin.toFixed(8), krFundsKrw: rest.spentKrw.toFixed(8) },
        frFundsUsdt: rest.receivedUsdt.toFixed(8),
      });
      expect((await history()).map(({ status }) => status)).toEqual(["OPEN"]);
      // Of 5,010 coins sold, 10 were dust.
      const lastFills = [fill("sell", "13.5", "5010", "33.8"), fill("cover", "9.5", "5", "0.02")];
      const { row } = await leave({
        ...{ atMs: NOON_MS + 2 * HOUR_MS, fills: lastFills, taken: [rest], coin: "PEPE" },
        earlier: [{ taken: [taken], fills: partFills }],
      });
      const [closed, open] = await history();
      expect(open!.status).toBe("OPEN");
      expect(closed).toMatchObject({
        ...{ status: "CLOSED", coin: "PEPE", krExchange: "UPBIT", frExchange: "BYBIT", leverage: 3 },
        ...(shownOf({ ...row }, CLOSED_FIGURES) as object),
        ...{ entryAtMs: NOON_MS + 2 * HOUR_MS, exitAtMs: NOON_MS + 2 * HOUR_MS },
      });
      expect(await store.active(userId)).toEqual([]);
    });

    test("statistics and days are of paper alone and of this user, in any zone of the server", async () => {
      // An hour before midnight in Korea, and after it.
      for (const [index, atMs] of [Date.UTC(2026, 2, 5, 14), Date.UTC(2026, 2, 5, 15)].entries()) {
        const coin = `C${index}`;
        const { entry, intentId } = await enter({ atMs: atMs - 1, fills: [...BUY, ...HEDGE], coin });
        const price = index === 0 ? "13.5" : "12.5";
        const fills = [fill("sell", price, "7000", "47.25"), fill("cover", "9.37", "7", "0.03")];
        await leave({ atMs, fills, taken: [{ entryIntentId: intentId, ...entry }], coin });
      }
      const other = await addUser(database());
      await enter({ atMs: NOON_MS, fills: [...BUY, ...HEDGE], coin: "ETH", ...other });
      await enter({ atMs: NOON_MS, fills: [...BUY, ...HEDGE], coin: "XRP", mode: "live" });
      const read = async (zone: string) => {
        const zoned = createOwnPositionStore(inZone(database(), zone), "paper");
        return {
          history: (await zoned.history(userId, { offset: 0, limit: 9 })).rows,
          statistics: await zoned.statistics(userId, Date.UTC(2026, 2, 5, 16)),
          daily: await zoned.daily(userId, { from: "2026-03-01", to: "2026-03-31" }),
        };
      };
      const { history, statistics, daily } = await read("UTC");
      const [loss, , win] = history;
      expect(history.map(({ coin, status }) => `${coin} ${status}`)).toEqual([
        ...["C1 CLOSED", "C1 OPEN", "C0 CLOSED", "C0 OPEN"],
      ]);
      expect(statistics).toMatchObject({
        ...{
          entries: 2,
          closed: 2,
          wins: 1,
          losses: 1,
          winRatePct: "50.00",
          profitTodayKrw: loss!.profitKrw,
        },
        ...{ bestProfitKrw: win!.profitKrw, worstProfitKrw: loss!.profitKrw },
      });
      expect(daily).toEqual([
        { day: "2026-03-05", closed: 1, wins: 1, profitKrw: win!.profitKrw! },
        { day: "2026-03-06", closed: 1, wins: 0, profitKrw: loss!.profitKrw! },
      ]);
      expect(await read("Asia/Seoul")).toEqual({ history, statistics, daily });
    });
  });
}
