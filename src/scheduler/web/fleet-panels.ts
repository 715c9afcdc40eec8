// The machines: exchanges with what is left of their limits by address, workers and other processes, links.

import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { appendElement, byId, setAttribute, setText } from "../../web/dom.ts";
import { grouped, type Language, secondsText } from "../../web/format.ts";
import { KeyedList } from "../../web/keyed-list.ts";
import { VENUE_NAMES } from "../../web/market-words.ts";
import { spendingByAddress } from "../address-spending.ts";
import type { Overview } from "../overview.ts";
import type { Context } from "./glance-view.ts";
import { type Bar, Bars, type Cell, type Chip, Chips, type Row, RowTable } from "./parts.ts";

/** Less than this part left: worth an eye. */
const SCARCE_RATIO = 0.15;

export class FleetPanels {
  readonly #venues = new KeyedList<Venue, VenueCard>(byId("venues", HTMLDivElement), {
    keyOf: (venue) => venue,
    create: () => new VenueCard(),
  });
  readonly #workers = new RowTable(byId("workers", HTMLDivElement));
  readonly #links = new RowTable(byId("links", HTMLDivElement));

  render(overview: Overview, context: Context): void {
    this.#venues.render(VENUES, (card, venue) => card.render(venue, overview, context));
    this.#renderWorkers(overview, context);
    this.#renderLinks(overview, context);
  }

  #renderWorkers({ workers, processes, ticks, version }: Overview, { words, language }: Context): void {
    const lateMs = 3 * ticks.periodMs;
    const rows = workers.workers.map(({ id, sourceAddress, taskCount, silentMs }): Row => {
      const told = processes.find(({ name }) => name === id)?.version ?? "";
      return {
        key: `worker ${id}`,
        cells: [
          { text: id, ...(silentMs >= lateMs && { tone: "warn" as const }) },
          sourceAddress,
          { text: told, ...(told && told !== version && { tone: "warn" as const }) },
          { text: grouped(taskCount), isNumber: true },
          agoCell(silentMs, lateMs, { words, language }),
        ],
      };
    });
    const known = new Set(workers.workers.map(({ id }) => id));
    const others = processes
      .filter(({ name }) => !known.has(name))
      .map(({ name, role, sourceAddress, version: told, silentMs }): Row => {
        return {
          key: `process ${name}`,
          cells: [
            `${name} (${words.processRoles[role] ?? role})`,
            sourceAddress,
            { text: told, ...(told !== version && { tone: "warn" as const }) },
            { text: "", isNumber: true },
            agoCell(silentMs, 10_000, { words, language }),
          ],
        };
      });
    this.#workers.render({
      label: words.workers,
      heads: [words.name, words.address, words.version, words.tasks, words.lastSeen],
      rows: [...rows.sort((a, b) => (a.key < b.key ? -1 : 1)), ...others],
      none: words.noWorkers,
    });
  }

  #renderLinks({ health: { links, disks } }: Overview, { words }: Context): void {
    this.#links.render({
      label: words.links,
      heads: [words.link, words.linkState, words.linkDetail],
      rows: [
        ...Object.entries(links).map(([name, { up, detail }]): Row => {
          const state: Cell = { text: up ? words.up : words.away, tone: up ? "good" : "bad" };
          return { key: name, cells: [words.linkNames[name] ?? name, state, detail] };
        }),
        ...disks.map(({ folder, freeBytes, sizeBytes }): Row => {
          const left = words.diskLeft(Math.floor((100 * freeBytes) / sizeBytes));
          return { key: `disk ${folder}`, cells: [words.disk, left, folder] };
        }),
      ],
      none: "",
    });
  }
}

function agoCell(silentMs: number, lateMs: number, { words, language }: Context) {
  const text = words.ago(secondsText(silentMs, language));
  return { text, isNumber: true, ...(silentMs >= lateMs && { tone: "warn" as const }) };
}

class VenueCard {
  readonly root = document.createElement("article");
  readonly #head = appendElement(this.root, "h3");
  readonly #name = appendElement(this.#head, "span");
  readonly #list = appendElement(this.#head, "small");
  readonly #chips = new Chips(appendElement(this.root, "div", "chips"));
  readonly #bars = new Bars(appendElement(this.root, "div", "bars"));

  render(venue: Venue, overview: Overview, context: Context): void {
    const { words, language } = context;
    const { count, failing } = overview.venues.lists[venue] ?? { count: 0, failing: false };
    const name = VENUE_NAMES[language][venue];
    setText(this.#name, name);
    const list = failing ? words.listFailing : words.listed(grouped(count));
    setText(this.#list, count === 0 ? words.noList : list);
    setAttribute(this.#list, "class", count === 0 ? "bad" : failing ? "warn" : "");
    this.#chips.render([...troubles(venue, overview, context), ...outcomes(venue, overview, context)]);
    this.#bars.render(budgets(venue, overview, { name, words, language }));
  }
}

/** Bans and the like, this process's own. */
function troubles(venue: Venue, { venues }: Overview, { words, language }: Context): Chip[] {
  const budget = venues.budgets[venue];
  if (!budget) return [];
  const { banMs, holdMs, strictness } = budget;
  const chips: Chip[] = [];
  const chip = (key: string, name: string, tone: "bad" | "warn") =>
    chips.push({ key, name, value: "", tone });
  if (banMs > 0) chip("ban", words.banned(secondsText(banMs, language)), "bad");
  else if (holdMs > 0) chip("hold", words.held(secondsText(holdMs, language)), "warn");
  if (strictness < 1) chip("strict", words.stricter(Math.round(strictness * 100)), "warn");
  return chips;
}

const isOk = ({ tone }: Chip) => tone === undefined;

/** Answers to all workers since the start, by how they ended. */
function outcomes(venue: Venue, { ticks }: Overview, { words }: Context): Chip[] {
  const chips = Object.entries(ticks.counters.fetches)
    .filter(([key]) => key.startsWith(`${venue} `))
    .map(([key, count]): Chip => {
      const outcome = key.slice(venue.length + 1);
      const name = words.outcomes[outcome] ?? outcome.toUpperCase();
      return { key, name, value: grouped(count), ...(outcome !== "ok" && { tone: "warn" }) };
    })
    .sort((a, b) => Number(isOk(b)) - Number(isOk(a)) || (a.name < b.name ? -1 : 1));
  return chips.length > 0 ? chips : [{ key: "none", name: words.noFetch, value: "", tone: "quiet" }];
}

/** One bar an address: the sum over the processes behind it, as they told within two seconds. */
function budgets(
  venue: Venue,
  { processes }: Overview,
  { name, words, language }: { name: string; words: Context["words"]; language: Language },
): Bar[] {
  return spendingByAddress(venue, processes).map(({ address, left, capacity, banMs }): Bar => {
    const text =
      banMs > 0
        ? words.banned(secondsText(banMs, language))
        : words.budgetLeft(grouped(Math.round(left)), grouped(capacity));
    const tone = banMs > 0 ? "bad" : left < capacity * SCARCE_RATIO ? "warn" : undefined;
    return {
      ...{ key: address, name: address, text, filled: left / capacity, tone },
      label: words.budgetLabel(name, address),
    };
  });
}
