// Orders that are open where a position is held (specification 6). Ours never rest: while nothing of the coin runs, one of
// ours that is open is a difference nobody can explain, which stops that user's entries and is told. One of the user's own
// is left alone, and no entries are added to the coin while it is there; exits go on.

import { isOwnOrderId } from "../domain/intent.ts";
import type { Trouble } from "../domain/notice-words.ts";
import type { OpenPosition } from "../ports/journal.ts";
import { type VenueOrderState, VenueReadFault } from "../ports/trading-venue.ts";
import { userCoin } from "./engine-state.ts";
import { countOne } from "./figures.ts";
import type { Session, SessionDeps } from "./session.ts";

/** Each position so often at the rarest; two reads each, which no budget notices. */
const AGAIN_AFTER_MS = 240_000;
const ROUND_MS = 15_000;
const SIDE_BY_SIDE = 4;
/** An order of ours may be seen in the moment before it is done. */
const SEEN_AGAIN_MS = 2_000;

export class OrderWatch {
  readonly #lookedAtMs = new Map<number, number>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly session: Session,
  ) {}

  /** Until the term is over. */
  async run(): Promise<void> {
    const { clock, log } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      await clock.sleep(ROUND_MS, lost);
      if (!lost.aborted) await this.#round().catch((error) => log.error("watching orders failed", { error }));
    }
  }

  /** Whether or not it is their turn. */
  async lookAtAll(): Promise<void> {
    this.#lookedAtMs.clear();
    await this.#round();
  }

  /** Whether or not it is this user's turn. */
  async lookAtUser(userId: number): Promise<void> {
    for (const position of this.session.known.positions.values()) {
      if (position.userId === userId && !this.session.term.isOver) await this.#lookAt(position);
    }
  }

  async #round(): Promise<void> {
    const { known, term } = this.session;
    const nowMs = this.deps.clock.nowMs();
    const open = [...known.positions.values()];
    const ids = new Set(open.map(({ positionId }) => positionId));
    for (const id of this.#lookedAtMs.keys()) if (!ids.has(id)) this.#lookedAtMs.delete(id);
    const due = open.filter(({ positionId }) => {
      return nowMs - (this.#lookedAtMs.get(positionId) ?? Number.NEGATIVE_INFINITY) >= AGAIN_AFTER_MS;
    });
    for (let from = 0; from < due.length && !term.isOver; from += SIDE_BY_SIDE) {
      await Promise.all(due.slice(from, from + SIDE_BY_SIDE).map((position) => this.#lookAt(position)));
    }
  }

  async #lookAt(position: OpenPosition): Promise<void> {
    const { clock, log } = this.deps;
    const { userId, coin, pair, positionId } = position;
    this.#lookedAtMs.set(positionId, clock.nowMs());
    try {
      const first = await this.#openOrders(position);
      if (!first) return;
      this.#noteForeign(position, first);
      if (ownOf(first).length === 0) return;
      countOne(this.deps.counts?.findings, "own-order seen");
      await clock.sleep(SEEN_AGAIN_MS, this.session.term.lost);
      const second = await this.#openOrders(position);
      const still = second && ownOf(second).filter((id) => ownOf(first).includes(id));
      if (still && still.length > 0) {
        countOne(this.deps.counts?.findings, "own-order confirmed");
        const detail = `${"own-order-open" satisfies Trouble}: ${still.join(", ")}`;
        this.session.openIncident("unknown-difference", { userId, coin }, detail);
      }
    } catch (error) {
      if (!(error instanceof VenueReadFault)) throw error;
      // Asked again at once when the venue is back.
      this.#lookedAtMs.delete(positionId);
      log.debug("open orders not seen", { userId, coin, pair, error });
    }
  }

  /** Of both legs; undefined when something of the coin runs, for then it may be what runs, or when there is no key. */
  async #openOrders({ userId, coin, pair }: OpenPosition): Promise<readonly VenueOrderState[] | undefined> {
    const { known, accounts, term } = this.session;
    const key = userCoin(userId, coin);
    const facts = this.deps.market.facts(coin, pair);
    if (known.running.has(key) || !facts || term.isOver) return undefined;
    const legs = await accounts.legs(userId, pair);
    if (!legs) return undefined;
    const [home, abroad] = await Promise.all([
      legs.domestic.openOrders(facts.domesticSymbol),
      legs.overseas.openOrders(facts.overseasSymbol),
    ]);
    return known.running.has(key) ? undefined : [...home, ...abroad];
  }

  #noteForeign({ userId, coin }: OpenPosition, orders: readonly VenueOrderState[]): void {
    const { heldByHand } = this.session.known;
    const key = userCoin(userId, coin);
    const isThere = orders.some(({ clientOrderId }) => !isOwnOrderId(clientOrderId));
    if (!isThere) {
      if (heldByHand.get(key) === "orders") heldByHand.delete(key);
      return;
    }
    if (heldByHand.has(key)) return;
    heldByHand.set(key, "orders");
    countOne(this.deps.counts?.findings, "foreign-order confirmed");
    this.deps.log.info("the user's own orders are open in a coin: no entries", { userId, coin });
  }
}

function ownOf(orders: readonly VenueOrderState[]): string[] {
  return orders.map(({ clientOrderId }) => clientOrderId).filter(isOwnOrderId);
}
