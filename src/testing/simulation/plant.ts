// Defects planted into the code under test from outside, to see that the simulation finds them: each is one that a
// trading program has lost money by. Nothing is planted in an ordinary run.

import { nextEntryStep } from "../../domain/entry-steps.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Journal } from "../../ports/journal.ts";
import type { PlaceOutcome, TradingVenue } from "../../ports/trading-venue.ts";
import type { RunDeps } from "../../trading/run-entry.ts";

export interface Plant {
  readonly venue?: <V extends TradingVenue>(venue: V) => V;
  readonly journal?: (journal: Journal, clock: Clock) => Journal;
  readonly nextEntryStep?: NonNullable<RunDeps["nextEntryStep"]>;
}

const LATE_ROW_MS = 400;

/** An order whose outcome is not known is sent again at once, under an id of its own. */
const resendOnTimeout: Plant = {
  venue: (venue) =>
    overriding(venue, {
      place: async (
        ...[order, timeoutMs, options]: Parameters<TradingVenue["place"]>
      ): Promise<PlaceOutcome> => {
        const outcome = await venue.place(order, timeoutMs, options);
        if (outcome.kind !== "unknown") return outcome;
        const clientOrderId = order.clientOrderId.replace(/\d+$/, (attempt) => `${Number(attempt) + 1}`);
        return await venue.place({ ...order, clientOrderId }, timeoutMs, options);
      },
    }),
};

/** Orders leave first, and their rows are written a moment later. */
const orderBeforeItsRow: Plant = {
  journal: (journal, clock) =>
    overriding(journal, {
      move: async (...args: Parameters<Journal["move"]>) => {
        void clock.sleep(LATE_ROW_MS).then(() => journal.move(...args).catch(() => undefined));
      },
      addOrders: async (...args: Parameters<Journal["addOrders"]>) => {
        void clock.sleep(LATE_ROW_MS).then(() => journal.addOrders(...args).catch(() => undefined));
      },
    }),
};

/** What was asked for is hedged, whatever was filled. */
const hedgeOfTheRequested: Plant = {
  nextEntryStep: (view, nowMs) => {
    const orders = view.orders.map((order) =>
      order.purpose === "buy" && order.filledQty.isPositive ? { ...order, filledQty: order.qty } : order,
    );
    return nextEntryStep({ ...view, orders }, nowMs);
  },
};

export const PLANTS = {
  "resends an order whose outcome is not known": resendOnTimeout,
  "sends an order before its row": orderBeforeItsRow,
  "hedges what was requested instead of what was filled": hedgeOfTheRequested,
} as const satisfies Record<string, Plant>;

function overriding<T extends object>(target: T, methods: object): T {
  return new Proxy(target, {
    get: (object, name) => {
      const own = (methods as Record<string | symbol, unknown>)[name];
      if (own !== undefined) return own;
      const member = (object as Record<string | symbol, unknown>)[name];
      return typeof member === "function" ? member.bind(object) : member;
    },
  });
}
