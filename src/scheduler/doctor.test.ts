import { expect, test } from "bun:test";
import { findingsOf } from "./doctor.ts";
import { DOCTOR_WORDS } from "./doctor-words.ts";
import type { Seen } from "./seen.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 1_780_000_000_000;
const budget = { allowed: 10, used: 1, holdMs: 0, banMs: 0, strictness: 1 };
const list = { count: 130, refreshedAtMs: NOW_MS - 1_000, failing: false };
const disk = (freePct: number) => ({ folder: "/var/lib", freeBytes: freePct * 1e8, sizeBytes: 1e10 });
const closed = { tickAtMs: NOW_MS - 30_000, closedAtMs: NOW_MS - 5_000, rowCount: 520, missing: [] };
const up = { up: true, detail: "connected" };

const WELL: Seen = {
  health: {
    healthy: true,
    ticking: true,
    tickAgeMs: 5_000,
    uptimeMs: 3_600_000,
    links: { bus: up, database: up, redis: up },
    disks: [disk(15)],
    busCertificateEndAtMs: NOW_MS + 30 * DAY_MS,
  },
  ticks: {
    ...{ paused: false, periodMs: 30_000, nullsByReason: { stale: 10 } },
    lastClosed: closed,
    counters: { issued: 120, incomplete: 0, skipped: 0 },
    reference: { priceKrw: 1_390, atMs: NOW_MS - 2_000 },
  },
  workers: { workers: [{ id: "w1", sourceAddress: "a", silentMs: 4_000, taskCount: 30 }] },
  venues: { coins: 131, lists: { upbit: list, bybit: list }, budgets: { upbit: budget, bybit: budget } },
  trading: {
    mode: "live",
    role: "trading",
    traders: 3,
    running: 0,
    incidents: 0,
    positions: [],
    positionCount: 0,
    switches: [],
  },
  incidents: { incidents: [], incidentCount: 0 },
  rates: { none: 500, thin: 16, stale: 4 },
  processes: [],
};

const found = (changes: { [K in keyof Seen]?: Partial<Seen[K]> }) => {
  const seen = Object.fromEntries(
    Object.entries(WELL).map(([name, part]) => [
      name,
      // Rates and processes are no parts of several: they are given whole.
      name === "rates" || name === "processes"
        ? (changes[name] ?? part)
        : { ...part, ...changes[name as keyof Seen] },
    ]),
  );
  return findingsOf(seen as Seen, NOW_MS).map(({ level, what, todo }) => `${level}: ${what} ${todo}`);
};

test("a scheduler that is well has no findings", () => {
  expect(findingsOf(WELL, NOW_MS)).toEqual([]);
});

test("each thing that is wrong is told in words with what to do, and what is worse comes first", () => {
  const away = { up: false, detail: "lost for 9 s" };
  const cases: [Parameters<typeof found>[0], RegExp][] = [
    [
      { health: { links: { bus: away, database: up } } },
      /^wrong: The bus is away: lost for 9 s\. .*NATS_URL/,
    ],
    [{ health: { links: { bus: up, database: away } } }, /^wrong: The database is away.*DATABASE_URL/],
    [{ health: { links: { bus: up, database: up, redis: away } } }, /^wrong: Redis is away/],
    [{ health: { disks: [disk(14)] } }, /^look: The disk of \/var\/lib has 14 % left.*HISTORY_DAYS/],
    [{ health: { disks: [disk(40), disk(4)] } }, /^wrong: The disk of \/var\/lib has 4 % left/],
    [
      { health: { busCertificateEndAtMs: NOW_MS + 29.5 * DAY_MS } },
      /^look: The certificate of nats-server ends on /,
    ],
    [
      { health: { busCertificateEndAtMs: NOW_MS + 2 * DAY_MS } },
      /^wrong: The certificate of nats-server ends on /,
    ],
    [
      { health: { busCertificateEndAtMs: NOW_MS - DAY_MS } },
      /^wrong: The certificate of nats-server ended on /,
    ],
    [{ health: { tickAgeMs: 100_000 } }, /^wrong: No tick has closed lately/],
    [{ workers: { workers: [] } }, /^wrong: No worker has reported lately.*schedulerx-worker/],
    [{ ticks: { paused: true } }, /^look: Ticks are paused.*ticks resume/],
    [{ rates: { none: 510, stale: 10 } }, /^look: 10 of 520 rates are null now as "stale".*chrony/],
    [{ rates: { none: 260, "fetch-failed": 260 } }, /^wrong: 260 of 520 rates .* as "fetch-failed".*DNS/],
    [
      { ticks: { lastClosed: { ...closed, missing: ["BTC upbit-bybit"] } } },
      /^look: The last tick lacked 1 rates: BTC upbit-bybit/,
    ],
    [
      { ticks: { lastClosed: { ...closed, missing: Array(200).fill("BTC") } } },
      /^wrong: The last tick lacked 200/,
    ],
    [{ ticks: { reference: { priceKrw: 1, atMs: NOW_MS - 11_000 } } }, /^wrong: There is no reference price/],
    [{ venues: { lists: { upbit: { ...list, count: 0 } } } }, /^wrong: upbit has given no list/],
    [
      { venues: { budgets: { binance: { ...budget, holdMs: 90_000, banMs: 90_000 } } } },
      /^wrong: binance has banned .* 90 s/,
    ],
    [
      { venues: { budgets: { bybit: { ...budget, holdMs: 5_000, strictness: 0.8 } } } },
      /^look: bybit has refused requests lately/,
    ],
    [{ trading: { role: "drained" } }, /^wrong: This scheduler has been drained/],
    [
      { trading: { figures: { unhedgedKrw: "812345.5", unhedgedOldestMs: 11_000, intents: [] } } },
      /^wrong: A leg has stood alone for 11 s: 812,346 KRW/,
    ],
    [
      {
        trading: {
          switches: [
            {
              ...{ scope: "coin", subject: "XRP", entriesOff: true, halted: false, by: "engine" },
              ...{ why: "sold-back-often: 3 / 3600 s", atMs: NOW_MS - 600_000 },
            },
          ],
        },
      },
      /^look: Entries are off \(coin XRP\) for 10 min by the engine: too many entries .* \(3 \/ 3600 s\)\. .*kill --lift --coin XRP$/,
    ],
    [
      {
        incidents: {
          incidents: [
            { incidentId: 4, userId: 7, kind: "key", coin: "", detail: "no usable key", openedAtMs: NOW_MS },
          ],
        },
      },
      /^wrong: Incident 4: key of user 7: no usable key\..*incidents close 4$/,
    ],
  ];
  for (const [changes, expected] of cases) expect(found(changes)).toEqual([expect.stringMatching(expected)]);
  const both = found({ ticks: { paused: true }, trading: { role: "drained" } });
  expect(both.map((text) => text.slice(0, 5))).toEqual(["wrong", "look:"]);
});

test("it speaks Korean where that is asked for, about the same things", () => {
  const seen: Seen = { ...WELL, ticks: { ...WELL.ticks, paused: true } };
  const [english] = findingsOf(seen, NOW_MS);
  const [korean] = findingsOf(seen, NOW_MS, DOCTOR_WORDS.ko);
  expect([korean!.code, korean!.todo]).toEqual([english!.code, english!.todo]);
  expect(korean!.what).toMatch(/[가-힣]/);
});

test("a leg that is alone as briefly as in every trade is nothing to tell of", () => {
  const figures = { unhedgedKrw: "812345.5", unhedgedOldestMs: 1_500, intents: [] };
  expect(found({ trading: { figures } })).toEqual([]);
});

test("a standby issues no ticks, and that is nothing to tell of", () => {
  const changes = {
    health: { tickAgeMs: 900_000 },
    trading: { role: "standby" },
    ticks: { reference: null },
  };
  expect(found({ ...changes, workers: { workers: [] } })).toEqual([]);
});

test("after thirty days an outage is told of while it lasts, and not once it is over", () => {
  const monthMs = 30 * 86_400_000;
  const aged = (nulls: number) => ({
    health: { uptimeMs: monthMs },
    ticks: {
      counters: { issued: monthMs / 30_000, incomplete: 0, skipped: 0 },
      nullsByReason: { "fetch-failed": nulls },
    },
  });
  expect(found({ ...aged(260), rates: { none: 260, "fetch-failed": 260 } })).toEqual([
    expect.stringMatching(/^wrong: 260 of 520 rates/),
  ]);
  expect(found({ ...aged(10_000_000), rates: { none: 520 } })).toEqual([]);
});

test("a ban at a worker's address is told of with the address, one at the scheduler's own once", () => {
  const none = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
  const process = (name: string, role: string, sourceAddress: string) => {
    const banMs = { ...none, binance: 89_500 };
    return { ...{ name, role, sourceAddress, version: "1", spent: none, silentMs: 0 }, banMs };
  };
  const processes = [process("w1", "worker", "10.0.0.21"), process("s", "trader", "10.0.0.10")];
  const budgets = { binance: { ...budget, holdMs: 89_500, banMs: 89_500 } };
  expect(found({ processes, venues: { budgets } })).toEqual([
    expect.stringMatching(/^wrong: binance has banned this address for another 90 s/),
    expect.stringMatching(/^wrong: binance has banned 10\.0\.0\.21 for another 90 s/),
  ]);
});

test("rates nobody renews are told of by what has stopped them alone", () => {
  const rates = { none: 0, "fetch-failed": 520 };
  expect(found({ ticks: { paused: true }, rates })).toEqual([
    expect.stringMatching(/^look: Ticks are paused/),
  ]);
  expect(found({ trading: { role: "standby" }, rates })).toEqual([]);
});
