// Ticks and rates: how the beat goes, why rates are missing now, what is held back.

import { REASONS, type Reason, VENUES } from "../../../schema/vocabulary.ts";
import { byId, setText } from "../../web/dom.ts";
import { fixed2, grouped, lengthText } from "../../web/format.ts";
import { pairText, REASON_TAGS, VENUE_NAMES } from "../../web/market-words.ts";
import { doubtText } from "../identity-doubt.ts";
import type { Overview } from "../overview.ts";
import type { Context } from "./glance-view.ts";
import { Bars, type Chip, Chips, type Row, RowTable } from "./parts.ts";

export class TickPanel {
  readonly #chips = new Chips(byId("tick-chips", HTMLDivElement));
  readonly #nulls = new Bars(byId("nulls", HTMLDivElement));
  readonly #quarantine = new RowTable(byId("quarantine", HTMLDivElement));

  render(overview: Overview, context: Context): void {
    this.#chips.render(tickChips(overview, context));
    this.#renderNulls(overview, context);
    this.#renderQuarantine(overview, context);
  }

  #renderNulls({ rates }: Overview, { words, language }: Context): void {
    const found = Object.entries(rates).filter(([reason]) => reason !== "none");
    const nulls = found.reduce((sum, [, count]) => sum + count, 0);
    const all = nulls + (rates.none ?? 0);
    setText(byId("nulls-count", HTMLElement), nulls === 0 ? words.noNulls : grouped(nulls));
    this.#nulls.render(
      found
        .sort(([, a], [, b]) => b - a)
        .map(([reason, count]) => {
          const name = isReason(reason) ? REASON_TAGS[language][reason] : reason;
          return { ...{ key: reason, name, text: grouped(count), filled: count / all }, label: name };
        }),
    );
  }

  #renderQuarantine({ quarantine }: Overview, { words, language }: Context): void {
    const { rates, rateCount, identities } = quarantine;
    const held = rates.map(({ coin, pair, rateKrwPerUsdt }): Row => {
      return {
        key: `${coin} ${pair}`,
        cells: [coin, pairText(pair, language), words.rateIs(fixed2(rateKrwPerUsdt))],
      };
    });
    const unsure = VENUES.flatMap((venue) =>
      Object.entries(identities[venue] ?? {}).map(([symbol, doubt]): Row => {
        return {
          key: `${venue} ${symbol}`,
          cells: [symbol, VENUE_NAMES[language][venue], doubtText(doubt, language)],
        };
      }),
    );
    const all = rateCount + unsure.length;
    setText(
      byId("quarantine-count", HTMLElement),
      all > 0 ? words.shownOf(held.length + unsure.length, all) : "",
    );
    this.#quarantine.render({
      label: words.quarantine,
      heads: [words.coin, words.pair, words.quarantineWhat],
      rows: [...held, ...unsure],
      none: words.noQuarantine,
    });
  }
}

function isReason(reason: string): reason is Reason {
  return (REASONS as readonly string[]).includes(reason);
}

function tickChips({ ticks, health }: Overview, { words, language }: Context): Chip[] {
  const { counters, durations, frames, periodMs } = ticks;
  const { issued, incomplete, skipped, failedTasks, lateReports, unreadableReports } = counters;
  const count = (key: string, name: string, value: number): Chip => ({ key, name, value: grouped(value) });
  /** Quiet while there is none. */
  const fault = (key: string, name: string, value: number): Chip[] =>
    value === 0 ? [] : [{ ...count(key, name, value), tone: "warn" }];
  const meanMs = durations.count === 0 ? undefined : (durations.sum / durations.count) * 1_000;
  return [
    { key: "period", name: words.period, value: words.seconds(periodMs / 1_000) },
    ...(meanMs === undefined
      ? []
      : [{ key: "mean", name: words.meanTick, value: lengthText(meanMs, language) }]),
    count("issued", words.issued, issued),
    ...fault("incomplete", words.incomplete, incomplete),
    ...fault("skipped", words.skipped, skipped),
    ...fault("failed", words.failedTasks, failedTasks),
    ...fault("late", words.lateReports, lateReports),
    ...fault("unreadable", words.unreadable, unreadableReports),
    count("frames", words.frames, frames.frames),
    ...fault("framesFailed", words.framesFailed, frames.failed),
    { key: "up", name: words.upFor(uptimeText(health.uptimeMs, language)), value: "", tone: "quiet" },
  ];
}

function uptimeText(ms: number, language: "ko" | "en"): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours === 0) return lengthText(ms, language);
  const [day, hour] = language === "ko" ? ["일", "시간"] : [" d", " h"];
  return hours < 48 ? `${hours}${hour}` : `${Math.floor(hours / 24)}${day}`;
}
