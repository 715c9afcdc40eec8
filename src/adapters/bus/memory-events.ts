// Users' events in memory, with the manners of the stream on NATS: the newest of each user are kept for a while, and a
// place behind which something has gone is not continued.

import { type EventOwner, eventSubject, type StreamPlan } from "../../../schema/messages/subjects.ts";
import type { UserEventListener, UserEventStream } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import { parsePlace, placeOf } from "./event-place.ts";
import { SeenIds } from "./seen-ids.ts";

interface StoredEvent {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

interface OfOwner {
  readonly events: StoredEvent[];
  /** The newest that has gone. */
  goneSequence: number;
  readonly listeners: Set<UserEventListener>;
}

export class MemoryEvents implements UserEventStream {
  readonly #owners = new Map<string, OfOwner>();
  readonly #seen: SeenIds;
  readonly #madeAtMs: number;
  #lastSequence = 0;

  /** `planOr` throws a BusFault while there is no stream. */
  constructor(
    private readonly clock: Clock,
    private readonly planOr: (doing: string) => StreamPlan,
  ) {
    this.#seen = new SeenIds(clock);
    this.#madeAtMs = clock.nowMs();
  }

  async publish(owner: EventOwner, id: string, bytes: Uint8Array): Promise<void> {
    const plan = this.planOr(`storing ${id}`);
    const of = this.#of(owner);
    if (!this.#seen.add(id, plan.duplicateWindowMs)) return;
    const event = { sequence: ++this.#lastSequence, bytes, atMs: this.clock.nowMs() };
    of.events.push(event);
    this.#drop(of, plan);
    for (const listener of of.listeners) this.#tell(of, listener, event);
  }

  async subscribe(owner: EventOwner, after: string | undefined, listener: UserEventListener) {
    const plan = this.planOr("reading events");
    const of = this.#of(owner);
    this.#drop(of, plan);
    const place = after === undefined ? undefined : parsePlace(after);
    const isKnown =
      place !== undefined &&
      place.madeAtMs === this.#madeAtMs &&
      place.sequence <= this.#lastSequence &&
      place.sequence >= of.goneSequence;
    const sequence = isKnown ? place.sequence : this.#lastSequence;
    // One function may listen twice: `own` stands for this one subscription.
    const own: UserEventListener = {
      onPlace: (at, missed) => listener.onPlace(at, missed),
      onEvent: (bytes, at) => listener.onEvent(bytes, at),
    };
    own.onPlace(placeOf(this.#madeAtMs, sequence), after !== undefined && !isKnown);
    for (const event of of.events) {
      if (event.sequence > sequence) own.onEvent(event.bytes, placeOf(this.#madeAtMs, event.sequence));
    }
    of.listeners.add(own);
    return async () => void of.listeners.delete(own);
  }

  #of(owner: EventOwner): OfOwner {
    const subject = eventSubject(owner);
    const of = this.#owners.get(subject) ?? { events: [], goneSequence: 0, listeners: new Set() };
    this.#owners.set(subject, of);
    return of;
  }

  #drop(of: OfOwner, { maxAgeMs, maxMessagesPerSubject = Number.POSITIVE_INFINITY }: StreamPlan): void {
    const { events } = of;
    const isOld = ({ atMs }: StoredEvent) => this.clock.nowMs() - atMs >= maxAgeMs;
    while (events[0] && (events.length > maxMessagesPerSubject || isOld(events[0]))) {
      of.goneSequence = events.shift()!.sequence;
    }
  }

  #tell(of: OfOwner, listener: UserEventListener, { bytes, sequence }: StoredEvent): void {
    queueMicrotask(() => {
      if (of.listeners.has(listener)) listener.onEvent(bytes, placeOf(this.#madeAtMs, sequence));
    });
  }
}
