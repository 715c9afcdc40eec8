// What the operator can do, in Korean and English: the name, what will happen, and how it went. English has exactly the
// keys Korean has; the compiler sees to it.

import type { Language } from "../../web/format.ts";

interface ActionText {
  /** On the button. */
  readonly name: string;
  /** Over the question; the values are what it is about. */
  readonly title: (...about: readonly string[]) => string;
  /** What will happen, a sentence each. */
  readonly effects: readonly string[];
  readonly done: (...about: readonly string[]) => string;
  /** Why the port did not, by the status of its answer, where there is one reason; else its own words are shown. */
  readonly refusals?: Readonly<Record<number, string>>;
}

export type ActionId =
  | "entriesOff"
  | "entriesOn"
  | "halt"
  | "unhalt"
  | "force"
  | "reconcile"
  | "pause"
  | "resume"
  | "refresh"
  | "logLevel"
  | "drain"
  | "close";

export interface ActionWords {
  readonly actions: Readonly<Record<ActionId, ActionText>>;
  readonly why: string;
  readonly note: string;
  readonly scope: string;
  readonly scopes: { readonly global: string; readonly user: string; readonly coin: string };
  readonly subject: string;
  readonly user: string;
  readonly coin: string;
  readonly level: string;
  readonly refused: (name: string, why: string) => string;
  readonly noAnswer: string;
  readonly failed: (status: number, detail: string) => string;
}

const ko: ActionWords = {
  actions: {
    entriesOff: {
      name: "진입 막기",
      title: () => "신규 진입 막기",
      effects: [
        "고른 범위에서 새로 진입하지 않습니다. 1초 안에, 매매하는 스케줄러가 어디든 적용되고 재시작해도 남습니다.",
        "보유 포지션의 종료와 진행 중인 주문은 그대로 갑니다. 한쪽 레그만 남겨 두지 않습니다.",
      ],
      done: (scope = "") => `진입을 막았습니다: ${scope}`,
    },
    entriesOn: {
      name: "다시 열기",
      title: (scope = "") => `진입 다시 열기: ${scope}`,
      effects: ["조건이 맞으면 바로 새로 진입할 수 있습니다."],
      done: (scope = "") => `진입을 다시 열었습니다: ${scope}`,
    },
    halt: {
      name: "전체 정지",
      title: () => "전체 정지",
      effects: [
        "모든 사용자의 신규 진입과 목표가 종료가 멈춥니다. 포지션은 닫히지 않습니다.",
        "강제 종료와 청산 방지는 계속 움직이고, 진행 중인 주문은 끝까지 갑니다.",
      ],
      done: () => "전체 정지했습니다",
    },
    unhalt: {
      name: "정지 풀기",
      title: () => "전체 정지 풀기",
      effects: ["목표가 종료가 다시 움직입니다.", "진입은 막아 둔 그대로입니다. 따로 다시 여세요."],
      done: () => "정지를 풀었습니다. 진입은 막아 둔 그대로입니다",
    },
    force: {
      name: "강제 종료",
      title: (who = "") => `포지션 강제 종료${who ? `: ${who}` : ""}`,
      effects: [
        "지금 환율이 얼마든 두 레그를 모두 시장가로 닫습니다. 손실이 날 수 있습니다.",
        "되돌릴 수 없고, 재시작해도 끝까지 합니다.",
      ],
      done: (who = "", outcome = "") =>
        `강제 종료를 시작했습니다: ${who}${outcome === "asked" ? " (매매하는 스케줄러가 곧 합니다)" : ""}`,
      refusals: { 404: "그 사용자는 이 코인을 보유하고 있지 않습니다." },
    },
    reconcile: {
      name: "지금 대조",
      title: () => "거래소와 지금 대조",
      effects: [
        "모든 포지션과 미체결 주문을 거래소와 견줍니다. 주문을 내는 일이 아니지만, 숏이 사라진 포지션은 평소처럼 바로 정리합니다.",
        "몇 초 걸립니다. 설명되지 않는 차이는 사고로 열립니다.",
      ],
      done: (positions = "", incidents = "") =>
        `포지션 ${positions}개를 대조했습니다. 열린 사고 ${incidents}건`,
      refusals: { 409: "이 스케줄러는 매매하지 않습니다. 매매하는 스케줄러에서 하세요." },
    },
    pause: {
      name: "틱 멈추기",
      title: () => "틱 멈추기",
      effects: [
        "새 틱을 내지 않습니다. 모든 환율이 비고, 환율을 보고 하는 진입과 종료도 없습니다.",
        "이 프로세스에만 적용되고 재시작하면 풀립니다.",
      ],
      done: () => "틱을 멈췄습니다",
    },
    resume: {
      name: "틱 다시 시작",
      title: () => "틱 다시 시작",
      effects: ["다음 박자부터 틱을 냅니다."],
      done: () => "다음 박자부터 틱을 냅니다",
    },
    refresh: {
      name: "목록 새로 받기",
      title: () => "종목 목록 새로 받기",
      effects: ["네 거래소에 종목 목록을 지금 묻습니다. 요청 한도를 조금 씁니다."],
      done: () => "종목 목록을 새로 받았습니다",
    },
    logLevel: {
      name: "로그 수준",
      title: () => "로그 수준 바꾸기",
      effects: ["이 프로세스가 다음에 시작할 때까지 적용됩니다. debug는 로그가 아주 많아집니다."],
      done: (level = "") => `로그 수준: ${level}`,
    },
    drain: {
      name: "인계",
      title: () => "인계하고 매매 끝내기",
      effects: [
        "이 스케줄러는 아무것도 새로 시작하지 않고, 진행 중인 일을 길어도 30초까지 기다린 뒤 리스를 돌려줍니다.",
        "대기 스케줄러가 있으면 몇 초 안에 이어받습니다. 없으면 틱도 멈춥니다.",
        "다시 매매하려면 이 스케줄러를 재시작해야 합니다.",
      ],
      done: () => "인계했습니다. 이 스케줄러를 멈춰도 됩니다",
    },
    close: {
      name: "닫기",
      title: (incident = "") => `사고 ${incident} 닫기`,
      effects: [
        "살펴보았다는 뜻입니다. 그 사용자의 신규 진입이 다시 열립니다.",
        "거래소에서는 아무것도 바뀌지 않습니다. 적은 말은 감사 기록에 남습니다.",
      ],
      done: (incident = "") => `사고 ${incident}을(를) 닫았습니다`,
      refusals: { 404: "그런 열린 사고가 없습니다. 이미 닫혔을 수 있습니다." },
    },
  },
  why: "이유 (기록에 남습니다)",
  note: "무엇이었는지 (기록에 남습니다)",
  scope: "범위",
  scopes: { global: "전체", user: "사용자", coin: "코인" },
  subject: "사용자 번호 또는 코인",
  user: "사용자 번호",
  coin: "코인",
  level: "수준",
  refused: (name, why) => `${name} 거절됨: ${why}`,
  failed: (status, detail) => `스케줄러가 하지 못했습니다 (HTTP ${status}: ${detail}).`,
  noAnswer: "답이 오지 않았습니다. 되었는지 알 수 없으니 화면을 확인하세요.",
};

const en: ActionWords = {
  actions: {
    entriesOff: {
      name: "Entries off",
      title: () => "Switch entries off",
      effects: [
        "Nothing new is entered in the chosen scope. It holds within a second in whichever scheduler trades, and survives restarts.",
        "Exits go on and what runs ends as it would: no leg is left alone.",
      ],
      done: (scope = "") => `Entries are off: ${scope}`,
    },
    entriesOn: {
      name: "Back on",
      title: (scope = "") => `Switch entries back on: ${scope}`,
      effects: ["New positions may be entered at once where the rates allow it."],
      done: (scope = "") => `Entries are on: ${scope}`,
    },
    halt: {
      name: "Halt",
      title: () => "Halt everything",
      effects: [
        "Entries and exits at targets stop for everybody. Positions are not closed.",
        "Forced exits and the guard against liquidation still work, and what runs ends as it would.",
      ],
      done: () => "Halted",
    },
    unhalt: {
      name: "Lift the halt",
      title: () => "Lift the halt",
      effects: [
        "Exits at targets work again.",
        "Entries stay as they were switched: switch them back on apart.",
      ],
      done: () => "The halt is lifted; entries stay as they were switched",
    },
    force: {
      name: "Force close",
      title: (who = "") => `Force close${who ? `: ${who}` : " a position"}`,
      effects: [
        "Both legs are closed at market, whatever the rate is now. That may be a loss.",
        "Nothing takes it back, and it goes on through a restart.",
      ],
      done: (who = "", outcome = "") =>
        `Being closed: ${who}${outcome === "asked" ? " (by the scheduler that trades, within a second)" : ""}`,
      refusals: { 404: "That user holds no such coin." },
    },
    reconcile: {
      name: "Reconcile now",
      title: () => "Reconcile with the exchanges now",
      effects: [
        "Every position and open order is compared with the exchanges. It sends no order of its own, but a position whose short is gone is left at once, as always.",
        "It takes some seconds. What nothing explains becomes an incident.",
      ],
      done: (positions = "", incidents = "") =>
        `${positions} positions compared, ${incidents} incidents open`,
      refusals: { 409: "This scheduler does not trade: ask the one that does." },
    },
    pause: {
      name: "Pause ticks",
      title: () => "Pause ticks",
      effects: [
        "No new ticks are issued. Every rate becomes empty, and nothing is entered or left by rates.",
        "It is of this process alone and ends with a restart.",
      ],
      done: () => "Ticks are paused",
    },
    resume: {
      name: "Resume ticks",
      title: () => "Resume ticks",
      effects: ["Ticks go on at the next beat."],
      done: () => "Ticks go on at the next beat",
    },
    refresh: {
      name: "Refresh lists",
      title: () => "Ask for the lists of instruments",
      effects: ["All four exchanges are asked for their lists now, which costs a little of the limits."],
      done: () => "The lists are new",
    },
    logLevel: {
      name: "Log level",
      title: () => "Change the log's level",
      effects: ["Until the next start of this process. debug writes a great deal."],
      done: (level = "") => `Log level: ${level}`,
    },
    drain: {
      name: "Drain",
      title: () => "Drain: hand over and stop trading",
      effects: [
        "This scheduler begins nothing more, waits up to 30 s for what runs, and gives the lease back.",
        "A standby goes on within seconds. Without one, ticks stop too.",
        "To trade again this scheduler has to be restarted.",
      ],
      done: () => "Drained: this scheduler can be stopped",
    },
    close: {
      name: "Close",
      title: (incident = "") => `Close incident ${incident}`,
      effects: [
        "It says that you have looked into it. That user's entries go on.",
        "Nothing changes at the exchanges. What you write stands in the audit trail.",
      ],
      done: (incident = "") => `Incident ${incident} is closed`,
      refusals: { 404: "No such incident is open; it may have been closed." },
    },
  },
  why: "Why (kept in the trail)",
  note: "What it was (kept in the trail)",
  scope: "Scope",
  scopes: { global: "Everybody", user: "One user", coin: "One coin" },
  subject: "User's number or coin",
  user: "User's number",
  coin: "Coin",
  level: "Level",
  refused: (name, why) => `${name} refused: ${why}`,
  failed: (_, detail) => detail,
  noAnswer: "No answer came. It may or may not have been done: look at the page.",
};

export const ACTION_WORDS: Readonly<Record<Language, ActionWords>> = { ko, en };
