// What the reader can set of the table: size, pairs, search, order. Reads and writes the settings it is given and calls
// back; it knows nothing of rates.

import { PAIRS, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import { appendElement, byId, setAttribute, setText } from "../../src/web/dom.ts";
import { amountText, type Language } from "../../src/web/format.ts";
import { ALL_PAIRS, type Sort, type SortKey, togglePair } from "./model.ts";
import type { Settings } from "./settings.ts";
import type { Words } from "./words.ts";

const PRESETS_KRW = [1_000_000, 5_000_000, 10_000_000, 30_000_000, 50_000_000, 100_000_000];
/** As the table's heads, for where some of those have no room. */
const SORT_NAMES = {
  coin: "coin",
  pair: "pair",
  entry: "entryRate",
  exit: "exitRate",
  slippage: "slippage",
  age: "bookAge",
} as const satisfies Record<SortKey, keyof Words>;
/** Columns one reads from the top down when the greatest stands there. */
const DESCENDING_FIRST: ReadonlySet<SortKey> = new Set(["exit", "age"]);

export interface ControlListener {
  onChoice(): void;
}

export class Controls {
  readonly #settings: Settings;
  readonly #listener: ControlListener;
  readonly #size = byId("size", HTMLInputElement);
  readonly #sizeText = byId("size-text", HTMLOutputElement);
  readonly #search = byId("search", HTMLInputElement);
  readonly #presets: { button: HTMLButtonElement; krw: number }[] = [];
  readonly #pairs: { button: HTMLButtonElement; pairIndex: number | undefined }[] = [];
  readonly #sort = byId("sort", HTMLSelectElement);
  readonly #sorts: { readonly option: HTMLOptionElement; readonly sort: Sort }[] = [];
  readonly #table = byId("rates", HTMLTableElement);
  readonly #headers = [...document.querySelectorAll<HTMLTableCellElement>("th[data-sort]")];

  constructor(settings: Settings, listener: ControlListener) {
    this.#settings = settings;
    this.#listener = listener;
    this.#addPresets();
    this.#addPairs();
    this.#addSorts();
    this.#size.addEventListener("input", () => this.#setSize(Number(this.#size.value) - 1));
    this.#search.addEventListener("input", () => listener.onChoice());
    for (const header of this.#headers) {
      header.firstElementChild!.addEventListener("click", () =>
        this.#turnSort(header.dataset.sort as SortKey),
      );
    }
    document.addEventListener("keydown", (event) => this.#shortcut(event));
  }

  get query(): string {
    return this.#search.value;
  }

  /** Brings every control in line with the settings, in the given language. */
  render(words: Words, language: Language): void {
    const settings = this.#settings;
    const sizeKrw = (settings.sizeIndex + 1) * SEED_STEP_KRW;
    const sizeWords = words.amount(amountText(sizeKrw, language));
    this.#size.value = String(settings.sizeIndex + 1);
    setAttribute(this.#size, "aria-valuetext", sizeWords);
    this.#size.style.setProperty("--filled", `${(settings.sizeIndex / 99) * 100}%`);
    setText(this.#sizeText, sizeWords);
    for (const { button, krw } of this.#presets) {
      setText(button, amountText(krw, language));
      setAttribute(button, "aria-pressed", String(krw === sizeKrw));
    }
    const allPairs = settings.pairs.size === ALL_PAIRS.size;
    for (const { button, pairIndex } of this.#pairs) {
      const pair = pairIndex === undefined ? undefined : PAIRS[pairIndex]!;
      setText(
        button,
        pair ? words.pairName(words.venues[pair.domestic], words.venues[pair.overseas]) : words.all,
      );
      const pressed = pairIndex === undefined ? allPairs : !allPairs && settings.pairs.has(pairIndex);
      setAttribute(button, "aria-pressed", String(pressed));
    }
    for (const { option, sort } of this.#sorts) {
      setText(option, `${words[SORT_NAMES[sort.key]]} ${sort.descending ? "↓" : "↑"}`);
      option.selected = sort.key === settings.sort.key && sort.descending === settings.sort.descending;
    }
    setAttribute(this.#table, "data-order", settings.sort.key);
    for (const header of this.#headers) {
      const active = header.dataset.sort === settings.sort.key;
      setAttribute(
        header,
        "aria-sort",
        active ? (settings.sort.descending ? "descending" : "ascending") : "none",
      );
    }
  }

  #setSize(sizeIndex: number): void {
    this.#settings.sizeIndex = sizeIndex;
    this.#listener.onChoice();
  }

  sortBy(sort: Sort): void {
    this.#settings.sort = sort;
    this.#listener.onChoice();
  }

  searchFor(query: string): void {
    this.#search.value = query;
    this.#search.focus();
    this.#listener.onChoice();
  }

  #turnSort(key: SortKey): void {
    const { sort } = this.#settings;
    this.sortBy({ key, descending: sort.key === key ? !sort.descending : DESCENDING_FIRST.has(key) });
  }

  #addPresets(): void {
    const group = byId("presets", HTMLFieldSetElement);
    for (const krw of PRESETS_KRW) {
      const button = appendElement(group, "button");
      button.type = "button";
      button.addEventListener("click", () => this.#setSize(krw / SEED_STEP_KRW - 1));
      this.#presets.push({ button, krw });
    }
  }

  #addPairs(): void {
    const group = byId("pairs", HTMLFieldSetElement);
    for (const pairIndex of [undefined, ...ALL_PAIRS]) {
      const button = appendElement(group, "button");
      button.type = "button";
      button.addEventListener("click", () => {
        this.#settings.pairs =
          pairIndex === undefined ? ALL_PAIRS : togglePair(this.#settings.pairs, pairIndex);
        this.#listener.onChoice();
      });
      this.#pairs.push({ button, pairIndex });
    }
  }

  #addSorts(): void {
    for (const key of Object.keys(SORT_NAMES) as SortKey[]) {
      const first = DESCENDING_FIRST.has(key);
      for (const descending of [first, !first]) {
        const option = appendElement(this.#sort, "option");
        this.#sorts.push({ option, sort: { key, descending } });
      }
    }
    this.#sort.addEventListener("change", () => this.sortBy(this.#sorts[this.#sort.selectedIndex]!.sort));
  }

  /** "/" goes to the search from anywhere but a text field; Escape empties and leaves it. */
  #shortcut(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inSearch = document.activeElement === this.#search;
    if (event.key === "/" && !inSearch) {
      event.preventDefault();
      this.#search.focus();
    } else if (event.key === "Escape" && inSearch) {
      this.#search.value = "";
      this.#search.blur();
      this.#listener.onChoice();
    }
  }
}
