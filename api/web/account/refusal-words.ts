// Why something was refused, in the reader's language: by the code of the refusal, or field by field where the api names
// fields. What is not known is shown as the api says it, in English: better than nothing.

import { grouped, type Language } from "../../../src/web/format.ts";
import type { Issue, Refusal } from "./ask.ts";
import { type InBoth, PROBLEM_DETAILS, PROBLEM_WORDS } from "./problem-words.ts";

type Said = readonly [pattern: RegExp, ko: string, en: string];

/** By field, the first that fits. $1: what the pattern caught; $R: what was received. */
const ISSUES: Readonly<Record<string, readonly Said[]>> = {
  password: [
    [
      /at least (\d+) characters/,
      "비밀번호는 $1자 이상이어야 합니다.",
      "The password needs $1 characters or more.",
    ],
    [
      /at most (\d+) characters/,
      "비밀번호는 $1자까지입니다.",
      "The password may have $1 characters at most.",
    ],
    [/./, "비밀번호를 넣어 주세요.", "Put in a password."],
  ],
  email: [[/./, "이메일 주소를 확인해 주세요.", "Check the e-mail address."]],
  apiKey: [
    [/./, "키는 공백 없이 8자 이상이어야 합니다.", "The key has 8 characters or more, without blanks."],
  ],
  secret: [
    [
      /./,
      "시크릿은 공백 없이 8자 이상이어야 합니다.",
      "The secret has 8 characters or more, without blanks.",
    ],
  ],
  amount: [[/./, "0보다 큰 숫자를 넣어 주세요.", "Put in a number above 0."]],
  words: [
    [
      /./,
      "동의 문장이 다릅니다. 그대로 적어 주세요.",
      "The words are not the same. Write them as they stand.",
    ],
  ],
  name: [[/./, "이름은 1자에서 100자까지입니다.", "The name has 1 to 100 characters."]],
  seedDivision: [
    [
      /^a seed of at least (\S+) KRW/,
      "한 번에 들어가는 금액이 $1원 이상이 되게 해 주세요.",
      "One entry has to come to $1 KRW or more.",
    ],
    [/./, "1 이상의 정수를 넣어 주세요.", "Put in a whole number from 1 on."],
  ],
  seedAmountKrw: [
    [
      /^at most (\S+) KRW for each/,
      "한 번에 들어가는 금액은 $1원까지입니다.",
      "One entry may come to $1 KRW at most.",
    ],
    [/./, "금액을 숫자로 넣어 주세요.", "Put in an amount in KRW."],
  ],
  leverage: [
    [/^at most (\S+),/, "레버리지는 $1배까지입니다.", "The leverage may be $1 at most."],
    [/./, "1에서 100 사이의 정수를 넣어 주세요.", "Put in a whole number from 1 to 100."],
  ],
  entryRate: [[/./, "0보다 큰 환율을 넣어 주세요.", "Put in a rate above 0."]],
  exitRate: [
    [
      /above the entry rate, (\S+):/,
      "진입 환율($1)보다 높아야 합니다. 그렇지 않으면 손실만 납니다.",
      "It has to be above the entry rate, $1: below it there are only losses.",
    ],
    [/./, "0보다 큰 환율을 넣어 주세요.", "Put in a rate above 0."],
  ],
  stopRate: [
    [
      /below the entry rate, (\S+):/,
      "진입 환율($1)보다 낮아야 합니다. 그렇지 않으면 바로 정리됩니다.",
      "It has to be below the entry rate, $1: above it everything is left at once.",
    ],
    [/./, "0보다 큰 환율을 넣거나 비워 두세요.", "Put in a rate above 0, or nothing."],
  ],
  holdingMsMax: [[/./, "1분에서 1년 사이로 넣거나 비워 두세요.", "Put in a minute to a year, or nothing."]],
  selectedCoins: [
    [/at least one coin/, "코인을 하나 이상 적어 주세요.", "Name one coin or more."],
    [
      /^coins that are listed both/,
      "국내와 해외에 모두 상장된 코인이 아닙니다: $R.",
      "Not listed both in Korea and abroad: $R.",
    ],
    [/never traded/, "여기서 거래하지 않는 코인입니다: $R.", "Never traded here: $R."],
    [/./, "BTC처럼 영문 대문자와 숫자로 적어 주세요.", "Write coins as BTC, in capital letters and digits."],
  ],
};

const NO_ANSWER: InBoth = {
  ko: "서버가 응답하지 않습니다. 연결을 확인해 주세요.",
  en: "The server does not answer. Check the connection.",
};
/** What stands before the server may answer in its place. */
const NOT_OURS: InBoth = {
  ko: "서버가 알 수 없는 답을 보냈습니다. 잠시 후 다시 시도해 주세요.",
  en: "The server's answer could not be read. Try again shortly.",
};

/** Sentences for the reader; of a request with faults their number alone is not enough, so each is there. */
export function refusalWords(refusal: Refusal, language: Language): string {
  const { status, issues, retryAfterS } = refusal;
  if (status === 0) return NO_ANSWER[language];
  if (issues.length > 0) {
    return [...new Set(issues.map((issue) => issueWords(issue, language)))].join(" ");
  }
  const words = problemWords(refusal, language);
  if (status !== 429 || retryAfterS === undefined) return words;
  return `${words} ${language === "ko" ? `${retryAfterS}초 뒤에 다시 할 수 있습니다.` : `Again in ${retryAfterS} s.`}`;
}

function problemWords({ status, code, detail }: Refusal, language: Language): string {
  if (code === undefined) return `${NOT_OURS[language]} (${status})`;
  if (!Object.hasOwn(PROBLEM_WORDS, code)) return detail;
  const known = code as keyof typeof PROBLEM_WORDS;
  for (const [pattern, words] of PROBLEM_DETAILS[known] ?? []) {
    const found = pattern.exec(detail);
    if (found) return words[language].replace("$1", () => found[1] ?? "");
  }
  return PROBLEM_WORDS[known][language];
}

export function issueWords({ parameter, expected, received }: Issue, language: Language): string {
  const field = parameter.split(".")[0]!;
  for (const [pattern, ko, en] of Object.hasOwn(ISSUES, field) ? ISSUES[field]! : []) {
    const found = pattern.exec(expected);
    if (!found) continue;
    return (language === "ko" ? ko : en)
      .replace("$1", () => amountsGrouped(found[1] ?? ""))
      .replace("$R", () => received);
  }
  return `${parameter}: ${expected}.`;
}

const amountsGrouped = (text: string) => (/^\d+$/.test(text) ? grouped(Number(text)) : text);
