// The row of figures at the top of a view: a name, a figure, and a word beneath.

import { appendElement, setAttribute, setText } from "../../../src/web/dom.ts";
import { wholeKrw } from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";

export interface Figure {
  readonly name: string;
  readonly text: string;
  /** "up", "down" or "". */
  readonly tone?: string;
  readonly sub?: string;
  readonly title?: string;
}

class FigureCard {
  readonly root = document.createElement("div");
  readonly #name = appendElement(this.root, "dt");
  readonly #body = appendElement(this.root, "dd");
  readonly #text = appendElement(this.#body, "b");
  readonly #sub = appendElement(this.#body, "small");

  render({ name, text, tone = "", sub = "", title = "" }: Figure): void {
    setText(this.#name, name);
    setText(this.#text, text);
    setAttribute(this.#text, "class", tone);
    setAttribute(this.#text, "title", title);
    setText(this.#sub, sub);
  }
}

export class FigureRow {
  readonly #cards: KeyedList<Figure & { key: string }, FigureCard>;

  constructor(list: HTMLElement) {
    this.#cards = new KeyedList(list, { keyOf: ({ key }) => key, create: () => new FigureCard() });
  }

  render(figures: readonly Figure[]): void {
    const keyed = figures.map((figure, index) => ({ ...figure, key: String(index) }));
    this.#cards.render(keyed, (card, figure) => card.render(figure));
  }
}

/** Of a gain; nothing for null and for what rounds to 0. */
export function toneOf(krw: string | null): string {
  const whole = krw === null ? 0 : wholeKrw(krw);
  return whole > 0 ? "up" : whole < 0 ? "down" : "";
}
