// The question before an action: what will happen, what has to be known, and no more than one action at a time. What the
// port says to it is said here when it refuses, and in the list of answers in any case. The account page's dialog
// (api/web/account/ask-dialog.ts) is like it in looks alone: it is handed whole questions with what to do, and knows no
// table of actions; what the two do alike is in src/web/dom.ts.

import { appendElement, byId, setHidden, setText } from "../../web/dom.ts";
import type { Language } from "../../web/format.ts";
import { ACTION_WORDS } from "./action-words.ts";
import { ACTIONS, type ActionCall, type Field } from "./actions.ts";
import { type ControlClient, Refusal } from "./client.ts";
import type { Words } from "./words.ts";

export interface Told {
  readonly text: string;
  readonly isDone: boolean;
}

export interface AskListener {
  language(): Language;
  words(): Words;
  /** How an action went; also when it was refused. */
  onAnswer(told: Told): void;
}

type Control = HTMLInputElement | HTMLSelectElement;

export class AskDialog {
  readonly #dialog = byId("ask", HTMLDialogElement);
  readonly #title = byId("ask-title", HTMLHeadingElement);
  readonly #effects = byId("ask-effects", HTMLUListElement);
  readonly #holder = byId("ask-fields", HTMLDivElement);
  readonly #refused = byId("ask-refused", HTMLParagraphElement);
  readonly #cancel = byId("ask-cancel", HTMLButtonElement);
  readonly #do = byId("ask-do", HTMLButtonElement);
  #call: ActionCall | undefined;
  #controls: { readonly field: Field; readonly control: Control; readonly row: HTMLElement }[] = [];
  #isSending = false;

  constructor(
    private readonly client: Pick<ControlClient, "act">,
    private readonly listener: AskListener,
  ) {
    byId("ask-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#cancel.addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("cancel", (event) => {
      // What was sent cannot be called back by Escape.
      if (this.#isSending) event.preventDefault();
    });
    this.#holder.addEventListener("input", () => this.#showFields());
  }

  open(call: ActionCall): void {
    if (this.#dialog.open) return;
    this.#call = call;
    const words = ACTION_WORDS[this.listener.language()];
    const { name, title, effects } = words.actions[call.id];
    const { isGrave, fields } = ACTIONS[call.id];
    setText(this.#title, title(...call.about));
    this.#effects.replaceChildren();
    for (const effect of effects) appendElement(this.#effects, "li").textContent = effect;
    this.#holder.replaceChildren();
    this.#controls = (fields?.(words) ?? [])
      .filter((field) => call.values?.[field.name] === undefined)
      .map((field) => this.#addField(field));
    this.#showFields();
    setText(this.#do, name);
    this.#do.classList.toggle("grave", isGrave === true);
    this.#setSending(false);
    setHidden(this.#refused, true);
    this.#dialog.showModal();
    const [first] = this.#controls;
    (first?.control ?? (isGrave ? this.#cancel : this.#do)).focus();
  }

  #addField(field: Field) {
    const row = appendElement(this.#holder, "label");
    appendElement(row, "span").textContent = field.label;
    const control = field.options ? selectOf(row, field.options) : inputOf(row, field);
    control.name = field.name;
    return { field, control, row };
  }

  #showFields(): void {
    const values = this.#values();
    for (const { field, control, row } of this.#controls) {
      const { onlyWith } = field;
      const isAsked = !onlyWith || onlyWith.values.includes(values[onlyWith.name] ?? "");
      setHidden(row, !isAsked);
      control.disabled = !isAsked;
    }
  }

  #values(): Record<string, string> {
    const typed = this.#controls.map(({ field, control }) => [field.name, control.value] as const);
    return { ...this.#call?.values, ...Object.fromEntries(typed) };
  }

  async #send(): Promise<void> {
    const call = this.#call;
    if (!call || this.#isSending) return;
    const values = this.#values();
    const { method, path, body } = ACTIONS[call.id].request(values);
    this.#setSending(true);
    setHidden(this.#refused, true);
    try {
      const answer = await this.client.act(method, path, body);
      const words = ACTION_WORDS[this.listener.language()];
      const said = ACTIONS[call.id].done?.(values, answer, words) ?? [];
      this.#dialog.close();
      this.listener.onAnswer({ text: words.actions[call.id].done(...said), isDone: true });
    } catch (error) {
      this.#refuse(call, error);
    } finally {
      this.#setSending(false);
    }
  }

  #refuse(call: ActionCall, error: unknown): void {
    const words = ACTION_WORDS[this.listener.language()];
    const { name, refusals } = words.actions[call.id];
    const why =
      error instanceof Refusal
        ? (refusals?.[error.status] ?? words.failed(error.status, error.message))
        : words.noAnswer;
    const text = words.refused(name, why);
    setText(this.#refused, why);
    setHidden(this.#refused, false);
    this.listener.onAnswer({ text, isDone: false });
  }

  #setSending(isSending: boolean): void {
    this.#isSending = isSending;
    this.#do.disabled = isSending;
    this.#cancel.disabled = isSending;
    const { name } = ACTION_WORDS[this.listener.language()].actions[this.#call!.id];
    setText(this.#do, isSending ? this.listener.words().sending : name);
  }
}

function selectOf(row: HTMLElement, options: NonNullable<Field["options"]>): HTMLSelectElement {
  const select = appendElement(row, "select");
  for (const { value, text } of options) select.add(new Option(text, value));
  return select;
}

function inputOf(row: HTMLElement, { isRequired = false, pattern }: Field): HTMLInputElement {
  const input = appendElement(row, "input");
  input.autocomplete = "off";
  input.spellcheck = false;
  input.maxLength = 300;
  input.required = isRequired;
  if (pattern) input.pattern = pattern;
  return input;
}
