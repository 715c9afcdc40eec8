// The closed sets of words that notices show, in both languages. Every code has its words: a new one does not compile
// until it has.

import type { Venue } from "../../schema/vocabulary.ts";
import type { ExitDecision } from "./decision.ts";
import type { ExitNoticeCause, IncidentWhat, Language, ServiceAlert } from "./notice.ts";
import type { RateReason } from "./rate-reasons.ts";
import type { RiskDenial } from "./risk.ts";
import type { SizeDenial } from "./sizing.ts";

/** Why nothing was done: by decisions, sizes and limits, and by what the accounts say before an order. */
type HoldReason =
  | RateReason
  | Extract<ExitDecision, { readonly action: "hold" }>["reason"]
  | SizeDenial
  | RiskDenial
  | "no-key"
  | "mode-unfit"
  | "leverage-unfit"
  | "clock-off"
  | "account-unread"
  | Trouble;

/** What went wrong, or what only its user can do now. */
export const TROUBLES = [
  "nothing-filled",
  "too-little-filled",
  "exit-blocked", // a forced exit cannot begin
  "sell-by-hand", // the short is gone, and so is the market abroad
  "cover-by-hand", // less than one lot is left
  "unlisted",
  "coins-missing",
  "key-held", // no usable key, and a position
  "unsold", // what could not be hedged could not be sold back either
  "sale-unfilled",
  "cover-unfilled",
  "order-unheard", // a venue does not tell what became of an order
  "account-unseen", // between two tries
  "coins-held", // by an order that is not ours
  "short-held",
  "own-order-open", // though nothing runs
  "sold-back-often", // entries in one coin
] as const;
export type Trouble = (typeof TROUBLES)[number];

type Words = Readonly<Record<Language, string>>;

/** Korean names as the exchanges call themselves; Karbit's table has another for Bybit. */
export const VENUE_WORDS: Readonly<Record<Venue, Words>> = {
  upbit: { ko: "업비트", en: "Upbit" },
  bithumb: { ko: "빗썸", en: "Bithumb" },
  bybit: { ko: "바이비트", en: "Bybit" },
  binance: { ko: "바이낸스", en: "Binance" },
};

export const CAUSE_WORDS: Readonly<Record<ExitNoticeCause, Words>> = {
  target: { ko: "목표 환율 도달", en: "target rate reached" },
  stop: { ko: "손절 환율 도달", en: "stop rate reached" },
  "held-too-long": { ko: "최대 보유 시간 초과", en: "longest holding time reached" },
  forced: { ko: "강제 종료 요청", en: "forced close" },
  guardian: { ko: "강제청산 위험으로 자동 종료", en: "closed by the guardian, liquidation was near" },
  "short-gone": { ko: "숏 포지션이 사라져 현물 매도", en: "the short was gone, coins sold" },
  "settled-by-hand": {
    ko: "직접 종료하신 내용으로 정산",
    en: "closed by hand at the venues, settled as told",
  },
};

export const INCIDENT_WORDS: Readonly<Record<IncidentWhat, Words>> = {
  "needs-human": { ko: "자동으로 마무리할 수 없는 주문", en: "orders that cannot be finished automatically" },
  "unknown-difference": {
    ko: "기록과 거래소 잔고의 원인 불명 차이",
    en: "an unexplained difference between our record and the venue",
  },
  "projection-failed": { ko: "Karbit 포지션 기록 실패", en: "Karbit's position row could not be written" },
  key: { ko: "API 키 사용 불가", en: "an API key cannot be used" },
  defect: { ko: "내부 오류", en: "an internal defect" },
  "naked-spot": { ko: "헤지되지 않은 현물", en: "coins without their hedge" },
  "foreign-order": { ko: "시스템이 내지 않은 주문", en: "an order that is not ours" },
  "books-off": { ko: "장부 금액 불일치", en: "the books do not balance" },
  other: { ko: "기타", en: "other" },
};

export const SERVICE_WORDS: Readonly<Record<ServiceAlert, Words>> = {
  takeover: { ko: "대기 서버가 역할을 넘겨받음", en: "standby took over" },
  "lease-lost": { ko: "거래 권한(리스) 상실", en: "lease lost" },
  "lease-back": { ko: "거래 권한(리스) 회복", en: "lease held again" },
  "store-lost": { ko: "데이터베이스 연결 끊김", en: "database lost" },
  "store-back": { ko: "데이터베이스 연결 복구", en: "database back" },
  "bus-lost": { ko: "메시지 버스 연결 끊김", en: "message bus lost" },
  "bus-back": { ko: "메시지 버스 연결 복구", en: "message bus back" },
  "venue-lost": { ko: "거래소 응답 없음", en: "venue does not answer" },
  "venue-back": { ko: "거래소 응답 복구", en: "venue answers again" },
  "reference-void": { ko: "기준 환율 사용 불가", en: "no valid reference price" },
  "reference-back": { ko: "기준 환율 복구", en: "reference price back" },
  "symbol-quarantined": { ko: "심볼 격리", en: "symbol quarantined" },
  "entries-off": { ko: "신규 진입 중지", en: "entries off" },
  "entries-on": { ko: "신규 진입 재개", en: "entries on" },
  halted: { ko: "거래 중단", en: "trading halted" },
  resumed: { ko: "거래 재개", en: "trading resumed" },
};

const REASON_WORDS: Readonly<Record<HoldReason, Words>> = {
  "entries-off": { ko: "신규 진입이 꺼져 있음", en: "entries are switched off" },
  "incident-open": { ko: "해결되지 않은 사고가 있음", en: "an incident is open" },
  "cooling-down": { ko: "재진입 대기 시간", en: "cooling down" },
  "strategy-unreadable": {
    ko: "전략 설정을 읽을 수 없어 거래하지 않음",
    en: "the strategy cannot be read, so it is not traded",
  },
  "no-consent": { ko: "실거래에 동의하지 않음", en: "no consent to trading with real money" },
  "not-decided": { ko: "목표 환율에 닿아 판단을 기다리는 중", en: "the target is met; not decided yet" },
  "coin-not-selected": { ko: "선택하지 않은 코인", en: "coin not selected" },
  "not-tradable": { ko: "거래 불가 종목", en: "not tradable" },
  "wallet-closed": { ko: "입출금 중단", en: "deposits or withdrawals closed" },
  warned: { ko: "거래 유의 종목", en: "under a warning" },
  quarantined: { ko: "비정상 환율로 격리됨", en: "quarantined for an implausible rate" },
  "identity-unknown": { ko: "동일 코인인지 확인되지 않음", en: "coin identity not confirmed" },
  "held-elsewhere": { ko: "다른 거래소 조합에서 보유 중", en: "held on another pair" },
  "held-by-hand": { ko: "직접 보유 중인 코인", en: "held by hand" },
  "no-rate": { ko: "호가 부족 또는 시세 지연", en: "no rate: books too thin or too old" },
  "no-reference": { ko: "기준 환율 사용 불가", en: "no valid reference price" },
  "rate-above-target": { ko: "진입 환율이 목표보다 높음", en: "entry rate above the target" },
  "spread-too-wide": { ko: "진입·종료 환율 차이가 큼", en: "spread too wide" },
  "division-used-up": { ko: "분할 횟수 소진", en: "all divisions are used" },
  "average-not-allowed": { ko: "추가 진입이 허용되지 않음", en: "averaging is not allowed" },
  "average-too-near": { ko: "직전 진입 환율과 차이가 작음", en: "too near to the last entry's rate" },
  "average-too-soon": { ko: "직전 진입 후 대기 시간", en: "too soon after the last entry" },
  "gain-below-costs": { ko: "예상 수익이 비용보다 작음", en: "expected gain below costs" },
  "coin-never-traded": { ko: "거래 제외 코인", en: "coin is never traded" },
  "slice-above-limit": { ko: "1회 주문 한도 초과", en: "slice above the limit" },
  "user-notional-above-limit": {
    ko: "사용자 보유 한도 초과",
    en: "the user's open notional above the limit",
  },
  "coin-notional-above-limit": {
    ko: "코인별 보유 한도 초과",
    en: "the coin's open notional above the limit",
  },
  "service-notional-above-limit": {
    ko: "서비스 전체 보유 한도 초과",
    en: "the service's open notional above the limit",
  },
  "too-many-positions": { ko: "보유 포지션 수 한도 초과", en: "too many open positions" },
  "daily-loss-reached": { ko: "일일 손실 한도 도달", en: "daily loss limit reached" },
  "leverage-above-limit": { ko: "레버리지 한도 초과", en: "leverage above the limit" },
  "exit-book-too-thin": { ko: "종료에 필요한 호가 부족", en: "books too thin to leave again" },
  "margin-short": { ko: "USDT 증거금 부족", en: "not enough USDT margin" },
  "liquidation-too-near": { ko: "강제청산가가 너무 가까움", en: "liquidation too near" },
  "domestic-too-thin": { ko: "국내 호가 부족", en: "the domestic book is too thin" },
  "overseas-too-thin": { ko: "해외 호가 부족", en: "the overseas book is too thin" },
  "below-one-lot": { ko: "주문 금액이 해외 최소 수량보다 작음", en: "the slice buys less than one lot" },
  "cap-below-ask": { ko: "목표 환율로는 최저 매도호가에 닿지 않음", en: "the target is below the best ask" },
  "below-minimum": { ko: "최소 주문 금액 미달", en: "below the smallest order" },
  "krw-short": { ko: "원화 잔고 부족", en: "not enough KRW" },
  halted: { ko: "거래 중단", en: "trading is halted" },
  "rate-below-target": { ko: "종료 환율이 목표보다 낮음", en: "exit rate below the target" },
  "no-profit": { ko: "종료해도 수익이 없음", en: "closing would bring no profit" },
  "no-key": { ko: "사용할 수 있는 API 키가 없음", en: "no usable API key" },
  "mode-unfit": {
    ko: "해외 계정의 마진 모드가 맞지 않음",
    en: "the overseas account's margin mode does not fit",
  },
  "leverage-unfit": {
    ko: "해외 계정의 레버리지가 맞지 않음",
    en: "the overseas account's leverage does not fit",
  },
  "clock-off": { ko: "서버 시각 오차", en: "the clock is off" },
  "account-unread": { ko: "계정을 조회하지 못함", en: "the account could not be read" },
  "nothing-filled": { ko: "체결된 수량이 없음", en: "nothing was filled" },
  "too-little-filled": {
    ko: "체결 수량이 너무 적어 헤지도 매도도 할 수 없음",
    en: "too little was filled to be hedged or sold",
  },
  "exit-blocked": {
    ko: "종료 주문을 시작하지 못해 계속 다시 시도합니다. 급하면 두 거래소에서 직접 종료해 주세요",
    en: "the exit cannot begin and is tried on and on; in a hurry close both legs at the venues by hand",
  },
  "sell-by-hand": {
    ko: "숏은 이미 종료되었고 해외 시세가 없어 현물이 자동으로 매도되지 않습니다. 국내 거래소에서 직접 매도해 주세요",
    en: "the short is gone and no price is to be had abroad, so the coins are not sold: sell them at the Korean venue by hand",
  },
  "cover-by-hand": {
    ko: "남은 수량이 해외 최소 주문 단위보다 작아 자동으로 종료할 수 없습니다. 해외 거래소에서 숏을 직접 종료해 주세요",
    en: "what is left is less than one lot and can only be closed by hand: close the short at the venue overseas",
  },
  unlisted: {
    ko: "거래소 목록에서 사라진 코인이라 자동으로 종료할 수 없습니다. 두 거래소에서 직접 종료하신 뒤 체결 가격을 운영자에게 알려 주세요",
    en: "on no list of its venues any more, so it can only be left by hand: close both legs at the venues and tell the operator the prices",
  },
  "coins-missing": {
    ko: "국내 거래소의 코인이 기록보다 적습니다. 매도하거나 출금하지 않으셨다면 계정을 확인해 주세요",
    en: "fewer coins at the Korean venue than the record says: look at the account unless you sold or withdrew them",
  },
  "key-held": {
    ko: "사용할 수 있는 API 키가 없어 보유 포지션을 감시하거나 종료할 수 없습니다. API 키를 확인해 주세요",
    en: "no usable API key, so the position can be neither watched nor left: look at the key",
  },
  unsold: {
    ko: "헤지하지 못한 코인을 되팔지 못해 30초마다 다시 시도합니다. 급하면 국내 거래소에서 직접 매도해 주세요",
    en: "the coins that could not be hedged could not be sold back and are tried every 30 s; in a hurry sell them at the Korean venue by hand",
  },
  "sale-unfilled": {
    ko: "국내 매도가 체결되지 않아 30초마다 다시 시도합니다. 급하면 국내 거래소에서 직접 매도해 주세요",
    en: "the sale at home does not fill and is tried every 30 s; in a hurry sell the coins at the Korean venue by hand",
  },
  "cover-unfilled": {
    ko: "해외 숏 청산이 체결되지 않아 30초마다 다시 시도합니다. 급하면 해외 거래소에서 직접 종료해 주세요",
    en: "buying the short back does not fill and is tried every 30 s; in a hurry close it at the venue overseas by hand",
  },
  "order-unheard": {
    ko: "거래소가 주문 결과를 알려주지 않아 계속 조회합니다",
    en: "the venue does not tell what became of an order; it is asked on and on",
  },
  "account-unseen": {
    ko: "거래소 계정을 조회하지 못해 다음 주문이 기다리고 있습니다",
    en: "the venue does not show the account, and the next try waits for it",
  },
  "coins-held": {
    ko: "다른 주문이 코인을 잡고 있어 매도가 기다리고 있습니다. 그 주문을 취소해 주세요",
    en: "an order that is not ours holds the coins, and the sale waits for it: cancel that order",
  },
  "short-held": {
    ko: "다른 주문이 숏 포지션을 잡고 있어 종료가 기다리고 있습니다. 그 주문을 취소해 주세요",
    en: "an order that is not ours holds the short, and the close waits for it: cancel that order",
  },
  "own-order-open": {
    ko: "진행 중인 거래가 없는데 시스템의 주문이 거래소에 남아 있습니다. 거래소에서 확인해 주세요",
    en: "orders of ours are open at the venue though nothing runs: look at the venue",
  },
  "sold-back-often": {
    ko: "헤지하지 못하고 되판 진입이 잦아 이 코인의 신규 진입을 멈췄습니다",
    en: "too many entries in this coin were sold back, so it is entered no more",
  },
};

/** A code, or a code, a colon and words, with the code in words; anything else as it is. */
export function reasonWords(why: string, language: Language): string {
  const [, code, rest] = /^([a-z-]+)(?::\s*(.*))?$/s.exec(why) ?? [];
  if (code === undefined || !Object.hasOwn(REASON_WORDS, code)) return why;
  const words = REASON_WORDS[code as keyof typeof REASON_WORDS][language];
  return rest ? `${words} (${rest})` : words;
}
