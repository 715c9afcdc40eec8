import { describe, expect, test } from "bun:test";
import { Decimal } from "../../../src/domain/decimal.ts";
import { RISK_LIMITS_DEFAULT } from "../../../src/domain/risk.ts";
import { type ExitTerms, type StrategyTerms, termFaults } from "../../../src/domain/strategy-terms.ts";
import { PROBLEMS } from "../../problem.ts";
import { unread } from "../../routes/balances.ts";
import type { Parts } from "./data.ts";
import { withNews } from "./news.ts";
import { ownMarks } from "./own-marks.ts";
import { positionLines } from "./position-rows.ts";
import { daysQuery, profitColumns } from "./profit-data.ts";
import { issueWords, refusalWords } from "./refusal-words.ts";
import { bodyOf, FORM_DEFAULT, plain, sliceOf, valuesOf } from "./strategy-terms.ts";

const HANGUL = /[가-힣]/;

describe("profit over time", () => {
  test("is summed up exactly, day by day", () => {
    const days = ["0.10", "0.20", "-0.30", "1234567.89"].map((profitKrw, index) => {
      return { day: `2026-03-0${index + 1}`, profitKrw };
    });
    expect(profitColumns(days)).toEqual([
      [0, 1, 2, 3].map((day) => Date.UTC(2026, 2, 1 + day) / 1_000),
      [0.1, 0.2, -0.3, 1_234_567.89],
      [0.1, 0.3, 0, 1_234_567.89],
    ]);
  });

  test("is asked for by days of Korea, today included", () => {
    expect(daysQuery(30, Date.UTC(2026, 2, 1, 15, 30))).toBe("from=2026-02-01&to=2026-03-02");
  });
});

test("a coin's marks are each entry and each close on its pair, at the rates they were filled at", () => {
  const row = { coin: "XRP", krExchange: "UPBIT", frExchange: "BYBIT" };
  const entered = {
    ...row,
    status: "OPEN",
    entryAtMs: 60_000,
    entryRate: "1383.13",
    exitAtMs: null,
    exitRate: null,
  };
  const closed = { ...row, status: "CLOSED", entryAtMs: 90_000, entryRate: "1383.13" };
  const rows = [
    { ...closed, exitAtMs: 90_000, exitRate: "1389.20" },
    { ...entered, entryRate: null },
    entered,
    { ...entered, coin: "SOL" },
    { ...entered, frExchange: "BINANCE" },
    { ...entered, krExchange: "KORBIT" },
  ] as Parts["history"]["rows"];
  expect(ownMarks(rows, { coin: "XRP", pairIndex: 0 })).toEqual([
    { kind: "exit", atS: 90, rate: 1_389.2 },
    { kind: "entry", atS: 60, rate: undefined },
    { kind: "entry", atS: 60, rate: 1_383.13 },
  ]);
});

describe("a strategy's form", () => {
  const strategy: Parts["strategies"]["strategies"][number] = {
    ...{
      strategyId: 1,
      isActive: true,
      createdAtMs: 0,
      name: "깊은 할인",
      seedAmountKrw: "10000000.00000000",
    },
    ...{ seedDivision: 3, tradeMode: "custom", entryRate: "1365.10000000", exitRate: "1390.00000000" },
    ...{ coinMode: "custom", selectedCoins: ["BTC", "XRP"], leverage: 2 },
    ...{ allowAverageDown: true, allowAverageUp: false },
  };

  test("gives back what it was filled with", () => {
    const values = valuesOf(strategy, { stopRate: "1300.50000000", holdingMsMax: 5_400_000 });
    expect(values).toMatchObject({ seedAmountKrw: "10000000", entryRate: "1365.1", holdingHours: "1.5" });
    const { strategyId: _, isActive: __, createdAtMs: ___, ...terms } = strategy;
    expect(bodyOf(values)).toEqual({
      ...terms,
      ...{ seedAmountKrw: "10000000", entryRate: "1365.1", exitRate: "1390" },
      ...{ stopRate: "1300.5", holdingMsMax: 5_400_000 },
    });
  });

  test("takes what people type, and leaves out what does not count", () => {
    const typed = { ...FORM_DEFAULT, seedAmountKrw: " 10,000,000 ", selectedCoins: "btc, xrp btc" };
    expect(bodyOf({ ...typed, coinMode: "custom" })).toMatchObject({
      ...{ seedAmountKrw: "10000000", selectedCoins: ["BTC", "XRP"], stopRate: null, holdingMsMax: null },
    });
    const auto = bodyOf({ ...typed, tradeMode: "auto", entryRate: "1,400" });
    expect(auto).not.toHaveProperty("entryRate");
    expect(auto).toMatchObject({ selectedCoins: [] });
    expect(sliceOf({ seedAmountKrw: "10,000,000", seedDivision: "3" })).toBe("3333333");
    for (const seedDivision of ["0", "", "x", "-1"])
      expect(sliceOf({ seedAmountKrw: "1", seedDivision })).toBeUndefined();
    expect(["100", "100.50", "100.00", "0.10"].map(plain)).toEqual(["100", "100.5", "100", "0.1"]);
  });

  test("every fault of its terms has words in both languages", () => {
    const good: StrategyTerms & ExitTerms = { ...strategy, stopRate: null, holdingMsMax: null };
    const limits = {
      ...RISK_LIMITS_DEFAULT,
      sliceKrwMax: Decimal.of(1_000_000),
      neverCoins: new Set(["XRP"]),
    };
    const bounds = { limits, listedCoins: new Set(["BTC"]) };
    const bad: Partial<StrategyTerms & ExitTerms>[] = [
      ...[{ seedAmountKrw: "x" }, { seedDivision: 0 }, { seedDivision: 100_000 }, { seedDivision: 1 }],
      ...[{ leverage: 99 }, { leverage: 0.5 }, { entryRate: "0" }, { exitRate: "1000" }, { entryRate: "x" }],
      ...[{ stopRate: "0" }, { stopRate: "1400" }, { selectedCoins: [] }, { selectedCoins: ["XRP"] }],
      ...[{ selectedCoins: ["BCT"] }],
    ];
    for (const change of bad) {
      const faults = termFaults({ ...good, selectedCoins: ["BTC"], ...change }, bounds);
      expect(faults).not.toEqual([]);
      for (const fault of faults) {
        expect(issueWords(fault, "ko")).toMatch(HANGUL);
        expect(issueWords(fault, "en")).toMatch(/^[A-Z][^가-힣:]+(: [^:]+)?\.$/);
      }
    }
  });
});

describe("a refusal", () => {
  const refusal = {
    status: 409,
    code: "something-new",
    detail: "Something new.",
    issues: [],
    retryAfterS: undefined,
  };

  test("has words in both languages whatever its code, that speak of no path, setting's file or program", () => {
    for (const { codes } of Object.values(PROBLEMS)) {
      for (const code of codes) {
        const ko = refusalWords({ ...refusal, code }, "ko");
        const en = refusalWords({ ...refusal, code }, "en");
        expect([code, ko]).toEqual([code, expect.stringMatching(HANGUL)]);
        expect([code, en]).toEqual([code, expect.stringMatching(/^[A-Z][^가-힣/_{}]+\.$/)]);
      }
    }
  });

  test("tells of the coins, and of whose turn it is, when the api names them", async () => {
    const held = { ...refusal, code: "something-open" };
    const change = {
      ...held,
      detail: "There are positions or running orders in DOGE, XRP. Leave them first.",
    };
    const reset = {
      ...held,
      detail: "There are paper positions or running orders in DOGE. Leave them first.",
    };
    expect(refusalWords(change, "ko")).toContain("바꿀 수 없습니다: DOGE, XRP.");
    expect(refusalWords(change, "en")).toStartWith("There are positions or running orders in DOGE, XRP.");
    expect(refusalWords(reset, "ko")).toBe(
      "보유 중이거나 주문 중인 코인이 있습니다: DOGE. 먼저 정리해 주세요.",
    );
    for (const [why, words] of [
      ["key-refused", "거래소가 키를 거부합니다. 키를 검사해 주세요."],
      [
        "no-encryption-key",
        "스케줄러가 키를 복호화할 수 없습니다. 운영자에게 문의해 주세요 (ENCRYPTION_KEY 설정 없음).",
      ],
      ["late", "거래소의 답을 받지 못했습니다. 잠시 후 다시 시도해 주세요."],
    ] as const) {
      const { status, code, detail } = await unread(why).json();
      expect(refusalWords({ ...refusal, status, code, detail }, "ko")).toBe(words);
    }
  });

  test("says how long to wait, each fault once, and in the api's own words what is not known", () => {
    const locked = { ...refusal, status: 429, code: "address-locked", retryAfterS: 9 };
    expect(refusalWords(locked, "ko")).toBe(
      "로그인에 여러 번 실패해 잠시 잠겼습니다. 9초 뒤에 다시 할 수 있습니다.",
    );
    expect(refusalWords(locked, "en")).toBe(
      "Too many failed logins: this address is locked for a while. Again in 9 s.",
    );
    const email = { parameter: "email", expected: "an e-mail address", received: "string" };
    const issues = [{ ...email, expected: "at least 3 characters" }, email];
    expect(refusalWords({ ...refusal, issues }, "ko")).toBe("이메일 주소를 확인해 주세요.");
    expect(refusalWords({ ...refusal, issues }, "en")).toBe("Check the e-mail address.");
    const unknown = { parameter: "constructor", expected: "no such field", received: "string" };
    expect(issueWords(unknown, "ko")).toBe("constructor: no such field.");
    expect(refusalWords(refusal, "ko")).toBe("Something new.");
    const proxys = { ...refusal, status: 502, code: undefined, detail: "Bad Gateway" };
    expect(refusalWords(proxys, "ko")).toBe(
      "서버가 알 수 없는 답을 보냈습니다. 잠시 후 다시 시도해 주세요. (502)",
    );
    expect(refusalWords({ ...refusal, status: 0 }, "en")).toBe(
      "The server does not answer. Check the connection.",
    );
  });
});

test("positions opened by hand follow those of the engine, without a way out", () => {
  const ours: Parts["open"][number] = {
    ...{ coin: "XRP", pair: "upbit-bybit", qtyCoin: "1", spentKrw: "1400", receivedUsdt: "1", entries: 1 },
    ...{ entryRate: "1380", exitTargetRate: "1400", exitRateNow: "1395", profitNowKrw: "1", openedAtMs: 5 },
    closeAsked: false,
  };
  const same: Parts["active"][number] = {
    ...{
      coin: "XRP",
      krExchange: "UPBIT",
      frExchange: "BYBIT",
      krVolumeCoin: "1",
      frVolumeCoin: "1",
      entries: 1,
    },
    ...{ krFundsKrw: "1400", frFundsUsdt: "1", entryRate: "1380", latestEntryAtMs: 5, leverage: 1 },
  };
  const lines = positionLines([ours], [same, { ...same, frExchange: "BINANCE" }]);
  expect(lines.map(({ overseas, exitTargetRate, way }) => [overseas, exitTargetRate, way])).toEqual([
    ["BYBIT", "1400", 0.75],
    ["BINANCE", null, null],
  ]);
});

test("news are positions and alerts, each once, the newest first", () => {
  const alert = {
    ...({ kind: "alert", mode: "paper", userId: 1, level: "info", notice: "incident", coin: null } as const),
    ...{ atMs: 1, ko: "소식", en: "news" },
  };
  const order = { kind: "decision", mode: "paper", userId: 1, atMs: 2 } as never;
  const later = { ...alert, atMs: 3 };
  const news = [alert, order, later, alert].reduce<ReturnType<typeof withNews>>(withNews, []);
  expect(news.map(({ atMs }) => atMs)).toEqual([1, 3]);
});
