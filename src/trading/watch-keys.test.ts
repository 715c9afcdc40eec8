import { expect, test } from "bun:test";
import { type KeyFinding, keyFinding } from "../domain/key-finding.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { TradingVenue } from "../ports/trading-venue.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import type { Session, SessionDeps } from "./session.ts";
import { KeyWatch } from "./watch-keys.ts";

test("what a key lacks is told in words, once, and again only when it changes", async () => {
  const clock = new ManualClock();
  const lost = new AbortController();
  const told: Parameters<Notifier["tell"]>[0][] = [];
  let faults: readonly KeyFinding[] = [keyFinding("may-not-order"), keyFinding("any-address")];
  let asked = 0;
  const upbit = {
    venue: "upbit",
    keyFaults: async () => {
      asked++;
      if (asked === 4) throw new Error("the venue is away");
      return faults;
    },
  } as unknown as TradingVenue;
  const deps = {
    clock,
    log: new RecordingLog(),
    mode: "live",
    notifier: { tell: (message: Parameters<Notifier["tell"]>[0]) => void told.push(message) },
    venues: {
      domestic: async (_user: number, venue: string) => (venue === "upbit" ? upbit : undefined),
      overseas: async () => undefined,
    },
  } as unknown as SessionDeps;
  const session = { term: { lost: lost.signal }, known: { traders: [{ userId: 7 }] } } as unknown as Session;
  const running = new KeyWatch(deps, session).run();
  await clock.advance(60_000);
  expect(asked).toBe(1);
  expect(told).toMatchObject([
    { audience: { userId: 7 }, notice: { kind: "key-fault", venue: "upbit", faults } },
  ]);
  await clock.advance(6 * 3_600_000 + 20_000);
  expect([asked, told.length]).toEqual([2, 1]);
  faults = [keyFinding("key-expired")];
  await clock.advance(6 * 3_600_000 + 20_000);
  expect([asked, told.length]).toEqual([3, 2]);
  await clock.advance(6 * 3_600_000 + 20_000);
  expect([asked, told.length]).toEqual([4, 2]);
  lost.abort();
  await running;
});
