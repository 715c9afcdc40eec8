import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { type KeyFinding, keyFinding } from "../domain/key-finding.ts";
import { StoreFault } from "../domain/store-fault.ts";
import type { UserVenues } from "../ports/trading-desk.ts";
import { type Rejection, type VenueBalance, VenueReadFault } from "../ports/trading-venue.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { createDeskAnswers, type DeskParts } from "./answer-desk.ts";

interface Account {
  readonly keyFaults?: () => Promise<readonly KeyFinding[]>;
  readonly balances?: () => Promise<readonly VenueBalance[]>;
}

/** A user's venues of which only these are there. */
function venuesOf(accounts: Partial<Record<string, Account | Error>>): UserVenues {
  const open = async (_: number, venue: string) => {
    const account = accounts[venue];
    if (account instanceof Error) throw account;
    return account && ({ venue, keyFaults: async () => [], balances: async () => [], ...account } as never);
  };
  return { domestic: open, overseas: open };
}

function deskOf(parts: Partial<DeskParts>) {
  const clock = new ManualClock();
  const nobody = venuesOf({});
  const answer = createDeskAnswers({
    ...{ clock, log: new RecordingLog(), leads: () => true, mode: "live", keyed: nobody, venues: nobody },
    ...parts,
  });
  const test = (userId = 7) => answer({ version: 1, op: "test-key", userId, venue: "bybit" });
  const balances = (userId = 7) => answer({ version: 1, op: "balances", userId });
  return { clock, test, balances };
}

const D = Decimal.of;
const refused = (kind: Rejection["kind"]) =>
  new VenueReadFault("refused", { kind, code: "1", message: "no", idStillFree: true });
const failing = (error: Error) => ({ balances: () => Promise.reject(error) });

test("a scheduler that does not lead is silent, and one without ENCRYPTION_KEY says so", async () => {
  const silent = deskOf({ leads: () => false });
  expect([await silent.test(), await silent.balances()]).toEqual([undefined, undefined]);
  expect(await deskOf({ keyed: undefined }).test()).toEqual({ kind: "unread", why: "no-encryption-key" });
  expect(await deskOf({}).test()).toEqual({ kind: "unread", why: "no-key" });
});

test("what is found is told; a key that seems to do and reads no balances lacks a permission", async () => {
  const tested = (account: Account) => deskOf({ keyed: venuesOf({ bybit: account }) }).test();
  const found = [keyFinding("any-address"), keyFinding("ends-soon", "2027-01-03")];
  expect(await tested({ keyFaults: async () => found })).toEqual({ kind: "tested", findings: found });
  expect(await tested({ keyFaults: async () => found, ...failing(refused("key")) })).toEqual({
    kind: "tested",
    findings: [...found, keyFinding("permission-missing")],
  });
  // The venue has said no already: it is not asked again.
  const unknown = [keyFinding("key-unknown")];
  const asked = { keyFaults: async () => unknown, ...failing(new RangeError("asked all the same")) };
  expect(await tested(asked)).toEqual({ kind: "tested", findings: unknown });
});

test("why something could not be read is told by its kind", async () => {
  const why = async (error: Error) => (await deskOf({ keyed: venuesOf({ bybit: failing(error) }) }).test())!;
  expect(await why(new VenueReadFault("away", undefined))).toEqual({ kind: "unread", why: "no-answer" });
  expect(await why(refused("limited"))).toEqual({ kind: "unread", why: "limited" });
  const away = deskOf({ keyed: venuesOf({ bybit: new StoreFault("passing", "", "away") }) });
  expect(await away.test()).toEqual({ kind: "unread", why: "store-away" });
});

test("balances come with money first, as exact texts, without empty coins; one venue hides no other", async () => {
  const row = (asset: string, free: string, locked: string) => ({ asset, free: D(free), locked: D(locked) });
  const venues = venuesOf({
    upbit: {
      balances: async () => [
        ...[
          row("BTC", "0.10000001", "0.2"),
          row("AAVE", "1", "0"),
          row("DUST", "0", "0.000"),
          row("KRW", "0", "5"),
        ],
      ],
    },
    bithumb: new StoreFault("passing", "", "away"),
    bybit: { balances: async () => [] },
    binance: { balances: () => new Promise<never>(() => {}) },
  });
  const { clock, balances } = deskOf({ venues, mode: "paper" });
  const answered = balances();
  await clock.advance(4_999);
  expect(await answered).toEqual({
    kind: "balances",
    mode: "paper",
    venues: [
      {
        state: "read",
        venue: "upbit",
        balances: [
          { asset: "KRW", free: "0", total: "5" },
          { asset: "AAVE", free: "1", total: "1" },
          { asset: "BTC", free: "0.10000001", total: "0.30000001" },
        ],
      },
      { state: "unread", venue: "bithumb", why: "store-away" },
      { state: "read", venue: "bybit", balances: [{ asset: "USDT", free: "0", total: "0" }] },
      { state: "unread", venue: "binance", why: "late" },
    ],
  });
});

test("four at once, one of each user; one that is late is told so and keeps its place until the venue ends", async () => {
  const hanging: (() => void)[] = [];
  const keyed = venuesOf({
    bybit: { keyFaults: () => new Promise((resolve) => hanging.push(() => resolve([]))) },
  });
  const { clock, test } = deskOf({ keyed });
  const four = [1, 2, 3, 4].map((userId) => test(userId));
  expect(await test(1)).toEqual({ kind: "busy" });
  expect(await test(5)).toEqual({ kind: "busy" });
  await clock.advance(5_000);
  expect(await Promise.all(four)).toEqual(Array(4).fill({ kind: "unread", why: "late" }));
  expect(await test(5)).toEqual({ kind: "busy" });
  expect(hanging).toHaveLength(4);
  hanging.pop()!();
  await clock.advance(0);
  const fifth = test(5);
  await clock.advance(0);
  hanging.pop()!();
  expect(await fifth).toEqual({ kind: "tested", findings: [] });
});
