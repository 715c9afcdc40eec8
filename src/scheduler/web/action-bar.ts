// The buttons of what concerns the whole scheduler, and the list of how actions went, newest first.

import { appendElement, byId, setText } from "../../web/dom.ts";
import { timeKst } from "../../web/format.ts";
import type { Overview } from "../overview.ts";
import { ACTION_WORDS, type ActionId } from "./action-words.ts";
import { ACTIONS, type ActionCall } from "./actions.ts";
import type { Told } from "./ask-dialog.ts";
import type { Context } from "./glance-view.ts";

const ANSWERS_SHOWN = 5;

/** What has two sides is shown from the side it is on. */
function shownIds({ ticks, trading }: Overview): readonly ActionId[] {
  const isHalted = trading.switches.some(({ scope, halted }) => scope === "global" && halted);
  return [
    "entriesOff",
    isHalted ? "unhalt" : "halt",
    "reconcile",
    "force",
    ticks.paused ? "resume" : "pause",
    "refresh",
    "logLevel",
    "drain",
  ];
}

export class ActionBar {
  readonly #buttons = new Map<ActionId, HTMLButtonElement>();
  readonly #holder = byId("actions", HTMLDivElement);
  readonly #answers = byId("answers", HTMLUListElement);

  constructor(private readonly ask: (call: ActionCall) => void) {}

  render(overview: Overview, { language }: Context): void {
    const ids = shownIds(overview);
    for (const [id, button] of this.#buttons) {
      if (ids.includes(id)) continue;
      button.remove();
      this.#buttons.delete(id);
    }
    for (const [index, id] of ids.entries()) {
      const button = this.#buttons.get(id) ?? this.#create(id);
      if (this.#holder.children[index] !== button) {
        this.#holder.insertBefore(button, this.#holder.children[index] ?? null);
      }
      const { name } = ACTION_WORDS[language].actions[id];
      setText(button, id === "logLevel" ? `${name}: ${overview.logLevel}` : name);
    }
  }

  #create(id: ActionId): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = id;
    button.classList.toggle("grave", ACTIONS[id].isGrave === true);
    button.addEventListener("click", () => this.ask({ id, about: [] }));
    this.#buttons.set(id, button);
    return button;
  }

  tell({ text, isDone }: Told): void {
    const item = document.createElement("li");
    item.className = isDone ? "good" : "bad";
    appendElement(item, "time").textContent = timeKst(Date.now());
    appendElement(item, "span").textContent = text;
    this.#answers.prepend(item);
    while (this.#answers.children.length > ANSWERS_SHOWN) this.#answers.lastElementChild!.remove();
  }
}
