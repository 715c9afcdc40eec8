// One dialog for every question before something is done: what it will do, what it needs to know, and why it was refused.
// Escape and "cancel" do nothing; it closes by itself once the deed is done. While that is under way it stays open: what
// was sent is not called back by closing, and a refusal would go unseen.

import { appendElement, byId, setHidden, setText } from "../../../src/web/dom.ts";
import type { Language } from "../../../src/web/format.ts";
import type { Refusal } from "./ask.ts";
import { refusalWords } from "./refusal-words.ts";

export interface AskedField {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly kind?: "text" | "password" | "number";
  readonly charsMax?: number;
}

export interface Question {
  readonly title: string;
  readonly words: string;
  /** What the button says. */
  readonly yes: string;
  /** It cannot be undone, or costs money. */
  readonly isGrave?: boolean;
  readonly fields?: readonly AskedField[];
  readonly language: Language;
  /** Does it; a refusal is shown and the dialog stays. */
  readonly onYes: (values: Readonly<Record<string, string>>) => Promise<Refusal | undefined>;
}

export class AskDialog {
  readonly #dialog = byId("ask", HTMLDialogElement);
  readonly #form = byId("ask-form", HTMLFormElement);
  readonly #title = byId("ask-title", HTMLHeadingElement);
  readonly #words = byId("ask-words", HTMLParagraphElement);
  readonly #fields = byId("ask-fields", HTMLDivElement);
  readonly #refusal = byId("ask-refusal", HTMLParagraphElement);
  readonly #yes = byId("ask-yes", HTMLButtonElement);
  readonly #no = byId("ask-no", HTMLButtonElement);
  #question: Question | undefined;

  constructor() {
    this.#no.addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("cancel", (event) => {
      if (this.#isSending) event.preventDefault();
    });
    this.#dialog.addEventListener("close", () => {
      this.#question = undefined;
      // What was typed may be a key.
      this.#fields.replaceChildren();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#do();
    });
  }

  open(question: Question): void {
    this.#question = question;
    const { title, words, yes, isGrave = false, fields = [] } = question;
    setText(this.#title, title);
    setText(this.#words, words);
    setText(this.#yes, yes);
    this.#yes.classList.toggle("grave", isGrave);
    this.#setSending(false);
    setHidden(this.#refusal, true);
    this.#fields.replaceChildren();
    for (const { name, label, value = "", kind = "text", charsMax = 256 } of fields) {
      const field = appendElement(this.#fields, "label", "field");
      appendElement(field, "span").textContent = label;
      const input = appendElement(field, "input");
      input.name = name;
      input.value = value;
      input.type = kind === "number" ? "text" : kind;
      if (kind === "number") input.inputMode = "decimal";
      input.maxLength = charsMax;
      input.required = true;
      input.autocomplete = "off";
      input.spellcheck = false;
    }
    this.#dialog.showModal();
  }

  async #do(): Promise<void> {
    const question = this.#question;
    if (!question || this.#isSending) return;
    const values = Object.fromEntries(
      [...new FormData(this.#form)].map(([name, value]) => [name, String(value).trim()]),
    );
    this.#setSending(true);
    const refusal = await question.onYes(values).finally(() => this.#setSending(false));
    if (question !== this.#question) return;
    if (!refusal) return this.#dialog.close();
    setText(this.#refusal, refusalWords(refusal, question.language));
    setHidden(this.#refusal, false);
  }
  #setSending(isSending: boolean): void {
    this.#yes.disabled = isSending;
    this.#no.disabled = isSending;
  }

  get #isSending(): boolean {
    return this.#yes.disabled;
  }
}
