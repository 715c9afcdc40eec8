// Words for codes that the doctor and the operator's page both say.

import type { Language } from "../domain/notice.ts";

type Words = Readonly<Record<Language, Readonly<Record<string, string>>>>;

/** By kind; a code without words is said as it is. */
export const INCIDENT_KINDS: Words = {
  ko: {
    "needs-human": "사람이 필요함",
    "unknown-difference": "대조 불일치",
    "projection-failed": "Karbit 기록 실패",
    key: "API 키",
    defect: "프로그램 결함",
  },
  en: {
    "needs-human": "Needs somebody",
    "unknown-difference": "Reconciliation differs",
    "projection-failed": "Karbit's row not written",
    key: "API key",
    defect: "Defect of ours",
  },
};

/** What a switch is for. */
export const SCOPES: Words = {
  ko: { global: "전체", user: "사용자", coin: "코인" },
  en: { global: "Everybody", user: "User", coin: "Coin" },
};

/** Who turned a switch. */
export const ACTORS: Words = {
  ko: { operator: "운영자", user: "사용자", engine: "엔진" },
  en: { operator: "operator", user: "user", engine: "engine" },
};
