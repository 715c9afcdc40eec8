// Numbers as the page writes them. Pure; every text is made here, so that a test can hold the page against the table.
// A missing value is always the same dash, never 0.

export type Language = "ko" | "en";

export const DASH = "—";
const MINUS = "−";
const KST_OFFSET_MS = 9 * 3_600_000;
const DAY_MS = 86_400_000;
const MAN_KRW = 10_000;
const EOK_KRW = 100_000_000;

/** 1384.5 -> "1,384.50". Rounds half away from zero, as the rates themselves were. */
export function fixed2(value: number): string {
  if (!Number.isFinite(value)) return DASH;
  const cents = Math.round(Math.abs(value) * 100);
  const sign = value < 0 && cents > 0 ? MINUS : "";
  const fraction = cents % 100;
  return `${sign}${grouped((cents - fraction) / 100)}.${fraction < 10 ? "0" : ""}${fraction}`;
}

/** A rate in jeon (1/100 KRW per USDT) as KRW per USDT with two decimals; NaN as a dash. */
export function rateText(jeon: number): string {
  return fixed2(jeon / 100);
}

/** A rate over the reference price less one, in percent rounded to two decimals; NaN when either is missing. */
export function premiumPct(rateJeon: number, referenceKrw: number | undefined): number {
  if (referenceKrw === undefined || !(referenceKrw > 0)) return Number.NaN;
  return Math.round((rateJeon / referenceKrw - 100) * 100) / 100;
}

/** -0.62 -> "−0.62%", 1.2 -> "+1.20%", 0 -> "0.00%", NaN -> the dash. */
export function pctText(pct: number): string {
  if (Number.isNaN(pct)) return DASH;
  return `${pct > 0 && Math.round(pct * 100) !== 0 ? "+" : ""}${fixed2(pct)}%`;
}

/** What buying and selling back at once would lose, in percent of the entry rate (Karbit's slippage column). */
export function slippagePct(entryJeon: number, exitJeon: number): number {
  if (Number.isNaN(entryJeon) || Number.isNaN(exitJeon) || entryJeon === 0) return Number.NaN;
  return (Math.abs(entryJeon - exitJeon) / entryJeon) * 100;
}

/** 15,000,000 KRW: "1,500만" in Korean, "15M" in English. Takes whole multiples of 10,000 KRW. */
export function amountText(krw: number, language: Language): string {
  if (language === "en") return `${grouped(Math.floor(krw / 1_000_000))}${millionFraction(krw)}M`;
  const eok = Math.floor(krw / EOK_KRW);
  const man = Math.floor((krw % EOK_KRW) / MAN_KRW);
  if (eok === 0) return `${grouped(man)}만`;
  return man === 0 ? `${grouped(eok)}억` : `${grouped(eok)}억 ${grouped(man)}만`;
}

function millionFraction(krw: number): string {
  const hundredths = Math.round((krw % 1_000_000) / MAN_KRW);
  return hundredths === 0 ? "" : `.${String(hundredths).padStart(2, "0").replace(/0$/, "")}`;
}

/** "-79466.22" -> "−79,466", "1234.5" -> "+1,235": a gain or loss in whole KRW. */
export function gainText(krw: string): string {
  const whole = wholeKrw(krw);
  if (whole === 0) return "0";
  return `${whole > 0 ? "+" : MINUS}${grouped(Math.abs(whole))}`;
}

/**
 * An amount of money in words, without the unit: "12345678.4" -> "1,234만 5,678", from 1억 on to the nearest 10,000:
 * "12억 3,457만". In English all digits: "12,345,678".
 */
export function moneyText(krw: string, language: Language): string {
  const whole = wholeKrw(krw);
  const sign = whole < 0 ? MINUS : "";
  const size = Math.abs(whole);
  if (language === "en" || size < MAN_KRW) return sign + grouped(size);
  if (size >= EOK_KRW) return sign + amountText(Math.round(size / MAN_KRW) * MAN_KRW, language);
  const rest = size % MAN_KRW;
  return `${sign}${amountText(size - rest, language)}${rest === 0 ? "" : ` ${grouped(rest)}`}`;
}

/** As moneyText, with a plus where something was gained. */
export function gainMoneyText(krw: string, language: Language): string {
  return (wholeKrw(krw) > 0 ? "+" : "") + moneyText(krw, language);
}

/** Day and time in Korea: "03-05 12:04:05". */
export function dayTimeKst(atMs: number): string {
  return new Date(atMs + KST_OFFSET_MS).toISOString().slice(5, 19).replace("T", " ");
}

/** A day of Korea: "2026-03-05". */
export function dayKst(atMs: number): string {
  return new Date(atMs + KST_OFFSET_MS).toISOString().slice(0, 10);
}

/** Half away from zero. */
export function wholeKrw(krw: string): number {
  const amount = Number(krw);
  return Math.sign(amount) * Math.round(Math.abs(amount));
}

/** An amount to the nearest 10,000 KRW: "9999747.97" -> "1,000만", "10M". */
export function sizeText(krw: string, language: Language): string {
  return amountText(Math.round(Number(krw) / MAN_KRW) * MAN_KRW, language);
}

/** Time of day in Korea, whatever the reader's own zone is: "14:32:05". */
export function timeKst(atMs: number): string {
  const seconds = Math.floor((((atMs + KST_OFFSET_MS) % DAY_MS) + DAY_MS) / 1000) % 86_400;
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** An instant in Korea: the time of day where it is the same day as `nowMs`, else "11-28 14:32". */
export function instantKst(atMs: number, nowMs: number): string {
  const dayOf = (ms: number) => Math.floor((ms + KST_OFFSET_MS) / DAY_MS);
  if (dayOf(atMs) === dayOf(nowMs)) return timeKst(atMs);
  const date = new Date(atMs + KST_OFFSET_MS).toISOString().slice(5, 10);
  return `${date} ${timeKst(atMs).slice(0, 5)}`;
}

/** A length as one would say it: 420 -> "0.4초", 12_300 -> "12초", 95_000 -> "1분 35초". */
export function lengthText(ms: number, language: Language): string {
  const [minute, second, gap] = language === "ko" ? ["분", "초", ""] : ["m", "s", " "];
  const lengthMs = Math.max(0, ms);
  if (lengthMs < 9_950) return `${(Math.round(lengthMs / 100) / 10).toFixed(1)}${gap}${second}`;
  const seconds = Math.round(lengthMs / 1000);
  if (seconds < 60) return `${seconds}${gap}${second}`;
  return `${Math.floor(seconds / 60)}${gap}${minute} ${seconds % 60}${gap}${second}`;
}

/** Like lengthText but in whole seconds: a clock that ticks once a second should not show tenths. */
export function secondsText(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds >= 60) return lengthText(seconds * 1000, language);
  return language === "ko" ? `${seconds}초` : `${seconds} s`;
}

/** 1234567 -> "1,234,567". Takes whole numbers from 0. */
export function grouped(whole: number): string {
  const digits = String(whole);
  if (digits.length <= 3) return digits;
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}
