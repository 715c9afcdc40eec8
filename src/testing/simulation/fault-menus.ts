// What may go wrong at each step of a simulated run, the good outcome first: short menus for the exhaustive search,
// long ones for the seeded stories.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Fault, LookupView } from "../memory-venues/faults.ts";
import { SEND_CHOICES, type SendChoice, STORE_CHOICES, type StoreChoice } from "./life.ts";

/** As late as a venue would still take the request. */
const LATE_MS = { upbit: 60_000, bithumb: 15_000, bybit: 2_500, binance: 2_500 } as const;
const LAG_MS = 1_500;

const PLACE_FAULTS = {
  none: undefined,
  part: { fillRatio: 0.5 },
  nothing: { fillRatio: 0 },
  refused: { refuse: "funds" },
  limited: { refuse: "limited" },
  "reply-lost": { reply: "lost" },
  "request-lost": { request: "lost" },
  late: "late",
  twice: { twiceAfterMs: 1_200 },
  sliver: { fillRatio: 0.03 },
  nearly: { fillRatio: 0.99 },
  "refused-key": { refuse: "key" },
  "refused-clock": { refuse: "clock" },
  "refused-closed": { refuse: "closed" },
  "refused-price": { refuse: "price" },
  "refused-other": { refuse: "other" },
  unsent: { request: "unsent" },
  "request-reset": { request: "reset" },
  "reply-reset": { reply: "reset" },
  held: { holdMs: 2_000 },
  slow: { replyDelayMs: 1_500 },
  "part-reply-lost": { fillRatio: 0.4, reply: "lost" },
  "lag-absent": { lag: { as: "absent", forMs: LAG_MS }, reply: "lost" },
  "lag-open": { lag: { as: "open", forMs: LAG_MS } },
  "lag-fills": { lag: { as: "fills", forMs: LAG_MS } },
} as const satisfies Record<string, Fault | "late" | undefined>;
type PlaceFault = keyof typeof PLACE_FAULTS;

type LookupFault = "none" | LookupView | "fails" | "hangs";
type ReadFault = "none" | "fails" | "hangs";

export interface Menus {
  readonly store: readonly StoreChoice[];
  readonly send: readonly SendChoice[];
  readonly place: readonly PlaceFault[];
  readonly lookup: readonly LookupFault[];
  readonly read: readonly ReadFault[];
}

export const SHORT_MENUS: Menus = {
  store: STORE_CHOICES,
  send: SEND_CHOICES,
  place: ["none", "part", "nothing", "refused", "limited", "reply-lost", "request-lost", "late", "twice"],
  lookup: ["none", "absent", "open", "fails"],
  read: ["none", "fails"],
};

/**
 * Without the crashes that leave store and venues as another one does: before a write, or before an order is sent, they
 * are as after whatever was written or sent last.
 */
export const MERGED_MENUS: Menus = {
  ...SHORT_MENUS,
  store: STORE_CHOICES.filter((choice) => choice !== "crash-before"),
  send: SEND_CHOICES.filter((choice) => choice !== "crash-unsent"),
};

export const LONG_MENUS: Menus = {
  store: [...STORE_CHOICES, "away-after", "freeze"],
  send: [...SEND_CHOICES, "freeze"],
  place: Object.keys(PLACE_FAULTS) as PlaceFault[],
  lookup: ["none", "absent", "open", "fails", "hangs", "not-ready", "early", "fills"],
  read: ["none", "fails", "hangs"],
};

/**
 * Binance's ids are unique among open orders only: a request its network delivered twice executes twice, whatever a
 * client does. It is left out there, and found by reconciliation.
 */
export function placeMenu(menu: readonly PlaceFault[], venue: Venue): readonly PlaceFault[] {
  return venue === "binance" ? menu.filter((fault) => fault !== "twice") : menu;
}

export function placeFault(fault: PlaceFault, venue: Venue): Fault | undefined {
  const found = PLACE_FAULTS[fault];
  return found === "late" ? { lateMs: LATE_MS[venue] } : found;
}

export function lookupFault(fault: LookupFault): Fault | undefined {
  if (fault === "none") return undefined;
  return fault === "fails" || fault === "hangs" ? { read: fault } : { view: fault };
}
