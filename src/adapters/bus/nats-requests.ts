// Questions and their answers on core NATS. Every process that serves a topic hears every question; the first answer
// counts, and who has none stays silent.

import { askSubject } from "../../../schema/messages/subjects.ts";
import type { Requests } from "../../ports/bus.ts";
import type { Log } from "../../ports/telemetry.ts";
import { messageOf, type NatsLink } from "./nats-link.ts";

export function natsRequests(link: NatsLink, log: Log): Requests {
  return {
    async ask(topic, bytes, withinMs) {
      const subject = askSubject(topic);
      if (!link.up || link.closing) return undefined;
      // Nobody there, too late, or the link went meanwhile: one to who asked.
      const answer = await link.connection
        .request(subject, bytes, { timeout: withinMs })
        .catch(() => undefined);
      return answer?.data;
    },

    async serve(topic, answer) {
      const subject = askSubject(topic);
      const subscription = link.connection.subscribe(subject, {
        callback: (error, message) => {
          if (error) return log.error("subscription refused", { subject, cause: error.message });
          answer(message.data)
            .then((bytes) => bytes && message.respond(bytes))
            .catch((cause) => log.warn("a question was not answered", { subject, cause: messageOf(cause) }));
        },
      });
      if (link.up) await link.connection.flush().catch(() => {});
      return async () => subscription.unsubscribe();
    },
  };
}
