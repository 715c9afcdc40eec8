// The guardian between slow rounds: a thousand accounts cannot be read in ten seconds at a venue that counts by address,
// all its mark prices can, in one request. Whoever is nearer to liquidation by them than his account last showed is
// looked at at once. A venue whose rounds are quick enough is not asked.

import { OVERSEAS_VENUES, type OverseasVenue, PAIRS } from "../../schema/vocabulary.ts";
import type { Session, SessionDeps } from "./session.ts";
import type { PositionWatch } from "./watch-positions.ts";

export class MarkWatch {
  constructor(
    private readonly deps: Pick<SessionDeps, "clock" | "log" | "market" | "marks">,
    private readonly session: Pick<Session, "known" | "term">,
    private readonly watch: Pick<PositionWatch, "guardAt" | "isSlow">,
    private readonly everyMs: number,
  ) {}

  /** Until the term is over. */
  async run(): Promise<void> {
    await Promise.all(OVERSEAS_VENUES.map((venue) => this.#follow(venue)));
  }

  async #follow(venue: OverseasVenue): Promise<void> {
    const { clock, log } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      await clock.sleep(this.everyMs, lost);
      if (lost.aborted || !this.watch.isSlow(venue)) continue;
      await this.#lookAt(venue).catch((error) =>
        log.warn("positions not held against mark prices", { venue, error }),
      );
    }
  }

  async #lookAt(venue: OverseasVenue): Promise<void> {
    const marks = await this.deps.marks?.(venue);
    if (!marks) return;
    const held = [...this.session.known.positions.values()].filter(
      ({ pair }) => PAIRS.find(({ key }) => key === pair)!.overseas === venue,
    );
    await this.watch.guardAt(held, ({ coin, pair }) => {
      const symbol = this.deps.market.facts(coin, pair)?.overseasSymbol;
      return symbol === undefined ? undefined : marks.get(symbol);
    });
  }
}
