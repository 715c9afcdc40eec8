import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VENUES } from "../../schema/vocabulary.ts";
import { runsOf } from "../testing/runs.ts";
import { Decimal } from "./decimal.ts";
import { ENTRY_REASONS } from "./decision.ts";
import { keyFinding } from "./key-finding.ts";
import { LANGUAGES, type Notice, noticeLevel } from "./notice.ts";
import { kstTime, lostNoticesText, noticeText } from "./notice-text.ts";
import { reasonWords, TROUBLES } from "./notice-words.ts";
import { RISK_DENIALS } from "./risk.ts";
import { SIZE_DENIALS } from "./sizing.ts";

const of = (text: string) => Decimal.of(text);
/** 23:59:58 on the last day of a year in Seoul. */
const AT_MS = Date.UTC(2026, 11, 31, 14, 59, 58);
const TIME = "2026-12-31 23:59:58 KST";

const ENTERED: Notice = {
  kind: "entered",
  mode: "live",
  coin: "BTC",
  pair: "upbit-bybit",
  qtyCoin: of("1234.56780000"),
  entryRate: of("1432.1"),
  spentKrw: of("1234567.5"),
  receivedUsdt: of("862.0666666"),
  leverage: of("2"),
  referenceKrw: of("1425"),
};
const EXITED: Notice = {
  kind: "exited",
  mode: "live",
  coin: "XRP",
  pair: "bithumb-binance",
  cause: "target",
  end: "closed",
  entryRate: of("1432.1"),
  exitRate: of("1460"),
  referenceKrw: of("1470.5"),
  profitKrw: of("12345.4"),
  profitRatePct: of("1.235"),
};
const HAND = {
  kind: "position-changed-by-hand",
  mode: "live",
  coin: "BTC",
  venue: "bybit",
} as const;
const GUARDIAN = {
  kind: "guardian",
  mode: "live",
  coin: "BTC",
  venue: "binance",
  distancePct: of("6.999"),
} as const;
const SHORT_GONE = { kind: "short-gone", mode: "live", coin: "BTC", venue: "bybit" } as const;

/** Each notice, then its lines in Korean and in English, without the time that ends them all. */
const EXPECTED: readonly (readonly [Notice, readonly string[], readonly string[]])[] = [
  [
    ENTERED,
    [
      "진입 완료 · BTC",
      "업비트 매수 / 바이비트 숏",
      "수량: 1,234.5678 BTC",
      "진입 환율: 1,432.10원 (테더 1,425.00원, +0.50%)",
      "매수 금액: 1,234,568원",
      "숏 금액: 862.07 USDT (레버리지 2배)",
    ],
    [
      "Entered · BTC",
      "Upbit bought / Bybit short",
      "Quantity: 1,234.5678 BTC",
      "Entry rate: 1,432.10 KRW (USDT 1,425.00 KRW, +0.50%)",
      "Spent: 1,234,568 KRW",
      "Sold short: 862.07 USDT (leverage 2x)",
    ],
  ],
  [
    EXITED,
    [
      "포지션 종료 · XRP",
      "빗썸 매도 / 바이낸스 숏 종료",
      "사유: 목표 환율 도달",
      "진입 환율: 1,432.10원",
      "종료 환율: 1,460.00원 (테더 1,470.50원, -0.71%)",
      "손익: +12,345원 (+1.24%)",
    ],
    [
      "Position closed · XRP",
      "Bithumb sold / Binance short bought back",
      "Cause: target rate reached",
      "Entry rate: 1,432.10 KRW",
      "Exit rate: 1,460.00 KRW (USDT 1,470.50 KRW, -0.71%)",
      "Profit: +12,345 KRW (+1.24%)",
    ],
  ],
  [
    { ...EXITED, mode: "paper", cause: "guardian", profitKrw: of("-1234567"), profitRatePct: of("-0.004") },
    [
      "[모의] 포지션 종료 · XRP",
      "빗썸 매도 / 바이낸스 숏 종료",
      "사유: 강제청산 위험으로 자동 종료",
      "진입 환율: 1,432.10원",
      "종료 환율: 1,460.00원 (테더 1,470.50원, -0.71%)",
      "손익: -1,234,567원 (0.00%)",
    ],
    [
      "[paper] Position closed · XRP",
      "Bithumb sold / Binance short bought back",
      "Cause: closed by the guardian, liquidation was near",
      "Entry rate: 1,432.10 KRW",
      "Exit rate: 1,460.00 KRW (USDT 1,470.50 KRW, -0.71%)",
      "Profit: -1,234,567 KRW (0.00%)",
    ],
  ],
  [
    { ...EXITED, end: "parted", cause: "forced", profitKrw: undefined, profitRatePct: undefined },
    [
      "포지션 일부 종료 · XRP",
      "빗썸 매도 / 바이낸스 숏 종료",
      "사유: 강제 종료 요청",
      "진입 환율: 1,432.10원",
      "종료 환율: 1,460.00원 (테더 1,470.50원, -0.71%)",
      "손익: 정산 후 확정",
    ],
    [
      "Position closed in part · XRP",
      "Bithumb sold / Binance short bought back",
      "Cause: forced close",
      "Entry rate: 1,432.10 KRW",
      "Exit rate: 1,460.00 KRW (USDT 1,470.50 KRW, -0.71%)",
      "Profit: not settled yet",
    ],
  ],
  [
    { kind: "entry-failed", mode: "paper", coin: "ETH", pair: "upbit-binance", why: "margin-short" },
    ["[모의] 진입 실패 · ETH", "업비트 / 바이낸스", "사유: USDT 증거금 부족"],
    ["[paper] Entry failed · ETH", "Upbit / Binance", "Reason: not enough USDT margin"],
  ],
  [
    { kind: "unwound", mode: "live", coin: "ETH", lossKrw: of("1500.4") },
    ["⚠️ 진입 취소 · ETH", "숏 헤지가 체결되지 않아 매수한 코인을 되팔았습니다.", "손익: -1,500원"],
    [
      "⚠️ Entry undone · ETH",
      "The short could not be filled; the coins bought were sold back.",
      "Profit: -1,500 KRW",
    ],
  ],
  [
    { kind: "unwound", mode: "paper", coin: "ETH", lossKrw: undefined },
    ["⚠️ [모의] 진입 취소 · ETH", "숏 헤지가 체결되지 않아 매수한 코인을 되팔았습니다."],
    ["⚠️ [paper] Entry undone · ETH", "The short could not be filled; the coins bought were sold back."],
  ],
  [
    { kind: "needs-human", mode: "live", coin: "ETH", intentId: "i-1", why: "Insufficient <b>balance</b>" },
    [
      "⚠️ 확인 필요 · ETH",
      "주문을 자동으로 마무리하지 못했습니다. 신규 진입을 멈추고 30초마다 다시 시도합니다.",
      "사유: Insufficient <b>balance</b>",
      "작업 번호: i-1",
    ],
    [
      "⚠️ Needs you · ETH",
      "Orders could not be finished automatically. No new entries; trying again every 30 seconds.",
      "Reason: Insufficient <b>balance</b>",
      "Intent: i-1",
    ],
  ],
  [
    {
      kind: "incident",
      what: "unknown-difference",
      coin: "ETH",
      detail: "expected 1, was 2",
      userId: 7,
      mode: "paper",
    },
    [
      "⚠️ [모의] 사고 발생 · 기록과 거래소 잔고의 원인 불명 차이 · ETH",
      "사용자: 7",
      "내용: expected 1, was 2",
    ],
    [
      "⚠️ [paper] Incident · an unexplained difference between our record and the venue · ETH",
      "User: 7",
      "Detail: expected 1, was 2",
    ],
  ],
  [
    {
      ...{ kind: "incident", what: "needs-human", coin: "ETH", mode: "live" },
      detail: "sell-by-hand: short-gone, no-rate fresh books or rules not to be had",
    },
    [
      "⚠️ 사고 발생 · 자동으로 마무리할 수 없는 주문 · ETH",
      "내용: 숏은 이미 종료되었고 해외 시세가 없어 현물이 자동으로 매도되지 않습니다. 국내 거래소에서 직접 매도해 주세요 (short-gone, no-rate fresh books or rules not to be had)",
    ],
    [
      "⚠️ Incident · orders that cannot be finished automatically · ETH",
      "Detail: the short is gone and no price is to be had abroad, so the coins are not sold: sell them at the Korean venue by hand (short-gone, no-rate fresh books or rules not to be had)",
    ],
  ],
  [
    { kind: "incident", what: "defect", detail: "asks unsorted" },
    ["⚠️ 사고 발생 · 내부 오류", "내용: asks unsorted"],
    ["⚠️ Incident · an internal defect", "Detail: asks unsorted"],
  ],
  [
    { ...HAND, change: "closed" },
    [
      "⚠️ 수동 거래 감지 · BTC",
      "거래소: 바이비트",
      "Karbit에서 포지션이 수동으로 종료되어 기록을 맞춥니다. 남은 수량은 지금 정리합니다.",
    ],
    [
      "⚠️ Traded by hand · BTC",
      "Venue: Bybit",
      "The position was closed by hand in Karbit; our record follows. What is left of it is closed now.",
    ],
  ],
  [
    { ...HAND, change: "joined" },
    [
      "⚠️ 수동 거래 감지 · BTC",
      "거래소: 바이비트",
      "수동 거래가 자동매매 포지션과 섞였습니다. 확인하실 때까지 이 코인의 자동 종료를 보류합니다.",
    ],
    [
      "⚠️ Traded by hand · BTC",
      "Venue: Bybit",
      "A manual trade is mixed with our position. Automatic exits of this coin wait until you have looked.",
    ],
  ],
  [
    { ...SHORT_GONE, is: "gone", spot: "selling" },
    [
      "⚠️ 숏 포지션 외부 종료 · BTC",
      "바이비트 숏 포지션이 시스템 주문이 아닌 원인(수동 거래, 강제청산, ADL)으로 종료되었습니다.",
      "포지션을 종료하며, 헤지가 풀린 현물은 즉시 매도합니다.",
    ],
    [
      "⚠️ Short closed outside of us · BTC",
      "The short at Bybit is gone, and not by an order of ours: by hand, liquidation or auto-deleveraging (ADL).",
      "The position is closed: coins left without a hedge are being sold now.",
    ],
  ],
  [
    { ...SHORT_GONE, is: "smaller", spot: "waiting" },
    [
      "⚠️ 숏 포지션 외부 종료 · BTC",
      "바이비트 숏 포지션이 시스템 주문이 아닌 원인(수동 거래, 강제청산, ADL)으로 축소되었습니다.",
      "헤지가 풀린 현물은 자동으로 매도하지 않습니다. 포지션을 직접 종료해 주세요.",
    ],
    [
      "⚠️ Short closed outside of us · BTC",
      "The short at Bybit is smaller, and not by an order of ours: by hand, liquidation or auto-deleveraging (ADL).",
      "Coins are left without a hedge and are not sold by themselves: close the position yourself.",
    ],
  ],
  [
    { ...GUARDIAN, verdict: "alert" },
    [
      "⚠️ 강제청산 위험 · BTC",
      "바이낸스 숏: 강제청산가까지 7.00%",
      "증거금을 추가하거나 포지션을 줄여 주세요.",
    ],
    [
      "⚠️ Liquidation is near · BTC",
      "Binance short: 7.00% to liquidation",
      "Please add margin or make the position smaller.",
    ],
  ],
  [
    { ...GUARDIAN, verdict: "close" },
    [
      "⚠️ 강제청산 위험 · BTC",
      "바이낸스 숏: 강제청산가까지 7.00%",
      "위험 한도에 도달하여 양쪽 포지션을 모두 종료합니다.",
    ],
    [
      "⚠️ Liquidation is near · BTC",
      "Binance short: 7.00% to liquidation",
      "Past the limit: both legs are being closed.",
    ],
  ],
  [
    { ...GUARDIAN, verdict: "blocked" },
    [
      "⚠️ 강제청산 위험 · BTC",
      "바이낸스 숏: 강제청산가까지 7.00%",
      "거래소에 연결되지 않아 양쪽 모두 주문을 보내지 않았습니다. 10초마다 다시 확인합니다.",
    ],
    [
      "⚠️ Liquidation is near · BTC",
      "Binance short: 7.00% to liquidation",
      "A venue cannot be reached, so neither leg was sent. Looking again every 10 seconds.",
    ],
  ],
  [
    {
      kind: "key-fault",
      venue: "upbit",
      faults: [keyFinding("ends-soon", "2027-01-03"), keyFinding("may-not-trade")],
    },
    [
      "⚠️ API 키 문제 · 업비트",
      "- 키가 2027-01-03에 만료됩니다",
      "- 키에 선물 거래 권한이 없습니다. 읽기 전용이 아닌 주문과 포지션 권한이 필요합니다",
      "거래소에서 API 키 상태를 확인해 주세요.",
    ],
    [
      "⚠️ API key · Upbit",
      "- the key ends on 2027-01-03",
      "- the key may not trade contracts: it needs orders and positions, not read-only",
      "Please check the API key at the venue.",
    ],
  ],
  [
    { kind: "delisting", coin: "ABC", venue: "upbit" },
    [
      "⚠️ 거래지원 종료 예정 · ABC",
      "업비트: 거래지원 종료가 공지되었습니다.",
      "신규 진입을 중단합니다. 보유 중인 포지션은 강제 종료를 요청할 수 있습니다.",
    ],
    [
      "⚠️ Delisting announced · ABC",
      "Upbit has announced the delisting.",
      "No new entries. Open positions can be closed by force.",
    ],
  ],
  [
    { kind: "warned", coin: "ABC", venue: "bithumb" },
    [
      "⚠️ 거래 유의 종목 · ABC",
      "빗썸: 거래 유의 종목으로 지정되었습니다.",
      "신규 진입을 중단합니다. 보유 중인 포지션은 강제 종료를 요청할 수 있습니다.",
    ],
    [
      "⚠️ Trading warning · ABC",
      "Bithumb has put the coin under a warning.",
      "No new entries. Open positions can be closed by force.",
    ],
  ],
  [
    { kind: "wallet-suspended", coin: "ABC", venue: "upbit" },
    [
      "⚠️ 입출금 중단 · ABC",
      "업비트: 입금 또는 출금이 중단되었습니다.",
      "신규 진입을 중단합니다. 보유 중인 포지션은 강제 종료를 요청할 수 있습니다.",
    ],
    [
      "⚠️ Deposits or withdrawals suspended · ABC",
      "Upbit has suspended deposits or withdrawals.",
      "No new entries. Open positions can be closed by force.",
    ],
  ],
  [
    { kind: "funding-high", coin: "BTC", venue: "bybit", costPct: of("0.345") },
    ["⚠️ 펀딩비 부담 · BTC", "바이비트 펀딩비가 설정한 한도를 넘었습니다: 0.35%"],
    ["⚠️ Funding cost · BTC", "Funding at Bybit is above the set limit: 0.35%"],
  ],
  [
    { kind: "service", what: "symbol-quarantined", detail: "bybit XYZUSDT" },
    ["⚠️ 서비스 알림 · 심볼 격리", "bybit XYZUSDT"],
    ["⚠️ Service · symbol quarantined", "bybit XYZUSDT"],
  ],
  [
    { kind: "service", what: "store-back", detail: "" },
    ["서비스 알림 · 데이터베이스 연결 복구"],
    ["Service · database back"],
  ],
];

describe("noticeText", () => {
  test.each(EXPECTED.map(([notice, korean, english]) => ({ notice, korean, english })))(
    "says $korean.0 in both languages",
    ({ notice, korean, english }) => {
      expect(noticeText(notice, { atMs: AT_MS, language: "ko" }).split("\n")).toEqual([...korean, TIME]);
      expect(noticeText(notice, { atMs: AT_MS, language: "en" }).split("\n")).toEqual([...english, TIME]);
    },
  );

  test("tells how many others it stands for", () => {
    const notice: Notice = { kind: "service", what: "store-lost", detail: "" };
    const say = (language: "ko" | "en") => noticeText(notice, { atMs: AT_MS, language, moreLikeThis: 1234 });
    expect(say("ko").split("\n").slice(-2)).toEqual(["(같은 알림 1,234건 더 있음)", TIME]);
    expect(say("en").split("\n").slice(-2)).toEqual(["(1,234 more like this)", TIME]);
  });

  test("keeps a venue's words on one line, short and without invisible characters", () => {
    const why = `first\nsecond\u0000\u202e third ${"가".repeat(600)}`;
    const text = noticeText(
      { kind: "needs-human", mode: "live", coin: "B\nTC", intentId: "i", why },
      { atMs: AT_MS, language: "en" },
    );
    const lines = text.split("\n");
    expect(lines.length).toBe(5);
    expect(lines[0]).toBe("⚠️ Needs you · B TC");
    expect(lines[2]).toStartWith("Reason: first second third 가가");
    expect(Array.from(lines[2]!).length).toBe("Reason: ".length + 300);
  });

  test("shows five faults of a key and counts the others", () => {
    const faults = ["a", "b", "c", "d", "e", "f", "g"].map((word) => keyFinding("refused", word));
    const text = noticeText({ kind: "key-fault", venue: "bybit", faults }, { atMs: AT_MS, language: "en" });
    expect(text.split("\n").slice(1, -2)).toEqual([
      ...["a", "b", "c", "d", "e"].map((word) => `- the venue refuses the key: ${word}`),
      "- … +2",
    ]);
  });

  test("stays within Telegram's 4,096 characters whatever the words from elsewhere are", () => {
    const words = fc
      .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 40 })
      .map((points) => String.fromCodePoint(...points).repeat(30));
    fc.assert(
      fc.property(words, words, fc.constantFrom(...LANGUAGES), (a, b, language) => {
        const notices: Notice[] = [
          { kind: "needs-human", mode: "paper", coin: a, intentId: b, why: a },
          { kind: "incident", what: "other", coin: b, detail: a },
          { kind: "key-fault", venue: "binance", faults: Array(9).fill(keyFinding("refused", b)) },
        ];
        for (const notice of notices) {
          const text = noticeText(notice, { atMs: AT_MS, language });
          expect(text.isWellFormed()).toBe(true);
          expect(text.length).toBeLessThan(4_096);
        }
      }),
      { numRuns: runsOf(40, 2_000) },
    );
  });
});

test("reasonWords knows every code in both languages and leaves other words alone", () => {
  const exits = ["halted", "rate-below-target", "no-profit"];
  const accounts = ["no-key", "mode-unfit", "leverage-unfit", "clock-off", "account-unread"];
  for (const code of [
    ...ENTRY_REASONS,
    ...SIZE_DENIALS,
    ...RISK_DENIALS,
    ...TROUBLES,
    ...exits,
    ...accounts,
  ]) {
    for (const language of LANGUAGES) expect(reasonWords(code, language)).not.toBe(code);
  }
  expect(reasonWords("margin-short: neededUsdt=12", "ko")).toBe("USDT 증거금 부족 (neededUsdt=12)");
  expect(reasonWords("rejected: 170131 Insufficient balance", "ko")).toBe(
    "rejected: 170131 Insufficient balance",
  );
  expect(reasonWords("constructor", "en")).toBe("constructor");
});

test("kstTime is nine hours ahead of UTC, over midnight and the turn of the year", () => {
  expect(kstTime(Date.UTC(2026, 0, 1))).toBe("2026-01-01 09:00:00 KST");
  expect(kstTime(Date.UTC(2026, 11, 31, 15))).toBe("2027-01-01 00:00:00 KST");
});

test("noticeLevel takes good news for information and the rest for alerts", () => {
  expect(noticeLevel(ENTERED)).toBe("info");
  expect(noticeLevel(EXITED)).toBe("info");
  expect(noticeLevel({ kind: "service", what: "resumed", detail: "" })).toBe("info");
  expect(noticeLevel({ kind: "service", what: "store-lost", detail: "" })).toBe("alert");
  for (const venue of VENUES) expect(noticeLevel({ kind: "key-fault", venue, faults: [] })).toBe("alert");
});

test("lostNoticesText says how many, and how many of them were alerts", () => {
  expect(lostNoticesText({ count: 1200, alertCount: 3 }, "ko")).toBe(
    "⚠️ 알림 1,200건 (경고 3건 포함)을 보내지 못했습니다.\n포지션과 기록을 직접 확인해 주세요.",
  );
  expect(lostNoticesText({ count: 1, alertCount: 0 }, "en")).toBe(
    "⚠️ 1 notice could not be sent.\nPlease look at positions and records yourself.",
  );
});
