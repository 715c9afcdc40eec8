// Events of users on their way to the bus, off the trading path: `tell` puts one into a bounded queue and a loop of its
// own stores them in order. While the bus is away the oldest go first; they are counted, and their users are told that
// some were missed before anything else they are told.

import { randomUUID } from "node:crypto";
import { encodeUserEvent, type UserEvent } from "../../schema/messages/user-event.ts";
import type { UserEventStream } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/telemetry.ts";
import type { UserEventSink } from "../ports/user-events.ts";

const WAITING_MAX = 10_000;
/** After a failure, so that a bus which refuses at once is not asked without end. */
const PAUSE_MS = 1_000;
const STOP_MS = 1_000;

export class UserEventOutbox implements UserEventSink {
  #waiting: UserEvent[] = [];
  /** Users whose events were lost, with the mode of the last. */
  readonly #missed = new Map<number, UserEvent["mode"]>();
  readonly #life = randomUUID();
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #sentCount = 0;
  #storedCount = 0;
  #lostCount = 0;
  /** Of those lost, how many the log knows are over; undefined while none are being lost. */
  #lostBefore: number | undefined;
  #isStopping = false;

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly log: Log;
      readonly stream: Pick<UserEventStream, "publish">;
      readonly waitingMax?: number;
    },
  ) {
    this.#running = this.#run();
  }

  get counts(): { readonly stored: number; readonly lost: number; readonly waiting: number } {
    return { stored: this.#storedCount, lost: this.#lostCount, waiting: this.#waiting.length };
  }

  tell(event: UserEvent): void {
    if (this.#isStopping) return;
    this.#waiting.push(event);
    if (this.#waiting.length > (this.deps.waitingMax ?? WAITING_MAX)) this.#lose(this.#waiting.shift()!);
    this.#wake.resolve();
  }

  /** Sends what it can for a second, then drops the rest. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake.resolve();
    await Promise.race([this.#running, this.deps.clock.sleep(STOP_MS, this.#ended.signal)]);
    this.#ended.abort();
  }

  #lose({ userId, mode }: UserEvent): void {
    this.#lostBefore ??= this.#lostCount;
    this.#lostCount++;
    this.#missed.set(userId, mode);
  }

  async #run(): Promise<void> {
    const { clock, log } = this.deps;
    const { signal } = this.#ended;
    let said = false;
    while (!signal.aborted) {
      const event = this.#waiting.shift();
      if (!event) {
        if (this.#isStopping) break;
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
        continue;
      }
      try {
        await this.#tellMissed(event.userId);
        await this.#store(event);
        if (this.#lostBefore !== undefined) await this.#recovered();
        said = false;
      } catch (cause) {
        this.#lose(event);
        if (!said) log.warn("events of users are lost", { cause });
        said = true;
        await clock.sleep(PAUSE_MS, signal);
      }
    }
    this.#ended.abort();
  }

  /** A user who is told nothing more would never hear of it. */
  async #recovered(): Promise<void> {
    for (const userId of [...this.#missed.keys()]) await this.#tellMissed(userId);
    this.deps.log.info("events of users are told again", { lostCount: this.#lostCount - this.#lostBefore! });
    this.#lostBefore = undefined;
  }

  async #tellMissed(userId: number): Promise<void> {
    const mode = this.#missed.get(userId);
    if (mode === undefined) return;
    await this.#store({ kind: "reset", mode, userId, atMs: this.deps.clock.nowMs() });
    this.#missed.delete(userId);
  }

  async #store(event: UserEvent): Promise<void> {
    const id = `${this.#life}.${this.#sentCount++}`;
    await this.deps.stream.publish(event, id, encodeUserEvent(event));
    this.#storedCount++;
  }
}
