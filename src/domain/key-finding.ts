// What is found wrong with a user's API key, in words for its owner.

import type { KeyFindingCode } from "../../schema/vocabulary.ts";
import type { Language } from "./notice.ts";

export interface KeyFinding {
  readonly code: KeyFindingCode;
  /** The day a key ends, YYYY-MM-DD, or the venue's own words; empty where the code says it all. */
  readonly detail: string;
}

interface Words {
  /** The key does its work all the same; only its owner's attention is asked for. */
  readonly isWarning?: true;
  readonly en: string;
  readonly ko: string;
}

const WORDS: Readonly<Record<KeyFindingCode, Words>> = {
  "key-unknown": { en: "the key is unknown or was deleted", ko: "등록되지 않았거나 삭제된 키입니다" },
  "key-malformed": { en: "the key is not one of this venue's", ko: "이 거래소의 키가 아닙니다" },
  "key-expired": { en: "the key has expired", ko: "키가 만료되었습니다" },
  "key-locked": { en: "the venue has locked the key", ko: "거래소가 키를 잠갔습니다" },
  "key-unclear": {
    en: "the key is unknown, does not allow this address, or may not trade futures: the venue does not say which",
    ko: "등록되지 않은 키이거나, 이 주소가 허용되지 않았거나, 선물 거래 권한이 없습니다. 거래소는 어느 쪽인지 알려 주지 않습니다",
  },
  "secret-wrong": { en: "the secret does not belong to the key", ko: "시크릿이 키와 맞지 않습니다" },
  "address-refused": {
    en: "the key does not allow this address",
    ko: "키에 이 서버의 주소가 허용되어 있지 않습니다",
  },
  "member-blocked": { en: "the venue has blocked this member", ko: "거래소가 이 회원을 차단했습니다" },
  "permission-missing": {
    en: "the key lacks a permission: it needs to read balances, and to read and place orders",
    ko: "키에 권한이 부족합니다. 자산 조회, 주문 조회, 주문하기 권한이 필요합니다",
  },
  "may-not-order": { en: "the key may not place orders", ko: "키에 주문 권한이 없습니다" },
  "may-not-trade": {
    en: "the key may not trade contracts: it needs orders and positions, not read-only",
    ko: "키에 선물 거래 권한이 없습니다. 읽기 전용이 아닌 주문과 포지션 권한이 필요합니다",
  },
  "account-not-unified": {
    en: "the account is not a unified trading account",
    ko: "통합 거래 계정이 아닙니다",
  },
  "may-withdraw": {
    en: "the key may withdraw: make one that may not",
    ko: "출금 권한이 있는 키입니다. 출금 권한이 없는 키를 새로 만들어 주세요",
  },
  "any-address": {
    isWarning: true,
    en: "the key is bound to no address: any copy of it works from anywhere",
    ko: "허용 주소가 지정되지 않은 키입니다. 복사되면 어디서나 쓸 수 있습니다",
  },
  "ends-soon": { isWarning: true, en: "the key ends on {}", ko: "키가 {}에 만료됩니다" },
  refused: { en: "the venue refuses the key: {}", ko: "거래소가 키를 거부했습니다: {}" },
};

export function keyFinding(code: KeyFindingCode, detail = ""): KeyFinding {
  return { code, detail };
}

/** One clause without a full stop. */
export function keyFindingWords({ code, detail }: KeyFinding, language: Language): string {
  return WORDS[code][language].replace("{}", () => detail);
}

/** Whether a key with this does not do; false: it does its work and should be looked after. */
export function isKeyFault({ code }: KeyFinding): boolean {
  return WORDS[code].isWarning !== true;
}
