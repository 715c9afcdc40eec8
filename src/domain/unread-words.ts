// Why something at a venue is not known, in words for the user.

import type { UnreadReason } from "../../schema/messages/desk.ts";
import type { Language } from "./notice.ts";

const WORDS: Readonly<Record<UnreadReason, Readonly<Record<Language, string>>>> = {
  "no-key": {
    en: "there is no key, it is switched off, or it cannot be decrypted",
    ko: "키가 없거나, 꺼져 있거나, 복호화할 수 없습니다",
  },
  "key-refused": {
    en: "the venue refuses the key: test it",
    ko: "거래소가 키를 거부합니다. 키를 검사해 주세요",
  },
  limited: {
    en: "too many requests to the venue: try again in a moment",
    ko: "거래소 요청이 너무 많습니다. 잠시 후 다시 시도해 주세요",
  },
  "no-answer": { en: "the venue does not answer right now", ko: "거래소가 지금 응답하지 않습니다" },
  late: { en: "the venue did not answer in time", ko: "거래소가 제때 응답하지 않았습니다" },
  "store-away": { en: "the database does not answer right now", ko: "데이터베이스가 지금 응답하지 않습니다" },
  "no-encryption-key": {
    en: "the scheduler has no ENCRYPTION_KEY to decrypt keys with",
    ko: "스케줄러에 키를 복호화할 ENCRYPTION_KEY가 없습니다",
  },
};

/** One clause without a full stop. */
export function unreadWords(reason: UnreadReason, language: Language): string {
  return WORDS[reason][language];
}
