// Logging in, and where the server allows it signing up. The password goes to the api and nowhere else.

import { byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import type { Language } from "../../../src/web/format.ts";
import { ask } from "./ask.ts";
import { refusalWords } from "./refusal-words.ts";
import type { AccountWords } from "./words.ts";

export interface Me {
  readonly userId: number;
  readonly email: string;
  readonly name: string | null;
}

export interface SignInContext {
  readonly words: AccountWords;
  readonly language: Language;
  readonly signUp: boolean;
  /** Said above the form; undefined: nothing. */
  readonly note: string | undefined;
}

export class SignInView {
  readonly #context: () => SignInContext;
  readonly #onSignedIn: (me: Me) => void;
  readonly #form = byId("sign-in-form", HTMLFormElement);
  readonly #title = byId("sign-in-title", HTMLHeadingElement);
  readonly #note = byId("sign-in-note", HTMLParagraphElement);
  readonly #name = byId("sign-up-name", HTMLLabelElement);
  readonly #hint = byId("sign-up-hint", HTMLElement);
  readonly #refusal = this.#form.querySelector<HTMLParagraphElement>(".refusal")!;
  readonly #go = byId("sign-in-go", HTMLButtonElement);
  readonly #other = byId("sign-in-other", HTMLButtonElement);
  readonly #password = this.#form.querySelector<HTMLInputElement>("input[name=password]")!;
  #isSigningUp = false;

  constructor(context: () => SignInContext, onSignedIn: (me: Me) => void) {
    this.#context = context;
    this.#onSignedIn = onSignedIn;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#other.addEventListener("click", () => {
      this.#isSigningUp = !this.#isSigningUp;
      setHidden(this.#refusal, true);
      this.render();
      this.#form.querySelector<HTMLInputElement>("input[name=email]")!.focus();
    });
  }

  render(): void {
    const { words, signUp, note } = this.#context();
    const isNew = signUp && this.#isSigningUp;
    setText(this.#title, isNew ? words.signUp : words.signIn);
    setText(this.#go, isNew ? words.signUp : words.signIn);
    setText(this.#note, note ?? "");
    setHidden(this.#note, note === undefined);
    setHidden(this.#name, !isNew);
    setHidden(this.#hint, !isNew);
    setHidden(this.#other, !signUp);
    setText(this.#other, isNew ? words.toSignIn : words.toSignUp);
    setAttribute(this.#password, "autocomplete", isNew ? "new-password" : "current-password");
  }

  async #send(): Promise<void> {
    if (this.#go.disabled) return;
    const { signUp, language } = this.#context();
    const isNew = signUp && this.#isSigningUp;
    const given = new FormData(this.#form);
    const text = (name: string) => String(given.get(name) ?? "");
    const credentials = { email: text("email").trim(), password: text("password") };
    this.#go.disabled = true;
    const answer = isNew
      ? await ask<{ account: Me }>("POST", "api/account", {
          body: { ...credentials, name: text("name").trim() || null },
        })
      : await ask<{ account: Me }>("POST", "api/session", { body: credentials });
    this.#go.disabled = false;
    if ("refusal" in answer) {
      setText(this.#refusal, refusalWords(answer.refusal, language));
      setHidden(this.#refusal, false);
      this.#password.select();
      return;
    }
    setHidden(this.#refusal, true);
    this.#form.reset();
    this.#isSigningUp = false;
    this.#onSignedIn(answer.value.account);
  }
}
