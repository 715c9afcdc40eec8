// Why something was refused, in the reader's language. The api says it in English, in words that stay (its tests hold
// them); here is what they are in Korean. What is not known is shown as the api says it: better than nothing.

import { grouped, type Language } from "../../../src/web/format.ts";
import type { Issue, Refusal } from "./ask.ts";

type Said = readonly [pattern: RegExp, korean: string];

const DETAILS: readonly Said[] = [
  [/^The address or the password is wrong/, "이메일 또는 비밀번호가 맞지 않습니다."],
  [/^Too many failed logins/, "로그인에 여러 번 실패해 잠시 잠겼습니다."],
  [/^There is an account with this address/, "이미 가입된 이메일입니다."],
  [/^Accounts are not made here/, "이 서버에서는 가입할 수 없습니다."],
  [/^Too many (requests|changes|logins|questions)/, "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."],
  [/^The scheduler does not answer/, "스케줄러가 지금 응답하지 않습니다. 잠시 후 다시 시도해 주세요."],
  [/^The database does not answer/, "데이터베이스가 지금 응답하지 않습니다. 잠시 후 다시 시도해 주세요."],
  [/^Keys are not kept here/, "이 서버는 API 키를 보관하지 않습니다 (ENCRYPTION_KEY 설정 없음)."],
  [
    /^A position or an order at \w+ needs this key/,
    "이 거래소에 열린 포지션이나 주문이 있어 키를 지울 수 없습니다. 먼저 정리해 주세요. 급하면 거래소에서 키를 삭제하세요.",
  ],
  [/^The key was changed while/, "검사하는 동안 키가 바뀌었습니다. 다시 검사해 주세요."],
  [/^The key for \w+ is switched off/, "키가 꺼져 있거나 복호화할 수 없습니다. 다시 넣어 주세요."],
  [/^There is no key for/, "저장된 키가 없습니다."],
  [
    /^There are paper positions or running orders in ([^.]+)\./,
    "보유 중이거나 주문 중인 코인이 있습니다: $1. 먼저 정리해 주세요.",
  ],
  [
    /^There are positions or running orders in ([^.]+)\./,
    "보유 중이거나 주문 중인 코인이 있어 바꿀 수 없습니다: $1. 먼저 정리하거나 전략을 멈춰 주세요. 이미 연 포지션은 들어갈 때의 조건으로 정리됩니다.",
  ],
  [/^Strategy \d+ is active/, "이미 사용 중인 전략이 있습니다. 먼저 멈춰 주세요."],
  [/^No strategy is active/, "사용 중인 전략이 없습니다."],
  [/^No position in (\w+) is open/, "$1 포지션은 이미 정리되었거나, 여기서 연 것이 아닙니다."],
  [/^Your entries are off already/, "운영자나 시스템이 껐으므로 운영자만 다시 켤 수 있습니다."],
  [/^You have no open incident/, "이미 닫힌 일입니다."],
  [/^Only the operator closes/, "운영자만 닫을 수 있는 일입니다."],
];

const ISSUES: readonly (readonly [parameter: string, ...Said])[] = [
  ["password", /at least (\d+) characters/, "비밀번호는 $1자 이상이어야 합니다."],
  ["email", /./, "이메일 주소를 확인해 주세요."],
  ["apiKey", /./, "키는 공백 없이 8자 이상이어야 합니다."],
  ["secret", /./, "시크릿은 공백 없이 8자 이상이어야 합니다."],
  ["amount", /./, "0보다 큰 숫자를 넣어 주세요."],
  ["words", /./, "동의 문장이 다릅니다. 그대로 적어 주세요."],
  ["name", /./, "이름은 1자에서 100자까지입니다."],
  ["seedDivision", /^a seed of at least (\S+) KRW/, "한 번에 들어가는 금액이 $1원 이상이 되게 해 주세요."],
  ["seedDivision", /./, "1 이상의 정수를 넣어 주세요."],
  ["seedAmountKrw", /^at most (\S+) KRW for each/, "한 번에 들어가는 금액은 $1원까지입니다."],
  ["seedAmountKrw", /./, "금액을 숫자로 넣어 주세요."],
  ["leverage", /^at most (\S+),/, "레버리지는 $1배까지입니다."],
  ["leverage", /./, "1에서 100 사이의 정수를 넣어 주세요."],
  ["entryRate", /./, "0보다 큰 환율을 넣어 주세요."],
  [
    "exitRate",
    /above the entry rate, (\S+):/,
    "진입 환율($1)보다 높아야 합니다. 그렇지 않으면 손실만 납니다.",
  ],
  ["exitRate", /./, "0보다 큰 환율을 넣어 주세요."],
  [
    "stopRate",
    /below the entry rate, (\S+):/,
    "진입 환율($1)보다 낮아야 합니다. 그렇지 않으면 바로 정리됩니다.",
  ],
  ["stopRate", /./, "0보다 큰 환율을 넣거나 비워 두세요."],
  ["holdingMsMax", /./, "1분에서 1년 사이로 넣거나 비워 두세요."],
  ["selectedCoins", /at least one coin/, "코인을 하나 이상 적어 주세요."],
  ["selectedCoins", /^coins that are listed both/, "국내와 해외에 모두 상장된 코인이 아닙니다: $R."],
  ["selectedCoins", /never traded/, "여기서 거래하지 않는 코인입니다: $R."],
  ["selectedCoins", /./, "BTC처럼 영문 대문자와 숫자로 적어 주세요."],
];

const NO_ANSWER = {
  ko: "서버가 응답하지 않습니다. 연결을 확인해 주세요.",
  en: "The server does not answer. Check the connection.",
};

/** Sentences for the reader; of a request with faults their number alone is not enough, so each is there. */
export function refusalWords(refusal: Refusal, language: Language): string {
  const { status, detail, issues, retryAfterS } = refusal;
  if (status === 0) return NO_ANSWER[language];
  if (issues.length > 0) return issues.map((issue) => issueWords(issue, language)).join(" ");
  const words = language === "ko" ? (said(DETAILS, detail) ?? detail) : detail;
  if (status !== 429 || retryAfterS === undefined) return words;
  return `${words} ${language === "ko" ? `${retryAfterS}초 뒤에 다시 할 수 있습니다.` : `Again in ${retryAfterS} s.`}`;
}

export function issueWords({ parameter, expected, received }: Issue, language: Language): string {
  const known = ISSUES.filter(([name]) => name === parameter.split(".")[0]).map(
    ([, pattern, words]): Said => [pattern, words],
  );
  if (language === "ko") {
    return (said(known, expected) ?? `${parameter}: ${expected}`).replace("$R", () => received);
  }
  return `Expected ${expected}.`;
}

function said(table: readonly Said[], text: string): string | undefined {
  for (const [pattern, korean] of table) {
    const found = pattern.exec(text);
    if (found) return korean.replace("$1", () => amountsGrouped(found[1] ?? ""));
  }
  return undefined;
}

const amountsGrouped = (text: string) => (/^\d+$/.test(text) ? grouped(Number(text)) : text);
