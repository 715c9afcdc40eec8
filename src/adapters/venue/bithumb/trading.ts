// Bithumb (API 2.0) as a trading venue: own signed requests; ccxt rounds its amounts and hides its error names
// (docs/trading-venues.md). Limits are counted per address over all accounts, by category.

import { krwPriceIncrement } from "../krw-ticks.ts";
import type { KrwDialect } from "../krw-trading.ts";
import { krwPublic, parseLastPrice } from "../upbit/trading.ts";

/** Requests per second and address for orders, and for everything else signed. https://apidocs.bithumb.com */
export const BITHUMB_ADDRESS_LIMITS = {
  order: [{ capacity: 140, windowMs: 1_000 }],
  default: [{ capacity: 140, windowMs: 1_000 }],
} as const;

/** The allowed age of a signed request is not documented; that of the older API was 20 s. */
const ACCEPT_WINDOW_MS = 20_000;

export const BITHUMB: KrwDialect = {
  venue: "bithumb",
  acceptWindowMs: ACCEPT_WINDOW_MS,
  placePath: "/v2/orders",
  orderTypeName: "order_type",
  idName: "client_order_id",
  lists: (symbol) => [
    {
      path: "/v2/orders/pending",
      params: [
        ["market", symbol],
        ["limit", "100"],
      ],
    },
    {
      path: "/v2/orders/history",
      params: [
        ["market", symbol],
        ["limit", "100"],
        ["order_by", "desc"],
      ],
    },
  ],
  openList: (symbol) => ({
    path: "/v2/orders/pending",
    params: [
      ["market", symbol],
      ["limit", "100"],
    ],
  }),
  increment: async (caller, symbol) => {
    const priceKrw = await caller.read(krwPublic("/v1/ticker", symbol), (text) =>
      parseLastPrice(text, symbol),
    );
    return { increment: krwPriceIncrement("bithumb", priceKrw), priceKrw };
  },
  // Said of an order that exists and is still being accepted.
  notReadyStatuses: [422],
  // There is no dry run: whether a key may order shows at the first order, as a refusal that uses nothing up.
  orderFault: async () => undefined,
};

/** The same for an operator who trusts its clock less. Throws RangeError below what is known of the older API. */
export function bithumbDialect(acceptWindowMs = ACCEPT_WINDOW_MS): KrwDialect {
  if (acceptWindowMs < ACCEPT_WINDOW_MS) {
    throw new RangeError(`expected at least ${ACCEPT_WINDOW_MS} ms, was ${acceptWindowMs}`);
  }
  return { ...BITHUMB, acceptWindowMs };
}
