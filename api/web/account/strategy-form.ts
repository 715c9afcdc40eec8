// The form of a strategy in a dialog: to start one, or to change the one that is active. What the api refuses is said
// beside the field it is about.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { moneyText } from "../../../src/web/format.ts";
import type { Refusal } from "./ask.ts";
import type { ViewContext } from "./context.ts";
import { issueWords, refusalWords } from "./refusal-words.ts";
import { FORM_FIELDS, type FormField, type FormValues, fieldOf, ON, sliceOf } from "./strategy-terms.ts";

export interface StrategyQuestion {
  readonly title: string;
  readonly yes: string;
  readonly values: FormValues;
  readonly onYes: (values: FormValues) => Promise<Refusal | undefined>;
}

interface Field {
  readonly root: HTMLElement;
  readonly label: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly fault: HTMLElement;
}

const NUMBERS: ReadonlySet<FormField> = new Set([
  "seedAmountKrw",
  "seedDivision",
  "leverage",
  "entryRate",
  "exitRate",
  "stopRate",
  "holdingHours",
]);
const CHECKS: ReadonlySet<FormField> = new Set(["allowAverageDown", "allowAverageUp"]);
const CHOICES: Partial<Record<FormField, readonly string[]>> = {
  tradeMode: ["custom", "auto"],
  coinMode: ["auto", "custom"],
};
/** A field that means something only where another has this value. */
const ONLY_IF: Partial<Record<FormField, readonly [FormField, string]>> = {
  entryRate: ["tradeMode", "custom"],
  exitRate: ["tradeMode", "custom"],
  selectedCoins: ["coinMode", "custom"],
};

export class StrategyForm {
  readonly #context: () => ViewContext;
  readonly #dialog = byId("strategy-dialog", HTMLDialogElement);
  readonly #title = byId("strategy-title", HTMLHeadingElement);
  readonly #refusal = byId("strategy-refusal", HTMLParagraphElement);
  readonly #yes = byId("strategy-yes", HTMLButtonElement);
  readonly #fields: Readonly<Record<FormField, Field>>;
  readonly #slice: HTMLElement;
  #question: StrategyQuestion | undefined;

  constructor(context: () => ViewContext) {
    this.#context = context;
    const parent = byId("strategy-fields", HTMLDivElement);
    this.#fields = Object.fromEntries(FORM_FIELDS.map((name) => [name, makeField(parent, name)])) as Record<
      FormField,
      Field
    >;
    this.#slice = appendElement(this.#fields.seedDivision.root, "small");
    const form = byId("strategy-form", HTMLFormElement);
    form.addEventListener("input", () => this.#follow());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#do();
    });
    byId("strategy-no", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      this.#question = undefined;
    });
  }

  open(question: StrategyQuestion): void {
    this.#question = question;
    const { words } = this.#context();
    setText(this.#title, question.title);
    setText(this.#yes, question.yes);
    this.#yes.disabled = false;
    for (const name of FORM_FIELDS) {
      const { input, label } = this.#fields[name];
      setText(label, words.fields[name]);
      for (const option of input instanceof HTMLSelectElement ? input.options : []) {
        const modes = name === "tradeMode" ? words.tradeModes : words.coinModes;
        setText(option, modes[option.value as "auto" | "custom"]);
      }
      if (CHECKS.has(name)) (input as HTMLInputElement).checked = question.values[name] === ON;
      else input.value = question.values[name];
    }
    setAttribute(this.#fields.selectedCoins.input, "placeholder", words.coinsHint);
    this.#showRefusal(undefined);
    this.#follow();
    this.#dialog.showModal();
  }

  #values(): FormValues {
    return Object.fromEntries(
      FORM_FIELDS.map((name) => {
        const { input } = this.#fields[name];
        return [name, CHECKS.has(name) ? ((input as HTMLInputElement).checked ? ON : "") : input.value];
      }),
    ) as Record<FormField, string>;
  }

  #follow(): void {
    const { words, language } = this.#context();
    const values = this.#values();
    for (const [name, [other, value]] of Object.entries(ONLY_IF) as [FormField, [FormField, string]][]) {
      setHidden(this.#fields[name].root, values[other] !== value);
    }
    const slice = sliceOf(values);
    setText(this.#slice, slice === undefined ? words.sliceOfNone : words.sliceOf(moneyText(slice, language)));
  }

  async #do(): Promise<void> {
    const question = this.#question;
    if (!question || this.#yes.disabled) return;
    this.#yes.disabled = true;
    const refusal = await question.onYes(this.#values());
    if (question !== this.#question) return;
    this.#yes.disabled = false;
    if (!refusal) return this.#dialog.close();
    this.#showRefusal(refusal);
  }

  #showRefusal(refusal: Refusal | undefined): void {
    const { words, language } = this.#context();
    const faults = new Map<FormField, string>();
    for (const issue of refusal?.issues ?? []) {
      const name = fieldOf(issue.parameter);
      const text = issueWords(issue, language);
      if (name && faults.get(name)?.includes(text) !== true)
        faults.set(name, [faults.get(name), text].filter(Boolean).join(" "));
    }
    for (const name of FORM_FIELDS) {
      const { input, fault } = this.#fields[name];
      const text = faults.get(name);
      setText(fault, text ?? "");
      setHidden(fault, text === undefined);
      setAttribute(input, "aria-invalid", String(text !== undefined));
    }
    setHidden(this.#refusal, refusal === undefined);
    const whole = faults.size > 0 ? words.strategyRefused : refusal && refusalWords(refusal, language);
    setText(this.#refusal, whole ?? "");
    const first = FORM_FIELDS.find((name) => faults.has(name));
    if (first) this.#fields[first].input.focus();
  }
}

function makeField(parent: HTMLElement, name: FormField): Field {
  const root = appendElement(parent, "label", CHECKS.has(name) ? "field check" : "field");
  root.dataset.field = name;
  const label = appendElement(root, "span");
  const choices = CHOICES[name];
  const input = choices ? appendElement(root, "select") : appendElement(root, "input");
  input.name = name;
  if (input instanceof HTMLSelectElement) {
    for (const choice of choices!) appendElement(input, "option").value = choice;
  } else {
    input.type = CHECKS.has(name) ? "checkbox" : "text";
    input.autocomplete = "off";
    if (NUMBERS.has(name)) input.inputMode = "decimal";
  }
  const fault = appendElement(root, "small", "fault");
  fault.id = `strategy-fault-${name}`;
  setAttribute(input, "aria-describedby", fault.id);
  return { root, label, input, fault };
}
