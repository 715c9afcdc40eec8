// What the long runs have in common: eight traders, one for each pair and position mode; the four operations they are
// led through; the moment of an outage, drawn at random after the first order of an operation has reached a venue.

import { PAIR_KEYS } from "../../../schema/vocabulary.ts";
import { auditAll } from "./account-audit.ts";
import { activePositions, auditKarbit } from "./karbit-reading.ts";
import { THOUSANDS_COIN } from "./steered-market.ts";
import { CHEAP, CHEAPER, DEAR, type TraderWish } from "./test-traders.ts";
import type { TradingFleet } from "./trading-fleet.ts";

/** Slices of 1.45 million KRW: an exit is screened at a million and can leave in parts. */
export const EVERY_KIND: readonly TraderWish[] = PAIR_KEYS.flatMap((pair, index) =>
  [false, true].map((hedgeMode) => ({
    ...{ pair, hedgeMode, seedKrw: 2_900_000 },
    coin: index === 0 && hedgeMode ? THOUSANDS_COIN : `C${index}${hedgeMode ? "H" : "O"}`,
  })),
);

export const OPERATIONS = ["entry", "add-on", "exit in parts", "forced close"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Orders an operation of everybody sends when nothing happens to it. */
const ORDERS: Readonly<Record<Operation, number>> = {
  entry: 16,
  "add-on": 16,
  "exit in parts": 32,
  "forced close": 16,
};
/** The last of them may never come: who is in the middle of a long wait sends nothing. */
const MOMENT_MS_MAX = 5_000;
const JITTER_MS = 150;

/** Of two million a share that is not all of what two entries bought. */
const PART_COINS = 22;
const FIRST_ORDER_MS = 40_000;
const LEFT_MS_MAX = 60_000;

function orderCount({ simulator, traders }: TradingFleet): number {
  const { accounts } = simulator.control;
  const counts = traders.flatMap(({ apiKey, domestic, overseas }) =>
    [domestic, overseas].map((venue) => accounts.clientIds(apiKey, venue).length),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Lets an operation begin and resolves once its first order is at a venue. */
export async function begin(fleet: TradingFleet, operation: Operation): Promise<void> {
  const before = orderCount(fleet);
  if (operation === "entry" || operation === "add-on") {
    // Rests and pauses are minutes: they are taken out of the store, which is read at the start.
    await Promise.all(fleet.schedulers.map((scheduler) => scheduler.stop()));
    await fleet.ageEntries(61_000);
    fleet.steer({ premium: operation === "entry" ? CHEAP : CHEAPER });
    await Promise.all(fleet.schedulers.map((scheduler) => scheduler.start()));
  } else if (operation === "exit in parts") {
    fleet.steer({ premium: DEAR, bestBidCoins: PART_COINS });
  } else {
    for (const { userId, coin } of fleet.traders) await fleet.force(userId, coin);
  }
  await fleet.until(`an order (${operation})`, () => orderCount(fleet) > before, FIRST_ORDER_MS);
}

/** A moment of an operation that has begun: after any of its orders, and a little later. `random` gives 0 to 1. */
export async function someMoment(
  fleet: TradingFleet,
  operation: Operation,
  random: () => number,
): Promise<void> {
  const wanted = orderCount(fleet) + Math.floor(random() * ORDERS[operation]);
  const untilMs = Date.now() + MOMENT_MS_MAX;
  await fleet.until("a moment", () => orderCount(fleet) >= wanted || Date.now() > untilMs);
  await Bun.sleep(Math.floor(random() * JITTER_MS));
}

/** Everybody enters and nothing is left running. */
export async function enterAll(fleet: TradingFleet): Promise<void> {
  await begin(fleet, "entry");
  const count = fleet.traders.length;
  await fleet.until("positions of everybody", async () => (await fleet.positionCount()) === count);
  calm(fleet);
  await fleet.untilQuiet();
}

/** Brings everybody to where an operation can begin, from having nothing. */
export async function prepare(fleet: TradingFleet, operation: Operation): Promise<void> {
  if (operation === "entry") return;
  await enterAll(fleet);
  if (operation !== "exit in parts") return;
  await begin(fleet, "add-on");
  await fleet.until("two entries of everybody", async () => {
    const shown = await Promise.all(fleet.traders.map(({ userId }) => activePositions(fleet, userId)));
    return shown.every(([position]) => position?.count === 2);
  });
  calm(fleet);
  await fleet.untilQuiet();
}

/** Nobody begins anything any more. */
export function calm(fleet: TradingFleet): void {
  fleet.market.calm();
  fleet.simulator.control.clearFaults();
}

/**
 * As an operator does once all has ended well: closes the incidents of those who sold in so many small parts that a human
 * was called. Without that they would enter nothing more.
 */
export async function lookInto(fleet: TradingFleet): Promise<void> {
  const seen = await fleet.control<{ incidents: { incidentId: number; kind: string; detail: string }[] }>(
    "/incidents",
  );
  for (const { incidentId, kind, detail } of seen?.incidents ?? []) {
    if (kind !== "needs-human") continue;
    console.log(`looked into: ${detail}`);
    await fleet.control(`/incidents/${incidentId}/close`, { note: "ended by itself" });
  }
}

/** Leaves everything by the operator's word. */
export async function leaveAll(fleet: TradingFleet): Promise<void> {
  for (const { userId, coin } of fleet.traders) await fleet.force(userId, coin);
  await fleet.until("no position", async () => (await fleet.positionCount()) === 0, LEFT_MS_MAX);
  await fleet.untilQuiet();
}

/** Everything that has to hold whenever nothing runs. */
export async function faultsOf(fleet: TradingFleet): Promise<string[]> {
  const karbit = await Promise.all(fleet.traders.map((trader) => auditKarbit(fleet, trader)));
  return [...(await auditAll(fleet)), ...karbit.flat()];
}
