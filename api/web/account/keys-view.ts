// The API keys, one line for each venue: put in, tested with every finding in words, taken out. A key is in the page only
// while it is being typed.

import type * as v from "valibot";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import type { keyTestSchema } from "../../routes/keys.ts";
import { ask, type Refusal } from "./ask.ts";
import { change, type Part, unreadText, type ViewContext } from "./context.ts";
import { refusalWords } from "./refusal-words.ts";

type OwnKey = Part<"keys">[number];
type KeyTest = v.InferOutput<typeof keyTestSchema>;

interface KeyLine {
  readonly venue: Venue;
  readonly key: OwnKey | undefined;
  readonly testing: boolean;
  /** What the last test since the page was opened said. */
  readonly tested: KeyTest | Refusal | undefined;
}

export class KeysView {
  readonly #context: () => ViewContext;
  readonly #refusal = byId("keys-refusal", HTMLParagraphElement);
  readonly #lines: KeyedList<KeyLine, KeyCard>;
  readonly #testing = new Set<Venue>();
  readonly #tested = new Map<Venue, KeyTest | Refusal>();

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#lines = new KeyedList(byId("keys", HTMLUListElement), {
      keyOf: ({ venue }) => venue,
      create: () =>
        new KeyCard({
          put: (venue) => this.#askToPut(venue),
          test: (venue) => void this.#test(venue),
          remove: (venue) => this.#askToRemove(venue),
        }),
    });
  }

  /** For another user, or none. */
  forget(): void {
    this.#tested.clear();
  }

  render(): void {
    const context = this.#context();
    const keys = context.data.get("keys");
    const unread = unreadText(context, "keys");
    setText(this.#refusal, unread ?? "");
    setHidden(this.#refusal, unread === undefined);
    const lines = keys
      ? VENUES.map((venue): KeyLine => {
          const key = keys.find((one) => one.venue === venue);
          return { venue, key, testing: this.#testing.has(venue), tested: this.#tested.get(venue) };
        })
      : [];
    this.#lines.render(lines, (card, line) => card.render(line, context));
  }

  #askToPut(venue: Venue): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    dialog.open({
      ...{
        title: words.keyAddTitle(words.venues[venue]),
        words: words.keyAddWords,
        yes: words.keyAdd,
        language,
      },
      fields: [
        { name: "apiKey", label: words.apiKey, kind: "password" },
        { name: "secret", label: words.secret, kind: "password" },
      ],
      onYes: ({ apiKey, secret }) => {
        this.#tested.delete(venue);
        return change(context, {
          ...{ method: "PUT", path: `api/keys/${venue}`, body: { apiKey, secret } },
          ...{ done: words.keyStored, parts: ["keys", "balances"] },
        });
      },
    });
  }

  #askToRemove(venue: Venue): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    const title = words.keyRemoveTitle(words.venues[venue]);
    dialog.open({
      ...{ title, words: words.keyRemoveWords, yes: words.keyRemove, isGrave: true, language },
      onYes: () => {
        this.#tested.delete(venue);
        return change(context, {
          ...{
            method: "DELETE",
            path: `api/keys/${venue}`,
            done: words.keyRemoved,
            parts: ["keys", "balances"],
          },
        });
      },
    });
  }

  async #test(venue: Venue): Promise<void> {
    if (this.#testing.has(venue)) return;
    this.#testing.add(venue);
    this.render();
    const answer = await ask<KeyTest>("POST", `api/keys/${venue}/test`);
    this.#testing.delete(venue);
    this.#tested.set(venue, "value" in answer ? answer.value : answer.refusal);
    this.render();
    await this.#context().data.load("keys");
  }
}

interface KeyDeeds {
  put(venue: Venue): void;
  test(venue: Venue): void;
  remove(venue: Venue): void;
}

class KeyCard {
  readonly root = document.createElement("li");
  readonly #head = appendElement(this.root, "div", "key-head");
  readonly #venue = appendElement(this.#head, "strong");
  readonly #state = appendElement(this.#head, "span", "badge");
  readonly #buttons = appendElement(this.#head, "div", "buttons");
  readonly #test: HTMLButtonElement;
  readonly #put: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  readonly #findings = appendElement(this.root, "ul", "findings");
  #line: KeyLine | undefined;

  constructor(deeds: KeyDeeds) {
    const button = (onClick: (venue: Venue) => void) => {
      const made = appendElement(this.#buttons, "button");
      made.type = "button";
      made.addEventListener("click", () => this.#line && onClick(this.#line.venue));
      return made;
    };
    this.#test = button(deeds.test);
    this.#put = button(deeds.put);
    this.#remove = button(deeds.remove);
    setAttribute(this.#findings, "role", "status");
  }

  render(line: KeyLine, { words, language }: ViewContext): void {
    this.#line = line;
    const { venue, key, testing, tested } = line;
    const name = words.venues[venue];
    setText(this.#venue, name);
    const state = !key ? "none" : !key.active ? "off" : key.verified ? "good" : "untested";
    setText(this.#state, words.keyStates[state]);
    setAttribute(this.#state, "data-state", state);
    const label = (button: HTMLButtonElement, text: string) => {
      setText(button, text);
      setAttribute(button, "aria-label", `${name} ${text}`);
    };
    label(this.#put, key ? words.keyReplace : words.keyAdd);
    label(this.#test, testing ? words.keyTesting : words.keyTest);
    label(this.#remove, words.keyRemove);
    this.#test.disabled = testing;
    setHidden(this.#test, !key);
    setHidden(this.#remove, !key);
    const lines = tested === undefined || testing ? [] : findingLines(tested, words.keyGood, language);
    setHidden(this.#findings, lines.length === 0);
    this.#findings.replaceChildren();
    for (const { text, severity } of lines) {
      const item = appendElement(this.#findings, "li", severity);
      item.textContent = text;
    }
  }
}

function findingLines(
  tested: KeyTest | Refusal,
  good: string,
  language: ViewContext["language"],
): { readonly text: string; readonly severity: string }[] {
  if (!("findings" in tested)) return [{ text: refusalWords(tested, language), severity: "fault" }];
  if (tested.findings.length === 0) return [{ text: good, severity: "good" }];
  return tested.findings.map(({ words, severity }) => {
    const text = words[language];
    return { text: `${text[0]!.toUpperCase()}${text.slice(1)}.`, severity };
  });
}
