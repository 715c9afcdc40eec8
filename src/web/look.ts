// How a page looks to its reader: language, theme, and the words its HTML asks for by name.

import { setAttribute, setText } from "./dom.ts";
import type { Language } from "./format.ts";

export type Theme = "dark" | "light";
/** What a rise is shown in: red as in Korea, with blue for a fall, or green as in the west, with red. */
export type UpColor = "red" | "green";

/** Korean for a reader whose browser asks for it before English, else English. */
export function preferredLanguage(languages: readonly string[]): Language {
  const first = languages.find((tag) => /^(ko|en)\b/i.test(tag));
  return first?.toLowerCase().startsWith("ko") ? "ko" : "en";
}

export function systemTheme(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** The word an element of a page asks for by name. Throws for a name that is not a plain word. */
export function plainWord(words: object, key: string): string {
  const word = (words as Record<string, unknown>)[key];
  if (typeof word !== "string") throw new Error(`expected the name of a word, was ${JSON.stringify(key)}`);
  return word;
}

/** Writes the words of a language into every element of the page that asks for one by name. */
export function applyWords(words: object): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    setText(element, plainWord(words, element.dataset.word!));
  }
  for (const [attribute, name] of [
    ["title", "wordTitle"],
    ["aria-label", "wordLabel"],
    ["placeholder", "wordPlaceholder"],
  ] as const) {
    const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    for (const element of document.querySelectorAll<HTMLElement>(`[data-${dashed}]`)) {
      setAttribute(element, attribute, plainWord(words, element.dataset[name]!));
    }
  }
}
