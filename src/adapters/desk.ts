// The desk over a bus (src/ports/desk.ts). What is not a question is not answered, and what is no answer is none.

import { encodeDeskMessage, parseDeskAnswer, parseDeskQuestion } from "../../schema/messages/desk.ts";
import { DESK_TOPIC } from "../../schema/messages/subjects.ts";
import type { Requests } from "../ports/bus.ts";
import type { AnswerDesk, Desk } from "../ports/desk.ts";
import type { Log } from "../ports/telemetry.ts";
import { errorText } from "./telemetry/log.ts";

/** The desk itself ends after 5 s. */
const WITHIN_MS = 7_000;

export function createDesk(requests: Requests, log: Log): Desk {
  return {
    async ask(question) {
      const bytes = await requests.ask(DESK_TOPIC, encodeDeskMessage(question), WITHIN_MS);
      if (bytes === undefined) return undefined;
      try {
        return parseDeskAnswer(bytes);
      } catch (cause) {
        log.warn("the desk's answer cannot be read", { op: question.op, cause: errorText(cause) });
        return undefined;
      }
    },
  };
}

/** Returns the unsubscriber. */
export function serveDesk(requests: Requests, answer: AnswerDesk, log: Log): Promise<() => Promise<void>> {
  return requests.serve(DESK_TOPIC, async (bytes) => {
    let question: Parameters<AnswerDesk>[0];
    try {
      question = parseDeskQuestion(bytes);
    } catch (cause) {
      log.warn("a question to the desk cannot be read", { cause: errorText(cause) });
      return undefined;
    }
    const said = await answer(question);
    return said && encodeDeskMessage(said);
  });
}
