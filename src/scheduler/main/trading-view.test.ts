import { beforeEach, expect, test } from "bun:test";
import { SEED_COUNT } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { nullRow, RateTable } from "../../domain/rate-table.ts";
import { DECISION_SETTINGS_DEFAULT } from "../../domain/strategy.ts";
import type { StoredPosition, StoredTrader, TradingViewSource } from "../../ports/trading-view.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { createTradingView } from "./trading-view.ts";

const D = Decimal.of;
const NOW_MS = 1_780_000_000_000;
const AGE_MS_MAX = 12_500;
const UPBIT_BINANCE = 1;

const POSITION: StoredPosition = {
  ...{ coin: "SOL", pair: "upbit-binance", openedAtMs: NOW_MS - 60_000, fundingUsdt: D("0.1") },
  exitTerms: { tradeMode: "custom", exitRateTarget: "1390" },
  entries: [
    {
      ...{ qtyCoin: D("6"), spentKrw: D("822000"), feeKrw: D("411") },
      ...{ receivedUsdt: D("600"), feeUsdt: D("0.33") },
    },
    {
      ...{ qtyCoin: D("4"), spentKrw: D("548000"), feeKrw: D("274") },
      ...{ receivedUsdt: D("400"), feeUsdt: D("0.22") },
    },
  ],
};

let clock: ManualClock;
let table: RateTable;
let reads: { readonly mode: string; readonly sinceMs: number }[];
let open: readonly StoredPosition[];
let fault: Error | undefined;
let view: TradingViewSource;

beforeEach(() => {
  clock = new ManualClock(NOW_MS);
  table = new RateTable();
  table.reference = { priceKrw: 1400, venue: "upbit", atMs: NOW_MS };
  reads = [];
  open = [POSITION];
  fault = undefined;
  quote({ 1: 1384, 2: 1383 });
  view = createTradingView({
    clock,
    store: {
      async read(mode, sinceMs) {
        reads.push({ mode, sinceMs });
        if (fault) throw fault;
        const trader = { userId: 7, name: "Patient", strategy: null, profitKrw: "0.00" };
        return [{ ...trader, open, closed: [], decisions: [] } satisfies StoredTrader];
      },
    },
    engine: () => ({ mode: "paper", role: "trading" }),
    table: () => table,
    decision: DECISION_SETTINGS_DEFAULT,
    rateAgeMsMax: AGE_MS_MAX,
  });
});

/** Exit rates of SOL by size in millions of KRW; no rate at any other. */
function quote(exitRates: Readonly<Record<number, number>>, tickAtMs = NOW_MS): void {
  const row = nullRow("SOL", UPBIT_BINANCE, tickAtMs, "none");
  for (const [size, rate] of Object.entries(exitRates)) {
    row.ratesJeon[SEED_COUNT + Number(size) - 1] = rate * 100;
  }
  table.merge(row);
}

const shown = async () => (await view.read()).traders[0]!.open[0]!;

test("an open position is shown with what closing it now would bring, reckoned by hand", async () => {
  // 1,370,000 KRW spent for 1,000 USDT. At 1384, the rate of 1,000,000, the coins bring 1,384,000 KRW: 14,000 more,
  // less fees of 685 and 692. Abroad 1,000 USDT buy them back, with fees of 0.55 twice and 0.1 of funding: -1 USDT at 1400.
  expect(await view.read()).toEqual({
    ...{ mode: "paper", role: "trading", asOfMs: NOW_MS },
    traders: [
      {
        ...{ userId: 7, name: "Patient", strategy: null, profitKrw: "0.00", openCount: 1 },
        open: [
          {
            ...{
              coin: "SOL",
              pair: "upbit-binance",
              qtyCoin: "10",
              spentKrw: "1370000",
              receivedUsdt: "1000",
            },
            ...{ entryRate: "1370.00", exitTargetRate: "1390.00", exitRateNow: "1384.00" },
            ...{ profitNowKrw: "11223.00", openedAtMs: NOW_MS - 60_000, entries: 2 },
          },
        ],
        ...{ closed: [], decisions: [] },
      },
    ],
  });
  expect(reads).toEqual([{ mode: "paper", sinceMs: NOW_MS - 600_000 }]);
});

test("in auto mode the target follows the position's own entry", async () => {
  open = [{ ...POSITION, exitTerms: { tradeMode: "auto", exitRateTarget: "0" } }];
  expect((await shown()).exitTargetRate).toBe("1397.40");
});

test("without a rate for its size, or a fresh one, there is neither a rate nor a profit", async () => {
  const none = { exitRateNow: null, profitNowKrw: null };
  quote({ 2: 1383 });
  expect(await shown()).toMatchObject(none);
  table.merge(nullRow("SOL", UPBIT_BINANCE, NOW_MS, "thin"));
  await clock.advance(2_000);
  expect(await shown()).toMatchObject(none);
  quote({ 1: 1384 });
  await clock.advance(AGE_MS_MAX - 2_000);
  expect(await shown()).toMatchObject({ exitRateNow: "1384.00" });
  await clock.advance(2_000);
  expect(await shown()).toMatchObject(none);
});

test("without a fresh reference price the rate is shown and no profit", async () => {
  table.reference = undefined;
  expect(await shown()).toMatchObject({ exitRateNow: "1384.00", profitNowKrw: null });
});

test("the store is asked once in two seconds, however many look; so is one that fails", async () => {
  const views = await Promise.all(Array.from({ length: 50 }, () => view.read()));
  expect(new Set(views).size).toBe(1);
  await clock.advance(1_999);
  expect(await view.read()).toBe(views[0]!);
  expect(reads.length).toBe(1);
  fault = new Error("the store is away");
  await clock.advance(1);
  for (let viewer = 0; viewer < 3; viewer++) await expect(view.read()).rejects.toThrow("away");
  expect(reads.length).toBe(2);
  fault = undefined;
  await clock.advance(2_000);
  expect((await view.read()).asOfMs).toBe(NOW_MS + 4_000);
});
