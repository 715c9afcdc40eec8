// The chat a user's notices go to: linked by a code he sends to the bot, silenced, and forgotten. The code is in the page
// only until it has been used or its time is over.

import type * as v from "valibot";
import { byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { dayTimeKst, timeKst } from "../../../src/web/format.ts";
import type { telegramOfferSchema } from "../../routes/telegram.ts";
import { ask, type Refusal } from "./ask.ts";
import { change, type Part, unreadText, type ViewContext } from "./context.ts";
import { refusalWords } from "./refusal-words.ts";

type Link = Part<"telegram">;

interface Offer extends v.InferOutput<typeof telegramOfferSchema> {
  /** When the chat of before was linked: another instant says that the code has been used. */
  readonly linkedBeforeAtMs: number | null;
}

export class TelegramView {
  readonly #context: () => ViewContext;
  readonly #state = byId("telegram-state", HTMLElement);
  readonly #words = byId("telegram-words", HTMLParagraphElement);
  readonly #steps = byId("telegram-steps", HTMLElement);
  readonly #open = byId("telegram-open", HTMLAnchorElement);
  readonly #send = byId("telegram-send", HTMLElement);
  readonly #code = byId("telegram-code", HTMLElement);
  readonly #until = byId("telegram-until", HTMLParagraphElement);
  readonly #refusal = byId("telegram-refusal", HTMLParagraphElement);
  readonly #link = byId("telegram-link", HTMLButtonElement);
  readonly #notices = byId("telegram-notices", HTMLButtonElement);
  readonly #unlink = byId("telegram-unlink", HTMLButtonElement);
  #offer: Offer | undefined;
  #isLate = false;
  #refused: Refusal | undefined;

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#link.addEventListener("click", () => void this.#askForCode());
    this.#notices.addEventListener("click", () => void this.#switchNotices());
    this.#unlink.addEventListener("click", () => this.#askToUnlink());
  }

  /** A code is shown, so that the chat may be linked at any moment, of which no event tells. */
  get isWaiting(): boolean {
    return this.#offer !== undefined;
  }

  /** For another user, or none. */
  forget(): void {
    this.#offer = undefined;
    this.#isLate = false;
    this.#refused = undefined;
    this.#renderOffer(undefined);
  }

  render(): void {
    const context = this.#context();
    const { words, language, data } = context;
    const link = data.get("telegram");
    this.#follow(link, context);
    const state = !link ? undefined : !link.linked ? "none" : link.notifications ? "good" : "off";
    setText(this.#state, state ? words.telegramStates[state] : "");
    setAttribute(this.#state, "data-state", state ?? "");
    setHidden(this.#state, !state);
    setText(this.#words, link ? wordsOf(link, context) : "");
    const refusal = this.#refused ? refusalWords(this.#refused, language) : unreadText(context, "telegram");
    const late = this.#isLate ? words.telegramLate : undefined;
    setText(this.#refusal, refusal ?? late ?? "");
    setHidden(this.#refusal, (refusal ?? late) === undefined);
    setText(
      this.#link,
      this.#offer ? words.telegramAgain : link?.linked ? words.telegramOther : words.telegramLink,
    );
    setHidden(this.#link, !link || link.bot === null);
    setText(this.#notices, link?.notifications ? words.telegramSilence : words.telegramSpeak);
    setText(this.#unlink, words.telegramUnlink);
    for (const button of [this.#notices, this.#unlink]) setHidden(button, !link?.linked);
    this.#renderOffer(link?.bot ?? undefined);
  }

  /** Puts the code away once it has been used, or counts no more. */
  #follow(link: Link | undefined, { nowMs, words, tell }: ViewContext): void {
    if (!this.#offer || !link) return;
    if (link.linked && link.linkedAtMs !== this.#offer.linkedBeforeAtMs) {
      this.#offer = undefined;
      tell(words.telegramDone);
    } else if (nowMs >= this.#offer.expiresAtMs) {
      this.#offer = undefined;
      this.#isLate = true;
    }
  }

  #renderOffer(bot: string | undefined): void {
    const { words } = this.#context();
    setHidden(this.#steps, !this.#offer);
    if (!this.#offer) {
      setAttribute(this.#open, "href", "https://t.me/");
      setText(this.#code, "");
      return;
    }
    const { code, url, expiresAtMs } = this.#offer;
    setAttribute(this.#open, "href", url);
    setText(this.#send, words.telegramSend(bot ?? ""));
    setText(this.#code, `/start ${code}`);
    setText(this.#until, words.telegramUntil(timeKst(expiresAtMs)));
  }

  async #askForCode(): Promise<void> {
    if (this.#link.disabled) return;
    this.#link.disabled = true;
    const { data } = this.#context();
    const linkedBeforeAtMs = data.get("telegram")?.linkedAtMs ?? null;
    const answer = await ask<v.InferOutput<typeof telegramOfferSchema>>("POST", "api/telegram/link", {});
    this.#link.disabled = false;
    this.#isLate = false;
    this.#refused = "refusal" in answer ? answer.refusal : undefined;
    if ("value" in answer) this.#offer = { ...answer.value, linkedBeforeAtMs };
    this.render();
    // A session that has ended is found out by reading.
    if (this.#refused) await data.load("telegram");
  }

  async #switchNotices(): Promise<void> {
    const context = this.#context();
    const { words, data } = context;
    const link = data.get("telegram");
    if (!link || this.#notices.disabled) return;
    this.#notices.disabled = true;
    this.#refused = await change(context, {
      ...{ method: "PUT", path: "api/telegram", body: { notifications: !link.notifications } },
      ...{ done: link.notifications ? words.telegramSilenced : words.telegramSpoken, parts: ["telegram"] },
    });
    this.#notices.disabled = false;
    this.render();
  }

  #askToUnlink(): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    dialog.open({
      ...{ title: words.telegramUnlinkTitle, words: words.telegramUnlinkWords, yes: words.telegramUnlink },
      language,
      onYes: async () => {
        const refusal = await change(context, {
          ...{ method: "DELETE", path: "api/telegram", done: words.telegramUnlinked, parts: ["telegram"] },
        });
        // It does not count any more either.
        if (!refusal) this.forget();
        return refusal;
      },
    });
  }
}

function wordsOf({ bot, linked, username, linkedAtMs }: Link, { words }: ViewContext): string {
  if (!linked) return bot === null ? words.telegramNotHere : words.telegramNone;
  const time = linkedAtMs === null ? undefined : dayTimeKst(linkedAtMs);
  return words.telegramLinked(username?.replace(/^@/, "") || undefined, time);
}
