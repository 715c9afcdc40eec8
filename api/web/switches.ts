// The switches in a page's head: language, theme, and which colour a rise has. The same on every page, out of the same
// settings; what they say holds for the whole document.

import { byId, setAttribute } from "../../src/web/dom.ts";
import type { Language } from "../../src/web/format.ts";
import { preferredLanguage, systemTheme, type Theme } from "../../src/web/look.ts";
import { type Settings, saveSettings } from "./settings.ts";
import type { Words } from "./words.ts";

export class Switches {
  readonly #settings: Settings;
  readonly #onSwitch: () => void;
  readonly #theme = byId("theme", HTMLButtonElement);
  readonly #upColor = byId("up-color", HTMLButtonElement);
  readonly #languages = [...document.querySelectorAll<HTMLButtonElement>("[data-language]")];

  /** `onSwitch` is to write everything anew, in the language and the colours of now. */
  constructor(settings: Settings, onSwitch: () => void) {
    this.#settings = settings;
    this.#onSwitch = onSwitch;
    for (const button of this.#languages) {
      button.addEventListener("click", () => this.#setLanguage(button.dataset.language as Language));
    }
    this.#theme.addEventListener("click", () => this.#turnTheme());
    this.#upColor.addEventListener("click", () => {
      settings.upColor = settings.upColor === "red" ? "green" : "red";
      this.#changed();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onSwitch);
  }

  /** The language in force: the reader's choice, else the browser's. */
  get language(): Language {
    return this.#settings.language ?? preferredLanguage(navigator.languages);
  }

  /** Brings the document and every switch in line with the settings, in the words of the language. */
  render(words: Words): void {
    const { language, theme } = this;
    const { upColor } = this.#settings;
    const root = document.documentElement;
    setAttribute(root, "lang", language);
    setAttribute(root, "data-theme", theme);
    setAttribute(root, "data-up", upColor);
    for (const button of this.#languages) {
      setAttribute(button, "aria-pressed", String(button.dataset.language === language));
    }
    label(this.#theme, theme === "dark" ? words.toLight : words.toDark);
    label(this.#upColor, upColor === "red" ? words.toGreenUp : words.toRedUp);
  }

  get theme(): Theme {
    return this.#settings.theme ?? systemTheme();
  }

  #setLanguage(chosen: Language): void {
    this.#settings.language = chosen === preferredLanguage(navigator.languages) ? undefined : chosen;
    this.#changed();
  }

  #turnTheme(): void {
    const chosen = this.theme === "dark" ? "light" : "dark";
    this.#settings.theme = chosen === systemTheme() ? undefined : chosen;
    this.#changed();
  }

  #changed(): void {
    saveSettings(this.#settings);
    this.#onSwitch();
  }
}

function label(button: HTMLButtonElement, words: string): void {
  setAttribute(button, "aria-label", words);
  setAttribute(button, "title", words);
}
