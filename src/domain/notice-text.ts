// Notices as people read them: plain text (no markup, so nothing a venue says can break or forge any), Korean or
// English, times in KST. Pure. A paper trade says so in its first line, an alert is marked there.

import { type Language, type Notice, noticeLevel } from "./notice.ts";
import { englishNotice } from "./notice-english.ts";
import { grouped } from "./notice-format.ts";
import { koreanNotice } from "./notice-korean.ts";

const KST_AHEAD_MS = 9 * 3_600_000;

/** `moreLikeThis`: how many others of the same key this one stands for. */
export function noticeText(
  notice: Notice,
  options: { readonly atMs: number; readonly language: Language; readonly moreLikeThis?: number },
): string {
  const { language, atMs, moreLikeThis = 0 } = options;
  const { title, lines } = language === "ko" ? koreanNotice(notice) : englishNotice(notice);
  const alert = noticeLevel(notice) === "alert" ? "⚠️ " : "";
  const isPaper = "mode" in notice && notice.mode === "paper";
  const paper = isPaper ? (language === "ko" ? "[모의] " : "[paper] ") : "";
  const all = [`${alert}${paper}${title}`, ...lines, more(moreLikeThis, language), kstTime(atMs)];
  return all.filter((line) => line !== undefined).join("\n");
}

/** What is said once after notices were lost: too many at a time, or nobody took them. */
export function lostNoticesText(
  lost: { readonly count: number; readonly alertCount: number },
  language: Language,
): string {
  const count = grouped(String(lost.count));
  const alerts = grouped(String(lost.alertCount));
  if (language === "ko") {
    const ofThem = lost.alertCount > 0 ? ` (경고 ${alerts}건 포함)` : "";
    return `⚠️ 알림 ${count}건${ofThem}을 보내지 못했습니다.\n포지션과 기록을 직접 확인해 주세요.`;
  }
  const ofThem = lost.alertCount > 0 ? ` (${alerts} of them alerts)` : "";
  return `⚠️ ${count} ${lost.count === 1 ? "notice" : "notices"}${ofThem} could not be sent.\nPlease look at positions and records yourself.`;
}

/** YYYY-MM-DD HH:mm:ss KST; Korea has no summer time. */
export function kstTime(atMs: number): string {
  return `${new Date(atMs + KST_AHEAD_MS).toISOString().slice(0, 19).replace("T", " ")} KST`;
}

function more(count: number, language: Language): string | undefined {
  if (count < 1) return undefined;
  const digits = grouped(String(count));
  return language === "ko" ? `(같은 알림 ${digits}건 더 있음)` : `(${digits} more like this)`;
}
