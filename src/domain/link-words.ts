// What the bot answers to somebody who wants his chat linked.

import type { Language } from "./notice.ts";

export function linkedText(language: Language): string {
  return language === "ko"
    ? "✅ 이 채팅이 계정에 연결되었습니다. 앞으로 알림을 여기로 보내 드립니다."
    : "✅ This chat is linked with your account. Notices come here from now on.";
}

export function wrongCodeText(language: Language): string {
  return language === "ko"
    ? "연결 코드가 없거나 올바르지 않거나 만료되었습니다. 설정 화면에서 새 코드를 받아 10분 안에 다시 시도해 주세요."
    : "The code is missing, wrong or too old. Get a new one in your settings and send it within ten minutes.";
}
