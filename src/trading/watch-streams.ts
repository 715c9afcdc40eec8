// What the venues tell by themselves of accounts that hold a position: a reason to look at once instead of at the next
// round. Nothing is taken from what they tell; the look is the one of the rounds (watch-positions, watch-orders), and
// without a stream the rounds are all there is.
//
// Per account (user and venue): followed from the first round that looks at it until no position is held there any more,
// anew when the key is another. Orders of ours are no news: who sends one looks it up. Per user: looked at twice, for a difference is
// believed when it was seen twice, then not for a while however much is told.

import { PAIRS } from "../../schema/vocabulary.ts";
import { isOwnOrderId } from "../domain/intent.ts";
import type { AccountNews, TradingVenue } from "../ports/trading-venue.ts";
import type { Legs } from "./run-order.ts";
import type { Session, SessionDeps } from "./session.ts";
import type { OrderWatch } from "./watch-orders.ts";
import { type PositionWatch, SEEN_APART_MS } from "./watch-positions.ts";

const ROUND_MS = 5_000;
/** Several messages tell one thing. */
const SETTLE_MS = 300;
const REST_MS = 3_000;
/** Each is a connection and its memory; the other accounts have the rounds. */
const STREAMS_PER_VENUE_MAX = 300;

interface Followed {
  readonly venue: TradingVenue;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly seen: { readonly isConnected: boolean };
}

export class StreamWatch {
  /** By user and venue. */
  readonly #followed = new Map<string, Followed>();
  /** By user: whether more was told during the look. */
  readonly #looking = new Map<number, boolean>();
  readonly #work = new Set<Promise<void>>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly session: Session,
    /** Asked when something was told. */
    private readonly watches: () => {
      readonly positions: Pick<PositionWatch, "lookAtUser">;
      readonly orders: Pick<OrderWatch, "lookAtUser">;
    },
  ) {}

  /** Accounts followed, by "venue connected" and "venue waiting". */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { venue, seen } of this.#followed.values()) {
      const key = `${venue.venue} ${seen.isConnected ? "connected" : "waiting"}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  /** Until the term is over. */
  async run(): Promise<void> {
    const { clock } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      await clock.sleep(ROUND_MS, lost);
      this.#letGo();
    }
    for (const { stop } of this.#followed.values()) stop.abort();
    await Promise.all([...this.#followed.values()].map(({ ended }) => ended));
    await Promise.all(this.#work);
  }

  /** The venues of a user who holds a position there, as a round has just opened them. Never waits. */
  onLegs(userId: number, { domestic, overseas }: Legs): void {
    for (const venue of [domestic, overseas]) this.#follow(userId, venue);
  }

  #letGo(): void {
    const held = new Set(
      [...this.session.known.positions.values()].flatMap(({ userId, pair }) => {
        const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
        return [`${userId} ${domestic}`, `${userId} ${overseas}`];
      }),
    );
    for (const [key, { stop }] of this.#followed) {
      if (held.has(key)) continue;
      stop.abort();
      this.#followed.delete(key);
    }
  }

  #follow(userId: number, venue: TradingVenue): void {
    // A paper account is ours alone, and has none.
    if (!venue.follow || this.session.term.isOver) return;
    const key = `${userId} ${venue.venue}`;
    const before = this.#followed.get(key);
    if (before?.venue === venue) return;
    const others = [...this.#followed.values()].filter((followed) => followed.venue.venue === venue.venue);
    if (!before && others.length >= STREAMS_PER_VENUE_MAX) return;
    before?.stop.abort();
    const stop = new AbortController();
    const seen = { isConnected: false, isFirst: true };
    const onNews = (news: AccountNews) => {
      seen.isConnected = news.kind !== "lost";
      // What came before the first connection the rounds have seen.
      const isFirst = news.kind === "connected" && seen.isFirst;
      if (news.kind === "connected") seen.isFirst = false;
      if (!isFirst && isNews(news) && !stop.signal.aborted) this.#look(userId);
    };
    const ended = venue.follow(onNews, stop.signal);
    this.#followed.set(key, { venue, stop, ended, seen });
  }

  #look(userId: number): void {
    if (this.#looking.has(userId)) {
      this.#looking.set(userId, true);
      return;
    }
    const work = this.#lookNow(userId)
      .catch((error) => this.deps.log.error("looking at a user failed", { userId, error }))
      .finally(() => {
        this.#looking.delete(userId);
        this.#work.delete(work);
      });
    this.#work.add(work);
  }

  async #lookNow(userId: number): Promise<void> {
    const { clock } = this.deps;
    const { lost } = this.session.term;
    const { positions, orders } = this.watches();
    do {
      this.#looking.set(userId, false);
      await clock.sleep(SETTLE_MS, lost);
      if (!lost.aborted) await Promise.all([positions.lookAtUser(userId), orders.lookAtUser(userId)]);
      await clock.sleep(SEEN_APART_MS, lost);
      if (!lost.aborted) await positions.lookAtUser(userId);
      await clock.sleep(REST_MS, lost);
    } while (this.#looking.get(userId) && !lost.aborted);
  }
}

function isNews(news: AccountNews): boolean {
  if (news.kind === "order") return news.clientOrderId === undefined || !isOwnOrderId(news.clientOrderId);
  return news.kind !== "lost";
}
