// The user's own entries and exits for a coin's chart, at the rates they were filled at. What was opened by hand in Karbit is
// among them: it stands in the same history.

import { PAIRS } from "../../../schema/vocabulary.ts";
import type { ChartMark } from "../chart-data.ts";
import type { ChartSubject } from "../chart-view.ts";
import { ask } from "./ask.ts";
import type { Part } from "./context.ts";

type Row = Part<"history">["rows"][number];

/** As many as the api gives. */
const PAGE_ROWS = 100;
/** A thousand entries and exits in a month would hide the lines. */
const PAGES_MAX = 10;

/** Undefined for a pair that is none of ours: there are no rates of it. */
export function pairIndexOf(domestic: string, overseas: string): number | undefined {
  const index = PAIRS.findIndex(
    (pair) => pair.domestic.toUpperCase() === domestic && pair.overseas.toUpperCase() === overseas,
  );
  return index < 0 ? undefined : index;
}

export function ownMarks(rows: readonly Row[], { coin, pairIndex }: ChartSubject): ChartMark[] {
  return rows
    .filter((row) => row.coin === coin && pairIndexOf(row.krExchange, row.frExchange) === pairIndex)
    .flatMap(({ status, entryAtMs, entryRate, exitAtMs, exitRate }): ChartMark[] => {
      // Each entry has a row of its own for ever; the entry's instant on a closed row is that of its closing.
      const [kind, atMs, rate] =
        status === "OPEN"
          ? (["entry", entryAtMs, entryRate] as const)
          : (["exit", exitAtMs, exitRate] as const);
      return atMs === null
        ? []
        : [{ kind, atS: atMs / 1_000, rate: rate === null ? undefined : Number(rate) }];
    });
}

/** Undefined: they could not be read. */
export async function readOwnMarks(
  subject: ChartSubject,
  fromMs: number,
): Promise<readonly ChartMark[] | undefined> {
  const rows: Row[] = [];
  for (let page = 1; page <= PAGES_MAX; page++) {
    const path = `api/positions/history?page=${page}&size=${PAGE_ROWS}`;
    const answer = await ask<Part<"history">>("GET", path);
    if ("refusal" in answer) return undefined;
    rows.push(...answer.value.rows);
    const oldest = answer.value.rows.at(-1);
    const oldestAtMs = oldest?.exitAtMs ?? oldest?.entryAtMs ?? 0;
    if (oldestAtMs < fromMs || rows.length >= answer.value.total) break;
  }
  return ownMarks(rows, subject);
}
