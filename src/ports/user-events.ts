// The way out for what users are told of their trading (schema/messages/user-event.ts). Body:
// scheduler/user-event-outbox.ts.

import type { UserEvent } from "../../schema/messages/user-event.ts";

export interface UserEventSink {
  /** Returns at once: never throws, never waits, keeps only so much. Nothing may depend on an event's arrival. */
  tell(event: UserEvent): void;
}
