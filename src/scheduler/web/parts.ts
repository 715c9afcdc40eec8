// The plain parts the panels are made of: tables, chips, bars. Each follows a list and writes only what differs, so that a
// button keeps its place and its focus while numbers around it change.

import { appendElement, setAttribute, setHidden, setText } from "../../web/dom.ts";
import { KeyedList } from "../../web/keyed-list.ts";

export type Tone = "good" | "warn" | "bad" | "quiet";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone | undefined;
  readonly isNumber?: boolean;
}

export interface RowButton {
  readonly text: string;
  /** For who does not see the row. */
  readonly label: string;
  readonly press: () => void;
}

export interface Row {
  readonly key: string;
  readonly cells: readonly (Cell | string)[];
  readonly button?: RowButton | undefined;
}

export interface TableContent {
  readonly label: string;
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
  /** Said where there is no row. */
  readonly none: string;
}

export class RowTable {
  readonly #table: HTMLTableElement;
  readonly #head: HTMLElement;
  readonly #none: HTMLElement;
  readonly #rows: KeyedList<Row, ShownRow>;
  #heads: readonly string[] = [];

  constructor(holder: HTMLElement) {
    this.#table = appendElement(holder, "table", "rows");
    this.#head = appendElement(appendElement(this.#table, "thead"), "tr");
    this.#rows = new KeyedList(appendElement(this.#table, "tbody"), {
      keyOf: ({ key }: Row) => key,
      create: () => new ShownRow(),
    });
    this.#none = appendElement(holder, "p", "none");
  }

  render({ label, heads, rows, none }: TableContent): void {
    setAttribute(this.#table, "aria-label", label);
    setHidden(this.#table, rows.length === 0);
    setHidden(this.#none, rows.length > 0);
    setText(this.#none, none);
    const hasButtons = rows.some(({ button }) => button);
    this.#renderHeads(hasButtons ? [...heads, ""] : heads, rows[0]);
    this.#rows.render(rows, (part, row) => part.render(row, heads));
  }

  #renderHeads(heads: readonly string[], first: Row | undefined): void {
    if (heads.join("\n") === this.#heads.join("\n")) return;
    this.#heads = heads;
    this.#head.replaceChildren();
    for (const [index, text] of heads.entries()) {
      // A column of buttons names itself.
      const cell = appendElement(
        this.#head,
        text ? "th" : "td",
        isNumber(first?.cells[index]) ? "number" : "",
      );
      if (text) cell.setAttribute("scope", "col");
      cell.textContent = text;
    }
  }
}

class ShownRow {
  readonly root = document.createElement("tr");
  readonly #cells: HTMLElement[] = [];
  #button: HTMLButtonElement | undefined;
  #press = () => {};

  render({ cells, button }: Row, heads: readonly string[]): void {
    for (const [index, cell] of cells.entries()) {
      let shown = this.#cells[index];
      if (!shown) {
        shown = appendElement(this.root, index === 0 ? "th" : "td");
        if (index === 0) shown.setAttribute("scope", "row");
        this.#cells.push(shown);
      }
      setText(shown, typeof cell === "string" ? cell : cell.text);
      setAttribute(shown, "class", cellClass(cell));
      // On a phone each cell stands under its own head.
      setAttribute(shown, "data-head", heads[index] ?? "");
    }
    this.#renderButton(button);
  }

  #renderButton(button: RowButton | undefined): void {
    if (button && !this.#button) {
      this.#button = appendElement(appendElement(this.root, "td", "act"), "button");
      this.#button.type = "button";
      this.#button.addEventListener("click", () => this.#press());
    }
    if (!this.#button) return;
    setHidden(this.#button, !button);
    if (!button) return;
    this.#press = button.press;
    setText(this.#button, button.text);
    setAttribute(this.#button, "aria-label", button.label);
  }
}

function isNumber(cell: Cell | string | undefined): boolean {
  return typeof cell === "object" && cell.isNumber === true;
}

function cellClass(cell: Cell | string): string {
  const tone = typeof cell === "object" ? (cell.tone ?? "") : "";
  return `${isNumber(cell) ? "number" : ""} ${tone}`.trim();
}

export interface Chip {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  readonly tone?: Tone | undefined;
}

/** Names with their values, side by side. */
export class Chips {
  readonly #chips: KeyedList<Chip, ShownChip>;

  constructor(holder: HTMLElement) {
    this.#chips = new KeyedList(holder, {
      keyOf: ({ key }: Chip) => key,
      create: () => new ShownChip(),
    });
  }

  render(chips: readonly Chip[]): void {
    this.#chips.render(chips, (part, chip) => part.render(chip));
  }
}

class ShownChip {
  readonly root = document.createElement("span");
  readonly #name = appendElement(this.root, "span");
  readonly #value = appendElement(this.root, "b");

  render({ name, value, tone }: Chip): void {
    setAttribute(this.root, "class", `chip ${tone ?? ""}`.trim());
    setText(this.#name, name);
    setText(this.#value, value);
    setHidden(this.#value, value === "");
  }
}

export interface Bar {
  readonly key: string;
  readonly name: string;
  readonly text: string;
  /** How much of it is filled, 0 to 1. */
  readonly filled: number;
  /** For who does not see it. */
  readonly label: string;
  readonly tone?: Tone | undefined;
}

export class Bars {
  readonly #bars: KeyedList<Bar, ShownBar>;

  constructor(holder: HTMLElement) {
    this.#bars = new KeyedList(holder, { keyOf: ({ key }: Bar) => key, create: () => new ShownBar() });
  }

  render(bars: readonly Bar[]): void {
    this.#bars.render(bars, (part, bar) => part.render(bar));
  }
}

class ShownBar {
  readonly root = document.createElement("div");
  readonly #name = appendElement(this.root, "span", "bar-name");
  readonly #track = appendElement(this.root, "span", "bar-track");
  readonly #fill = appendElement(this.#track, "span", "bar-fill");
  readonly #text = appendElement(this.root, "span", "bar-text");

  constructor() {
    this.#track.setAttribute("role", "meter");
    this.#track.setAttribute("aria-valuemin", "0");
    this.#track.setAttribute("aria-valuemax", "100");
  }

  render({ name, text, filled, label, tone }: Bar): void {
    const pct = Math.round(Math.min(1, Math.max(0, filled)) * 100);
    setAttribute(this.root, "class", `bar ${tone ?? ""}`.trim());
    setText(this.#name, name);
    setText(this.#text, text);
    setAttribute(this.#track, "aria-label", label);
    setAttribute(this.#track, "aria-valuenow", String(pct));
    this.#fill.style.width = `${pct}%`;
  }
}
