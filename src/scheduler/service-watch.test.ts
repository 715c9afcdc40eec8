import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Notifier } from "../ports/notifier.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { ServiceWatch } from "./service-watch.ts";

type Message = Parameters<Notifier["tell"]>[0];

let clock: ManualClock;
let over: AbortController;
let told: Message[];
let running: Promise<void>;
const now = {
  leads: true,
  bus: { up: true, detail: "connected" },
  database: { up: true, detail: "no request has failed lately" },
  fetches: new Map<string, number>(),
  reference: true,
};
const said = () =>
  told.map(({ notice }) => (notice.kind === "service" ? `${notice.what} (${notice.detail})` : notice.kind));

beforeEach(() => {
  clock = new ManualClock();
  over = new AbortController();
  told = [];
  now.fetches = new Map();
  Object.assign(now, { leads: true, reference: true });
  now.bus = { up: true, detail: "connected" };
  const watch = new ServiceWatch({
    clock,
    notifier: { tell: (message) => void told.push(message) },
    leads: () => now.leads,
    links: () => now,
    fetches: () => now.fetches,
    hasReference: () => now.reference,
  });
  running = watch.run(over.signal);
});
afterEach(async () => {
  over.abort();
  await running;
});

/** Ticks of five seconds in which `venue` answers so. */
async function ticks(count: number, venue: string, outcome: string): Promise<void> {
  for (let tick = 0; tick < count; tick++) {
    const key = `${venue} ${outcome}`;
    now.fetches.set(key, (now.fetches.get(key) ?? 0) + 3);
    await clock.advance(5_000);
  }
}

test("a link that is away for a moment is not told, one that stays away is, once, and its return", async () => {
  now.bus = { up: false, detail: "disconnected" };
  await clock.advance(14_000);
  now.bus = { up: true, detail: "connected" };
  await clock.advance(5_000);
  expect(said()).toEqual([]);
  now.bus = { up: false, detail: "disconnected" };
  await clock.advance(600_000);
  expect(said()).toEqual(["bus-lost (disconnected)"]);
  expect([told[0]!.audience, told[0]!.dedupeKey]).toEqual(["operator", "service bus-lost bus"]);
  now.bus = { up: true, detail: "connected" };
  await clock.advance(2_000);
  expect(said().slice(1)).toEqual(["bus-back (connected)"]);
});

test("a venue counts as lost when a minute of ticks has not one answer of it, and only it", async () => {
  await ticks(2, "upbit", "ok");
  await ticks(8, "upbit", "timeout");
  await ticks(1, "upbit", "ok");
  expect(said()).toEqual([]);
  await ticks(14, "upbit", "timeout");
  expect(said()).toHaveLength(1);
  expect(said()[0]).toStartWith("venue-lost (upbit");
  await ticks(1, "upbit", "ok");
  expect(said()[1]).toBe("venue-back (upbit: ok)");
});

test("a venue that is asked nothing is as it was", async () => {
  await ticks(1, "binance", "ok");
  await clock.advance(600_000);
  expect(said()).toEqual([]);
});

test("without a reference price for a minute that is told", async () => {
  now.reference = false;
  await clock.advance(59_000);
  expect(said()).toEqual([]);
  await clock.advance(2_000);
  expect(said()).toEqual(["reference-void (KRW-USDT)"]);
});

test("who does not lead tells nothing, and begins anew when it leads", async () => {
  Object.assign(now, { leads: false, reference: false });
  await clock.advance(300_000);
  expect(said()).toEqual([]);
  now.leads = true;
  await clock.advance(59_000);
  expect(said()).toEqual([]);
  await clock.advance(3_000);
  expect(said()).toEqual(["reference-void (KRW-USDT)"]);
});
