// Binance's user data stream: a listen key, asked for with the key alone and part of the address, so a secret like it.

import * as v from "valibot";
import { recordIn, type StreamDialect, type StreamEvent } from "../account-stream.ts";
import { check, readJson, then } from "../parsed.ts";
import type { Call, VenueCaller } from "../venue-caller.ts";

/** Asking again gives the same key an hour more. */
const RENEW_MS = 30 * 60_000;
/** Told beside each fill and each payment: the order tells it, or the ledger finds it. */
const EXPECTED_REASONS = ["ORDER", "FUNDING_FEE"];

const EVENTS = ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "MARGIN_CALL", "listenKeyExpired"];

const LISTEN_KEY: Call = {
  ...{ method: "POST", path: "/fapi/v1/listenKey", params: [] },
  ...{ group: undefined, addressCost: 1, urgent: false, signed: "key-only" },
};

const ListenKey = v.object({ listenKey: v.pipe(v.string(), v.regex(/^\w{1,200}$/)) });

export interface BinanceStreamOptions {
  /** Up to the listen key. */
  readonly url: string;
  readonly caller: VenueCaller;
}

export function binanceStream({ url, caller }: BinanceStreamOptions): StreamDialect {
  const listenKey = () =>
    caller.read(LISTEN_KEY, (text) => then(readJson(text), (value) => check(ListenKey, value)));
  return {
    dial: async () => {
      const { listenKey: key } = await listenKey();
      // The documents have the key in the path; in 2026 streams were reported to stay silent without it in the query
      // and the events named beside it. This is both.
      return { url: `${url}/${key}?listenKey=${key}&events=${EVENTS.join("/")}` };
    },
    // Nothing has to be subscribed.
    hello: () => [{ kind: "connected" }],
    read: readBinance,
    renewal: { everyMs: RENEW_MS, renew: listenKey },
  };
}

export function readBinance(text: string): readonly StreamEvent[] {
  const message = recordIn(text);
  switch (message?.e) {
    case "ORDER_TRADE_UPDATE": {
      const id = (message.o as { readonly c?: unknown } | null | undefined)?.c;
      return [{ kind: "order", clientOrderId: typeof id === "string" && id !== "" ? id : undefined }];
    }
    case "ACCOUNT_UPDATE": {
      const reason = (message.a as { readonly m?: unknown } | null | undefined)?.m;
      return EXPECTED_REASONS.includes(reason as string) ? [] : [{ kind: "account" }];
    }
    case "MARGIN_CALL":
      return [{ kind: "account" }];
    case "listenKeyExpired":
      return [{ kind: "refused", why: "the listen key has expired" }];
    default:
      return [];
  }
}
