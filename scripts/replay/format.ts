// Figures as people read them. No locale of the machine takes part, so the same value is the same text anywhere.

import { Decimal } from "../../src/domain/decimal.ts";

const KST_OFFSET_MS = 9 * 3_600_000;
const HUNDRED = Decimal.of(100);
const MINUTE_MS = 60_000;

/** "-1,234,567.89": half-up to `decimals`; never "-0". */
export function commas(value: Decimal, decimals: number): string {
  const text = value.toFixed(decimals);
  const [whole, fraction] = text.replace("-", "").split(".");
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = text.startsWith("-") && /[1-9]/.test(text) ? "-" : "";
  return `${sign}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Whole won with its sign: "+12,345", "-7", "0". */
export function signedWon(value: Decimal): string {
  const text = commas(value, 0);
  return text === "0" || text.startsWith("-") ? text : `+${text}`;
}

/** A ratio in percent, every digit: "0.05". */
export function percentOf(ratio: Decimal): string {
  return ratio.times(HUNDRED).toString();
}

/** part / whole in percent to 2 decimals; 0 of nothing is 0. */
export function percentage(part: Decimal, whole: Decimal): Decimal {
  return whole.isZero ? Decimal.ZERO : part.times(HUNDRED).dividedBy(whole, 2, "half-up");
}

/** "2025-06-01 09:00" in Korean time. */
export function kst(atMs: number): string {
  return new Date(atMs + KST_OFFSET_MS).toISOString().slice(0, 16).replace("T", " ");
}

/** "3 d 4 h", "4 h 5 min", "5 min". */
export function lengthWords(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${rest} min` : `${rest} min`;
}

/** Epoch ms of a UTC time as ISO 8601 writes it; undefined for what the calendar does not have, like 31 February. */
export function instantOf(text: string): number | undefined {
  const atMs = Date.parse(text);
  const isReal =
    !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text.slice(0, 16).replace("Z", ""));
  return isReal ? atMs : undefined;
}
