// The caller's positions over HTTP: whose rows, which page, which days, and a file that spreadsheets read.

import { beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createOwnPositionStore } from "../src/adapters/store/own-positions.ts";
import { nullRow } from "../src/domain/rate-table.ts";
import { StoreFault } from "../src/domain/store-fault.ts";
import { csvCell } from "./positions-csv.ts";
import { accountsApi } from "./test-accounts.ts";
import { callers } from "./test-callers.ts";
import { fakeFrame, TICK_AT_MS } from "./test-kit.ts";

const kit = callers({
  accountsOf: ({ accounts, database }) => ({
    ...accounts,
    positions: createOwnPositionStore(database, "live"),
  }),
});

beforeAll(async () => {
  await addRows(kit.ids.kim, 1_203);
  await addRows(kit.ids.lee, 1);
});

/** Closes a second apart, the newest at the tick, with a profit of its number. */
async function addRows(userId: number, count: number): Promise<void> {
  await kit.context.database.transaction("rows", async (executor) => {
    await executor.execute(
      sql`insert into strategies (user_id, name, seed_amount, entry_rate, exit_rate) values (${userId}, 's', 1, 1, 1)`,
    );
    await executor.execute(
      sql`insert into positions (user_id, strategy_id, coin_symbol, status, kr_exchange, kr_order_id, kr_price,
            kr_volume, kr_funds, kr_fee, fr_exchange, fr_order_id, fr_price, fr_volume, fr_funds, fr_fee, entry_rate,
            profit, profit_rate, entry_time, exit_time, created_at)
          select ${userId}, s.id, '=C' || n, 'CLOSED', 'UPBIT', 'k', 1, 1, 1, 1, 'BYBIT', 'f', 1, 1, 1, 1, 1, -n, 1, at, at, at
          from strategies s, generate_series(1, ${count}::int) n,
            lateral (select ${new Date(TICK_AT_MS).toISOString().slice(0, 19)}::timestamp
              - (n - 1) * interval '1 second' as at) t
          where s.user_id = ${userId}`,
    );
  });
}

const get = (path: string, as?: "kim" | "lee") => kit.send("GET", path, undefined, { ...(as && { as }) });
const json = async (path: string, who?: "kim" | "lee") => (await get(path, who)).json();

test("history comes by page, five a page, and of the caller alone", async () => {
  const first = await json("/api/positions/history");
  expect([first.page, first.size, first.total, first.rows.length]).toEqual([1, 5, 1_203, 5]);
  expect(first.rows[0]).toMatchObject({ coin: "=C1", profitKrw: "-1.00", entryAtMs: TICK_AT_MS });
  const last = await json("/api/positions/history?page=13&size=100");
  expect(last.rows.map(({ coin }: { coin: string }) => coin)).toEqual(["=C1201", "=C1202", "=C1203"]);
  expect((await json("/api/positions/history", "lee")).total).toBe(1);
});

test("statistics and days", async () => {
  expect(await json("/api/positions/statistics", "lee")).toMatchObject({
    closed: 1,
    profitTodayKrw: "-1.00",
  });
  const { from, to, days } = await json("/api/positions/daily");
  const day = new Date(TICK_AT_MS + 9 * 3_600_000).toISOString().slice(0, 10);
  expect([to, days.length, days[0].day, days.at(-1).day]).toEqual([day, 30, from, day]);
  expect(days[0]).toEqual({ day: from, closed: 0, wins: 0, profitKrw: "0.00" });
  const closed = days.reduce((sum: number, one: { closed: number }) => sum + one.closed, 0);
  expect(closed).toBe(1_203);
  const leap = await json("/api/positions/daily?from=2024-02-28&to=2024-03-01");
  expect(leap.days.map(({ day }: { day: string }) => day)).toEqual([
    "2024-02-28",
    "2024-02-29",
    "2024-03-01",
  ]);
});

test("every fault of a query is told", async () => {
  for (const [path, parameter] of [
    ["history?page=0", "page"],
    ["history?size=101", "size"],
    ["history?size=5&size=6", "size"],
    ["history?page=1e3", "page"],
    ["history?sort=up", "sort"],
    ["history?__proto__=1", "__proto__"],
    ["daily?from=2026-02-30", "from"],
    ["daily?to=yesterday", "to"],
    ["active?x=1", "x"],
  ] as const) {
    const response = await get(`/api/positions/${path}`);
    expect([path, response.status]).toEqual([path, 400]);
    expect((await response.json()).issues[0]).toMatchObject({ parameter });
  }
  for (const span of ["from=2026-02-02&to=2026-02-01", "from=2025-01-01&to=2026-01-02"]) {
    const response = await get(`/api/positions/daily?${span}`);
    expect([span, response.status]).toEqual([span, 400]);
    expect((await response.json()).detail).toContain("from 1 to 366 days");
  }
});

test("the file has every row once, in Korean for Excel, and no formula", async () => {
  const response = await get("/api/positions/export.csv");
  expect(response.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("Content-Disposition")).toMatch(
    /^attachment; filename="positions-2026-\d\d-\d\d\.csv"$/,
  );
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  const lines = new TextDecoder().decode(bytes).split("\r\n");
  expect([lines.length, lines.at(-1)]).toEqual([1_205, ""]);
  expect(lines[0]!.split(",").slice(0, 3)).toEqual(["상태", "코인", "국내 거래소"]);
  expect(new Set(lines.slice(1, -1).map((line) => line.split(",")[1])).size).toBe(1_203);
  const time = new Date(TICK_AT_MS + 9 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  expect(lines[1]).toBe(
    `CLOSED,'=C1,UPBIT,BYBIT,1,1.00000000,1.00000000,1.00000000,1.00000000,1.00000000,1.00000000,1.00000000,1.00000000,1.00,,,-1.00,1.00,${time},${time}`,
  );
});

test("a cell is a number, or a text no spreadsheet computes", () => {
  const cells = [
    ["-12.50", "-12.50"],
    ["-1+2", "'-1+2"],
    [" =1", "' =1"],
    ["＝1", "'＝1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ['=HYPERLINK("a,b")', `"'=HYPERLINK(""a,b"")"`],
    ["a\nb", '"a\nb"'],
    ["업비트", "업비트"],
    [null, ""],
  ] as const;
  for (const [value, cell] of cells) expect(csvCell(value)).toBe(cell);
});

test("a file that cannot be read is refused at first, and breaks off later", async () => {
  const away = new StoreFault("passing", "08006", "the database is away");
  const { positions } = kit.context.accounts;
  let parts = 0;
  const failing = async (at: number) => {
    parts = 0;
    const deps = {
      ...kit.context.accounts,
      positions: {
        ...createOwnPositionStore(kit.context.database, "live"),
        historyFrom: async (...of: Parameters<typeof positions.historyFrom>) => {
          if (parts++ === at) throw away;
          return await createOwnPositionStore(kit.context.database, "live").historyFrom(...of);
        },
      },
    };
    const broken = await accountsApi(deps);
    return {
      broken,
      response: await broken.app.request("/api/positions/export.csv", { headers: kit.bearer("kim") }),
    };
  };
  const first = await failing(0);
  expect(first.response.status).toBe(503);
  const later = await failing(1);
  expect(later.response.status).toBe(200);
  await expect(later.response.text()).rejects.toThrow();
  for (const { broken } of [first, later]) await broken.close();
});

test("decisions are the caller's own, newest first, in both languages", async () => {
  for (const [name, coin, at] of [
    ["kim", "BTC", "2026-01-01T00:00:00Z"],
    ["kim", "ETH", "2026-01-01T00:00:01Z"],
    ["lee", "XRP", "2026-01-01T00:00:02Z"],
  ] as const) {
    await kit.context.database.run("decide", (executor) =>
      executor.execute(
        sql`insert into schedulerx.last_decisions values ('paper', ${kit.ids[name]}::int, 1, ${coin}, 'upbit-bybit', 'hold',
              'spread-too-wide', 'spread=0.01 breakEvenPct=0.31', ${at}::timestamptz)`,
      ),
    );
  }
  const decisions = await json("/api/strategies/decisions");
  expect(decisions).toEqual([
    {
      ...{ strategyId: 1, coin: "ETH", pair: "upbit-bybit", action: "hold", reason: "spread-too-wide" },
      words: { ko: "진입·종료 환율 차이가 큼", en: "spread too wide" },
      ...{
        context: "spread=0.01 breakEvenPct=0.31",
        breakEvenPct: "0.31",
        atMs: Date.UTC(2026, 0, 1, 0, 0, 1),
      },
    },
    expect.objectContaining({ coin: "BTC" }),
  ]);
});

test("of the active strategy every coin of the live rates has its reason, also without a decision", async () => {
  const { accounts } = kit.context;
  await accounts.strategies.start(
    kit.ids.lee,
    {
      ...{ name: "s", seedAmountKrw: "3000000", seedDivision: 3, tradeMode: "custom", entryRate: "1300" },
      ...{ exitRate: "1400", coinMode: "auto", selectedCoins: [], leverage: 1, stopRate: null },
      ...{ holdingMsMax: null, allowAverageDown: false, allowAverageUp: false },
    },
    TICK_AT_MS,
  );
  const row = nullRow("SOL", 2, TICK_AT_MS, "none");
  row.ratesJeon[0] = 139_001;
  kit.api.feed.publish(fakeFrame([row]));
  expect((await json("/api/strategies/decisions", "lee")).slice(1)).toEqual([
    expect.objectContaining({
      ...{ coin: "SOL", pair: "bithumb-bybit", action: "hold", reason: "rate-above-target" },
      ...{ context: "rate=1390.01 target=1300", atMs: TICK_AT_MS },
      words: { ko: "진입 환율이 목표보다 높음", en: "entry rate above the target" },
    }),
  ]);
});
