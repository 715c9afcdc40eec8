// A coin's name at the head of a row: a button that opens the chart of its rates where there is one, else just the name.

import { appendElement, setAttribute, setText } from "../../../src/web/dom.ts";
import type { ChartOf, ViewContext } from "./context.ts";

export class TickerButton {
  readonly #button: HTMLButtonElement;
  #open: (() => void) | undefined;

  constructor(parent: HTMLElement) {
    this.#button = appendElement(parent, "button", "ticker");
    this.#button.type = "button";
    this.#button.addEventListener("click", () => this.#open?.());
  }

  render(what: ChartOf, { chartOf, words }: ViewContext): void {
    this.#open = chartOf(what);
    setText(this.#button, what.coin);
    this.#button.disabled = this.#open === undefined;
    setAttribute(this.#button, "title", this.#open ? words.chartOpen(what.coin) : "");
  }
}
