// Why no price confirms that a symbol is the coin its ticker says, in figures and in the words of both languages.

import type { Language } from "../domain/notice.ts";

/** Both KRW per USDT: what the coin's prices here and abroad imply, and the median over all coins. */
export interface IdentityDoubt {
  readonly rateKrwPerUsdt: number;
  readonly medianKrwPerUsdt: number;
}

const DIGITS = 6;

export function doubtText({ rateKrwPerUsdt, medianKrwPerUsdt }: IdentityDoubt, language: Language): string {
  const [rate, median] = [rateKrwPerUsdt.toPrecision(DIGITS), medianKrwPerUsdt.toPrecision(DIGITS)];
  return language === "ko"
    ? `두 가격을 견주면 1 USDT에 ${rate}원, 전체 중앙값은 ${median}원`
    : `implies ${rate} KRW per USDT where the median is ${median}`;
}
