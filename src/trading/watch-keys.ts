// What users' keys lack, asked of the venues in turn and told in words: permissions, address lists, validity. One user
// after the other, so that no budget notices; what was told once is told again only when it changes. Live only.

import { DOMESTIC_VENUES, OVERSEAS_VENUES } from "../../schema/vocabulary.ts";
import { keyFindingWords } from "../domain/key-finding.ts";
import type { TradingVenue } from "../ports/trading-venue.ts";
import type { Session, SessionDeps } from "./session.ts";

const FIRST_AFTER_MS = 30_000;
const BETWEEN_USERS_MS = 500;
const AGAIN_AFTER_MS = 6 * 3_600_000;
const IDLE_MS = 10_000;

export class KeyWatch {
  /** By user and venue: what was told. */
  readonly #told = new Map<string, string>();
  readonly #askedAtMs = new Map<number, number>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly session: Session,
  ) {}

  /** Until the term is over. */
  async run(): Promise<void> {
    const { clock, mode } = this.deps;
    const { lost } = this.session.term;
    if (mode !== "live") return;
    await clock.sleep(FIRST_AFTER_MS, lost);
    while (!lost.aborted) {
      for (const { userId } of this.session.known.traders) {
        if (lost.aborted) return;
        const askedAtMs = this.#askedAtMs.get(userId);
        if (askedAtMs !== undefined && clock.nowMs() - askedAtMs < AGAIN_AFTER_MS) continue;
        this.#askedAtMs.set(userId, clock.nowMs());
        await this.lookAt(userId);
        await clock.sleep(BETWEEN_USERS_MS, lost);
      }
      await clock.sleep(IDLE_MS, lost);
    }
  }

  async lookAt(userId: number): Promise<void> {
    const { venues } = this.deps;
    const opened = await Promise.all([
      ...DOMESTIC_VENUES.map((venue) => venues.domestic(userId, venue)),
      ...OVERSEAS_VENUES.map((venue) => venues.overseas(userId, venue)),
    ]).catch(() => []);
    for (const venue of opened) if (venue) await this.#askVenue(userId, venue);
  }

  async #askVenue(userId: number, venue: TradingVenue): Promise<void> {
    const { clock, log, notifier } = this.deps;
    const key = `${userId} ${venue.venue}`;
    try {
      const faults = await venue.keyFaults();
      const text = faults.map((fault) => keyFindingWords(fault, "en")).join("; ");
      if (text === (this.#told.get(key) ?? "")) return;
      this.#told.set(key, text);
      if (faults.length === 0) return;
      log.warn("a key lacks something", { userId, venue: venue.venue, faults: text });
      notifier.tell({
        audience: { userId },
        notice: { kind: "key-fault", venue: venue.venue, faults },
        atMs: clock.nowMs(),
        dedupeKey: `key ${key}`,
      });
    } catch (error) {
      log.debug("a key was not looked at", { userId, venue: venue.venue, error });
    }
  }
}
