// Words about exchanges and rates that more than one page says.

import { PAIRS, type PairKey, type Reason, type Venue } from "../../schema/vocabulary.ts";
import type { Language } from "./format.ts";

export const VENUE_NAMES: Readonly<Record<Language, Readonly<Record<Venue, string>>>> = {
  ko: { upbit: "업비트", bithumb: "빗썸", bybit: "바이비트", binance: "바이낸스" },
  en: { upbit: "Upbit", bithumb: "Bithumb", bybit: "Bybit", binance: "Binance" },
};

/** A pair by the names of its exchanges. */
export function pairText(pair: PairKey, language: Language): string {
  const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
  return `${VENUE_NAMES[language][domestic]}·${VENUE_NAMES[language][overseas]}`;
}

/** Why there is no rate, in a word or two. */
export const REASON_TAGS: Readonly<Record<Language, Readonly<Record<Reason, string>>>> = {
  ko: {
    none: "호가 부족",
    thin: "호가 부족",
    empty: "호가 없음",
    crossed: "호가 역전",
    malformed: "응답 오류",
    stale: "오래됨",
    skewed: "시차 초과",
    "fetch-failed": "수신 실패",
    "rate-limited": "요청 제한",
    missing: "보고 없음",
    quarantined: "확인 중",
    delisted: "상장 폐지",
  },
  en: {
    none: "thin book",
    thin: "thin book",
    empty: "empty book",
    crossed: "crossed",
    malformed: "bad answer",
    stale: "too old",
    skewed: "out of step",
    "fetch-failed": "no answer",
    "rate-limited": "rate limit",
    missing: "no report",
    quarantined: "on hold",
    delisted: "delisted",
  },
};
