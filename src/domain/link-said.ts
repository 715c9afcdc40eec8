// What a link to a server says of its state: by code, and in the words of both languages. Every code has its words: a new
// one does not compile until it has.

import type { Language } from "./notice.ts";

/** Texts of others are in it as they came: `server` is an address, `cause` and `refusedKey` an error's or a server's words. */
export type LinkSaid =
  | { readonly code: "connected"; readonly server: string }
  | { readonly code: "reconnecting"; readonly server: string; readonly seconds: number }
  /** refusedKey: "" while it takes all. */
  | { readonly code: "publishing"; readonly server: string; readonly refusedKey: string }
  | { readonly code: "away"; readonly server: string; readonly cause: string }
  | { readonly code: "publisher-restarts" }
  | { readonly code: "requests-pass" }
  | { readonly code: "requests-fail" }
  | { readonly code: "in-process" }
  | { readonly code: "closed" };

export interface LinkState {
  readonly up: boolean;
  /** In English. */
  readonly detail: string;
  readonly said?: LinkSaid;
}

export function linkState(up: boolean, said: LinkSaid): LinkState {
  return { up, detail: linkWords(said, "en"), said };
}

export function linkWords(said: LinkSaid, language: Language): string {
  return language === "ko" ? korean(said) : english(said);
}

function english(said: LinkSaid): string {
  switch (said.code) {
    case "connected":
      return `connected to ${said.server}`;
    case "reconnecting":
      return `${said.server} lost ${said.seconds} s ago, reconnecting`;
    case "publishing":
      return `publishing to ${said.server}${said.refusedKey && `, which refuses a key: ${said.refusedKey}`}`;
    case "away":
      return `${said.server} is away: ${said.cause}`;
    case "publisher-restarts":
      return "the publishing thread is being started again";
    case "requests-pass":
      return "no request has failed lately";
    case "requests-fail":
      return "requests do not get through";
    case "in-process":
      return "in this process";
    case "closed":
      return "closed";
  }
}

function korean(said: LinkSaid): string {
  switch (said.code) {
    case "connected":
      return `${said.server}에 연결됨`;
    case "reconnecting":
      return `${said.server}, ${said.seconds}초 전에 끊겨 다시 연결하는 중`;
    case "publishing":
      return `${said.server}에 보내는 중${said.refusedKey && `. 거절된 키가 있음: ${said.refusedKey}`}`;
    case "away":
      return `${said.server}에 닿지 않음: ${said.cause}`;
    case "publisher-restarts":
      return "보내는 스레드를 다시 시작하는 중";
    case "requests-pass":
      return "최근에 실패한 요청 없음";
    case "requests-fail":
      return "요청이 닿지 않음";
    case "in-process":
      return "이 프로세스 안에 있음";
    case "closed":
      return "닫힘";
  }
}
