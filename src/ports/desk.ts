// What only the scheduler that leads can say, for the api to ask. It has the venues; the api has none. Body:
// adapters/desk.ts, over whichever bus.

import type { DeskAnswer, DeskQuestion } from "../../schema/messages/desk.ts";

export type { DeskAnswer, DeskQuestion };

export interface Desk {
  /** Undefined: no scheduler answered in time. Never rejects. */
  ask(question: DeskQuestion): Promise<DeskAnswer | undefined>;
}

/** The other side. Resolves with undefined to stay silent: another scheduler leads. Must not reject. */
export type AnswerDesk = (question: DeskQuestion) => Promise<DeskAnswer | undefined>;
