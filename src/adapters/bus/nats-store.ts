// Storing a message in a stream exactly once, within a bounded time: tried again under the same id while the server
// is away, inside the stream's duplicate window. A bounded number of messages waits at a time.

import { type JetStreamClient, JetStreamError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { BusFault } from "../../domain/bus-fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { NatsLink } from "./nats-link.ts";
import { isUnattended, toBusFault } from "./nats-streams.ts";

const IN_THE_AIR_MAX = 1_024;
const ATTEMPT_MS = 2_000;
const RETRY_MS = 100;

export class StreamStore {
  #inTheAir = 0;

  constructor(
    private readonly link: NatsLink,
    private readonly jetstream: JetStreamClient,
    private readonly clock: Clock,
  ) {}

  /** Resolves once the server has confirmed it; rejects with a BusFault after `withinMs` at the latest. */
  async put(subject: string, id: string | undefined, bytes: Uint8Array, withinMs: number): Promise<void> {
    if (this.#inTheAir >= IN_THE_AIR_MAX) {
      throw new BusFault("passing", `${IN_THE_AIR_MAX} messages are waiting for the bus already`);
    }
    this.#inTheAir++;
    try {
      await this.#put(subject, id, bytes, this.clock.monotonicMs() + withinMs);
    } finally {
      this.#inTheAir--;
    }
  }

  async #put(subject: string, id: string | undefined, bytes: Uint8Array, untilMs: number): Promise<void> {
    const doing = `storing ${id ?? "a message"} on ${subject}`;
    for (;;) {
      const leftMs = untilMs - this.clock.monotonicMs();
      if (!this.link.up && !(leftMs > 0 && (await this.link.waitUp(leftMs)))) {
        throw new BusFault("passing", `${doing}: ${this.link.state().detail}`);
      }
      try {
        const timeout = Math.max(1, Math.min(ATTEMPT_MS, untilMs - this.clock.monotonicMs()));
        await this.jetstream.publish(subject, bytes, { timeout, ...(id !== undefined && { msgID: id }) });
        return;
      } catch (cause) {
        const again = isRepeatable(cause) && !this.link.closing;
        if (!again || this.clock.monotonicMs() + RETRY_MS >= untilMs) throw toBusFault(doing, cause);
        await this.link.pause(RETRY_MS);
      }
    }
  }
}

function isRepeatable(cause: unknown): boolean {
  if (isUnattended(cause) || cause instanceof errors.TimeoutError) return true;
  return cause instanceof errors.RequestError && !(cause instanceof JetStreamError);
}
