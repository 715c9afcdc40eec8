// Tells operators what happens to the service around the scheduler: database, bus, exchanges, the reference price lost
// and back. It looks once a second at what the stages know anyway; nothing waits for it. Of two schedulers the one that
// leads tells.
//
// States of each part: well -> missing (since when) -> told, once it has been missing for long enough -> back, told too.

import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import type { ServiceAlert } from "../domain/notice.ts";
import type { Clock } from "../ports/clock.ts";
import type { Notifier } from "../ports/notifier.ts";

interface Link {
  readonly up: boolean;
  readonly detail: string;
}

export interface ServiceWatchParts {
  readonly clock: Clock;
  readonly notifier: Notifier;
  readonly leads: () => boolean;
  readonly links: () => { readonly bus: Link; readonly database: Link };
  /** Answers of the venues since the start, by "venue outcome". */
  readonly fetches: () => ReadonlyMap<string, number>;
  /** Whether there is a reference price now. */
  readonly hasReference: () => boolean;
}

const LOOK_EVERY_MS = 1_000;
/** Passing trouble heals by itself within this. */
const LINK_MISSING_MS = 15_000;
/** Two ticks of the longest length. */
const QUOTES_MISSING_MS = 60_000;

interface Missing {
  readonly sinceMs: number;
  isTold: boolean;
}
interface Look {
  readonly name: string;
  readonly isWell: boolean;
  readonly detail: string;
  readonly words: { readonly lost: ServiceAlert; readonly back: ServiceAlert };
  readonly afterMs: number;
}

export class ServiceWatch {
  readonly #missing = new Map<string, Missing>();
  readonly #venues = new Map<Venue, { isWell: boolean; answers: ReadonlyMap<string, number> }>();

  constructor(private readonly parts: ServiceWatchParts) {}

  /** Resolves once `over` is aborted. */
  async run(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      this.#lookAtAll();
      await this.parts.clock.sleep(LOOK_EVERY_MS, over);
    }
  }

  #lookAtAll(): void {
    if (!this.parts.leads()) {
      this.#missing.clear();
      return;
    }
    const { bus, database } = this.parts.links();
    const looks: Look[] = [
      {
        ...{ name: "database", isWell: database.up, detail: database.detail, afterMs: LINK_MISSING_MS },
        words: { lost: "store-lost", back: "store-back" },
      },
      {
        ...{ name: "bus", isWell: bus.up, detail: bus.detail, afterMs: LINK_MISSING_MS },
        words: { lost: "bus-lost", back: "bus-back" },
      },
      {
        ...{ name: "reference", isWell: this.parts.hasReference(), afterMs: QUOTES_MISSING_MS },
        ...{ detail: "KRW-USDT", words: { lost: "reference-void", back: "reference-back" } },
      },
      ...VENUES.map((venue) => this.#lookAtVenue(venue)),
    ];
    for (const look of looks) this.#judge(look);
  }

  /** Well while something of what it is asked is answered; without a question it is as it was. */
  #lookAtVenue(venue: Venue): Look {
    const answers = new Map([...this.parts.fetches()].filter(([key]) => key.startsWith(`${venue} `)));
    const seen = this.#venues.get(venue) ?? { isWell: true, answers: new Map<string, number>() };
    const grown = [...answers].filter(([key, count]) => count > (seen.answers.get(key) ?? 0));
    const isWell = grown.length === 0 ? seen.isWell : grown.some(([key]) => key === `${venue} ok`);
    this.#venues.set(venue, { isWell, answers });
    const why = grown.map(([key]) => key.slice(venue.length + 1)).join(", ");
    const words = { lost: "venue-lost", back: "venue-back" } as const;
    return {
      name: venue,
      isWell,
      detail: why ? `${venue}: ${why}` : venue,
      words,
      afterMs: QUOTES_MISSING_MS,
    };
  }

  #judge({ name, isWell, detail, words, afterMs }: Look): void {
    const nowMs = this.parts.clock.monotonicMs();
    const missing = this.#missing.get(name);
    if (isWell) {
      this.#missing.delete(name);
      if (missing?.isTold) this.#tell(words.back, detail, name);
    } else if (!missing) this.#missing.set(name, { sinceMs: nowMs, isTold: false });
    else if (!missing.isTold && nowMs - missing.sinceMs >= afterMs) {
      missing.isTold = true;
      this.#tell(words.lost, detail, name);
    }
  }

  #tell(what: ServiceAlert, detail: string, name: string): void {
    const { clock, notifier } = this.parts;
    notifier.tell({
      ...{ audience: "operator", notice: { kind: "service", what, detail }, atMs: clock.nowMs() },
      dedupeKey: `service ${what} ${name}`,
    });
  }
}
