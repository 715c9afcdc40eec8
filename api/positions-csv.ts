// A user's position rows as CSV for spreadsheets: UTF-8 with a byte order mark, without which Excel reads Korean as
// something else, and no cell that a spreadsheet would take for a formula. Read and sent part by part.

import type { OwnPositionStore, PositionRow } from "../src/ports/own-positions.ts";

const ROWS_PER_PART = 500;
const KST_MS = 9 * 3_600_000;

/** In Korea, as 2026-01-31 23:03:00. */
const timeOf = (atMs: number | null) =>
  atMs === null ? "" : new Date(atMs + KST_MS).toISOString().slice(0, 19).replace("T", " ");

const COLUMNS: readonly (readonly [head: string, cell: (row: PositionRow) => string | number | null])[] = [
  ["상태", ({ status }) => status],
  ["코인", ({ coin }) => coin],
  ["국내 거래소", ({ krExchange }) => krExchange],
  ["해외 거래소", ({ frExchange }) => frExchange],
  ["레버리지", ({ leverage }) => leverage],
  ["국내 가격(KRW)", ({ krPriceKrw }) => krPriceKrw],
  ["국내 수량", ({ krVolumeCoin }) => krVolumeCoin],
  ["국내 금액(KRW)", ({ krFundsKrw }) => krFundsKrw],
  ["국내 수수료(KRW)", ({ krFeeKrw }) => krFeeKrw],
  ["해외 가격(USDT)", ({ frPriceUsdt }) => frPriceUsdt],
  ["해외 수량", ({ frVolumeCoin }) => frVolumeCoin],
  ["해외 금액(USDT)", ({ frFundsUsdt }) => frFundsUsdt],
  ["해외 수수료(USDT)", ({ frFeeUsdt }) => frFeeUsdt],
  ["진입 환율", ({ entryRate }) => entryRate],
  ["종료 환율", ({ exitRate }) => exitRate],
  ["테더 가격(KRW)", ({ usdtPriceKrw }) => usdtPriceKrw],
  ["수익(KRW)", ({ profitKrw }) => profitKrw],
  ["수익률(%)", ({ profitRatePct }) => profitRatePct],
  ["진입 시각(KST)", ({ entryAtMs }) => timeOf(entryAtMs)],
  ["종료 시각(KST)", ({ exitAtMs }) => timeOf(exitAtMs)],
];

/** Also in the wide forms of East Asian keyboards. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

/** Only numbers may begin with a sign; whatever else a spreadsheet might compute is made a text by an apostrophe. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const line = (cells: readonly (string | number | null)[]) => `${cells.map(csvCell).join(",")}\r\n`;

/**
 * Rejects when the first part cannot be read; a later one that cannot breaks the stream off, so that nobody takes a
 * part for the whole.
 */
export async function positionsCsv(
  positions: OwnPositionStore,
  userId: number,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  const read = (cursor: string | undefined) =>
    positions.historyFrom(userId, { cursor, limit: ROWS_PER_PART });
  const textOf = (rows: readonly PositionRow[]) =>
    rows.map((row) => line(COLUMNS.map(([, cell]) => cell(row)))).join("");
  const first = await read(undefined);
  let next = first.next;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(
          encoder.encode(`\uFEFF${line(COLUMNS.map(([head]) => head))}${textOf(first.rows)}`),
        );
        if (next === undefined) controller.close();
      },
      async pull(controller) {
        const part = await read(next);
        next = part.next;
        if (part.rows.length > 0) controller.enqueue(encoder.encode(textOf(part.rows)));
        if (next === undefined) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
