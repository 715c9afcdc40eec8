// Language and theme, remembered in this browser. Storage may be closed or hold anything: then it is as the browser says.

import type { Language } from "../../web/format.ts";
import { preferredLanguage, systemTheme, type Theme } from "../../web/look.ts";

const STORAGE_KEY = "schedulerx.operator";

export class Settings {
  #language: Language | undefined;
  #theme: Theme | undefined;

  constructor() {
    try {
      const [language, theme] = (localStorage.getItem(STORAGE_KEY) ?? "").split(" ");
      if (language === "ko" || language === "en") this.#language = language;
      if (theme === "dark" || theme === "light") this.#theme = theme;
    } catch {
      // As the browser says.
    }
  }

  get language(): Language {
    return this.#language ?? preferredLanguage(navigator.languages);
  }

  set language(language: Language) {
    this.#language = language === preferredLanguage(navigator.languages) ? undefined : language;
    this.#save();
  }

  get theme(): Theme {
    return this.#theme ?? systemTheme();
  }

  set theme(theme: Theme) {
    this.#theme = theme === systemTheme() ? undefined : theme;
    this.#save();
  }

  #save(): void {
    try {
      localStorage.setItem(STORAGE_KEY, `${this.#language ?? "-"} ${this.#theme ?? "-"}`);
    } catch {
      // Storage closed or full: the choice holds until the page is left.
    }
  }
}
