// What every view of the account is given: words, data, and the ways to ask, to tell and to do.

import type { Language } from "../../../src/web/format.ts";
import { ask, type Refusal } from "./ask.ts";
import type { AskDialog } from "./ask-dialog.ts";
import type { AccountData, PartName, Parts } from "./data.ts";
import { refusalWords } from "./refusal-words.ts";
import type { AccountWords } from "./words.ts";

/** A position or a row of the history; exchanges as stored in Karbit: UPBIT. */
export interface ChartOf {
  readonly coin: string;
  readonly domestic: string;
  readonly overseas: string;
  readonly sizeKrw: string;
}

export interface ViewContext {
  readonly words: AccountWords;
  readonly language: Language;
  readonly mode: "paper" | "live";
  readonly data: AccountData;
  readonly dialog: AskDialog;
  readonly nowMs: number;
  /** Opens the chart of a coin's rates; undefined: there is none, or the pair is none of ours. */
  readonly chartOf: (what: ChartOf) => (() => void) | undefined;
  /** Says what was done. */
  readonly tell: (text: string) => void;
}

/** Why a part is not there, or is an old one; undefined: it was read. */
export function unreadText({ data, words, language }: ViewContext, name: PartName): string | undefined {
  const refusal = data.refusal(name);
  return refusal && words.unread(refusalWords(refusal, language));
}

/** Does something and reads the parts it changes anew; says what was done, or gives back why not. */
export async function change(
  { data, tell }: Pick<ViewContext, "data" | "tell">,
  deed: {
    readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
    readonly path: string;
    readonly body?: unknown;
    readonly onceKey?: string;
    readonly done: string;
    readonly parts: readonly PartName[];
  },
): Promise<Refusal | undefined> {
  const answer = await ask<unknown>(deed.method, deed.path, deed);
  if ("refusal" in answer) {
    // The session has ended: reading finds that out, too, and the log-in is back.
    if (answer.refusal.status === 401) await data.load(...deed.parts);
    return answer.refusal;
  }
  tell(deed.done);
  await data.load(...deed.parts);
  return undefined;
}

export type Part<Name extends PartName> = Parts[Name];
