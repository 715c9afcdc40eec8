// Why something was refused, by the code of the api's problem document, for whoever looks at the page: what is so, and
// what to do. A code without words does not compile. Where a code alone says too little, more is taken from its detail;
// those sentences may change, and then the code's own words stand.

import type { ProblemCode } from "../../problem.ts";

export interface InBoth {
  readonly ko: string;
  readonly en: string;
}

const UNUSABLE: InBoth = {
  ko: "보낸 내용을 서버가 받지 못했습니다. 입력한 값을 확인하거나 화면을 새로 고쳐 주세요.",
  en: "The server could not use what was sent. Check what you entered, or load the page anew.",
};
const BUSY: InBoth = {
  ko: "지금 요청이 많습니다. 잠시 후 다시 시도해 주세요.",
  en: "Too much is asked at the moment. Try again shortly.",
};
const AWAY: InBoth = {
  ko: "서버가 지금 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
  en: "The server does not answer right now. Try again shortly.",
};
const TOO_MANY: InBoth = {
  ko: "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
  en: "Too many requests. Try again shortly.",
};
const NOT_HERE: InBoth = {
  ko: "이 서버에는 없는 기능입니다.",
  en: "This server does not have that.",
};

export const PROBLEM_WORDS: Readonly<Record<ProblemCode, InBoth>> = {
  "query-unusable": UNUSABLE,
  "body-unusable": UNUSABLE,
  "header-unusable": UNUSABLE,
  "path-unusable": UNUSABLE,
  "body-too-large": UNUSABLE,
  "body-not-json": UNUSABLE,
  "body-too-slow": {
    ko: "연결이 느려 보내지 못했습니다. 다시 시도해 주세요.",
    en: "The connection was too slow. Try again.",
  },
  "strategy-unfit": {
    ko: "이 조건으로는 시작할 수 없습니다. 값을 고쳐 주세요.",
    en: "A strategy with these terms cannot be started. Change them.",
  },
  "no-session": {
    ko: "로그인이 끝났습니다. 다시 로그인해 주세요.",
    en: "You are not logged in any more. Log in again.",
  },
  "wrong-credentials": {
    ko: "이메일 또는 비밀번호가 맞지 않습니다.",
    en: "The e-mail address or the password is wrong.",
  },
  "other-site": {
    ko: "다른 사이트의 화면에서는 바꿀 수 없습니다. 이 서버의 주소로 직접 접속해 주세요.",
    en: "Changes are not taken from another site's page. Open this server's own address.",
  },
  "sign-up-closed": {
    ko: "이 서버에서는 가입할 수 없습니다.",
    en: "This server does not take new accounts.",
  },
  "no-such-path": NOT_HERE,
  "method-not-allowed": NOT_HERE,
  "no-such-venue": {
    ko: "이 서버가 모르는 거래소입니다.",
    en: "This server does not know that exchange.",
  },
  "no-key": { ko: "저장된 키가 없습니다.", en: "There is no key for this exchange." },
  "no-active-strategy": { ko: "사용 중인 전략이 없습니다.", en: "No strategy is active." },
  "no-open-position": {
    ko: "이미 정리되었거나, 여기서 연 포지션이 아닙니다.",
    en: "The position is closed already, or it was not opened here.",
  },
  "no-open-incident": { ko: "이미 닫힌 일입니다.", en: "It is closed already." },
  "no-linked-chat": { ko: "연결된 텔레그램 채팅이 없습니다.", en: "No Telegram chat is linked." },
  "address-taken": {
    ko: "이미 가입된 이메일입니다.",
    en: "There is an account with this e-mail address.",
  },
  "strategy-active": {
    ko: "이미 사용 중인 전략이 있습니다. 먼저 멈춰 주세요.",
    en: "A strategy is active already. Stop it first.",
  },
  "something-open": {
    ko: "보유 중이거나 주문 중인 코인이 있습니다. 먼저 정리해 주세요.",
    en: "Positions or running orders are in the way. Close them first.",
  },
  "key-needed": {
    ko: "이 거래소에 열린 포지션이나 주문이 있어 키를 지울 수 없습니다. 먼저 정리해 주세요. 급하면 거래소에서 키를 삭제하세요.",
    en: "A position or an order at this exchange needs the key. Close it first. To stop the key at once, delete it at the exchange.",
  },
  "key-changed": {
    ko: "검사하는 동안 키가 바뀌었습니다. 다시 검사해 주세요.",
    en: "The key was changed while it was tested. Test it again.",
  },
  "key-unusable": {
    ko: "키가 꺼져 있거나 복호화할 수 없습니다. 다시 넣어 주세요.",
    en: "The key is switched off, or it cannot be decrypted. Put it in again.",
  },
  "entries-off": {
    ko: "운영자나 시스템이 껐으므로 운영자만 다시 켤 수 있습니다.",
    en: "The operator or the system switched entries off. Only the operator can switch them on again.",
  },
  "not-yours-to-close": {
    ko: "운영자만 닫을 수 있는 일입니다.",
    en: "Only the operator can close this.",
  },
  "idempotency-key-used": {
    ko: "같은 요청이 이미 처리되었습니다. 화면을 새로 고쳐 확인해 주세요.",
    en: "Such a request was carried out already. Load the page anew and look.",
  },
  "address-limit": TOO_MANY,
  "user-limit": TOO_MANY,
  "address-locked": {
    ko: "로그인에 여러 번 실패해 잠시 잠겼습니다.",
    en: "Too many failed logins: this address is locked for a while.",
  },
  internal: {
    ko: "서버에서 오류가 났습니다. 되었는지 확인하고 다시 시도해 주세요. 계속되면 운영자에게 알려 주세요.",
    en: "Something went wrong on the server. See whether it was done, and try again. Tell the operator if it stays so.",
  },
  "setting-missing": {
    ko: "이 서버에 설정되지 않은 기능입니다. 운영자에게 문의해 주세요.",
    en: "This is not set up on this server. Ask the operator.",
  },
  "database-away": {
    ko: "데이터베이스가 지금 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
    en: "The database does not answer right now. Try again shortly.",
  },
  "scheduler-away": {
    ko: "스케줄러가 지금 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
    en: "The scheduler does not answer right now. Try again shortly.",
  },
  "venue-unread": {
    ko: "거래소의 답을 받지 못했습니다. 잠시 후 다시 시도해 주세요.",
    en: "The exchange did not answer. Try again shortly.",
  },
  "bus-away": AWAY,
  "server-away": AWAY,
  "no-frame-yet": { ko: "아직 시세가 없습니다. 잠시만 기다려 주세요.", en: "There are no rates yet." },
  "places-taken": BUSY,
  ending: AWAY,
};

/** $1 stands for what the pattern caught. */
export const PROBLEM_DETAILS: Readonly<
  Partial<Record<ProblemCode, readonly (readonly [pattern: RegExp, words: InBoth])[]>>
> = {
  "something-open": [
    [
      /^There are positions or running orders in ([^.]+)\./,
      {
        ko: "보유 중이거나 주문 중인 코인이 있어 바꿀 수 없습니다: $1. 먼저 정리하거나 전략을 멈춰 주세요. 이미 연 포지션은 들어갈 때의 조건으로 정리됩니다.",
        en: "There are positions or running orders in $1. Close them first, or stop the strategy; they are then left on the terms they were entered with.",
      },
    ],
    [
      /orders in ([^.]+)\./,
      {
        ko: "보유 중이거나 주문 중인 코인이 있습니다: $1. 먼저 정리해 주세요.",
        en: "There are positions or running orders in $1. Close them first.",
      },
    ],
  ],
  "no-open-position": [
    [
      /^No position in (\w+) is open/,
      {
        ko: "$1 포지션은 이미 정리되었거나, 여기서 연 것이 아닙니다.",
        en: "The position in $1 is closed already, or it was not opened here.",
      },
    ],
  ],
  "setting-missing": [
    [
      /^Keys are not kept here/,
      {
        ko: "이 서버는 API 키를 보관하지 않습니다. 운영자에게 문의해 주세요 (ENCRYPTION_KEY 설정 없음).",
        en: "This server keeps no API keys. Ask the operator (ENCRYPTION_KEY is not set).",
      },
    ],
  ],
  "venue-unread": [
    [
      /refuses the key/,
      {
        ko: "거래소가 키를 거부합니다. 키를 검사해 주세요.",
        en: "The exchange refuses the key. Test it.",
      },
    ],
    [
      /ENCRYPTION_KEY/,
      {
        ko: "스케줄러가 키를 복호화할 수 없습니다. 운영자에게 문의해 주세요 (ENCRYPTION_KEY 설정 없음).",
        en: "The scheduler cannot decrypt keys. Ask the operator (ENCRYPTION_KEY is not set).",
      },
    ],
  ],
};
