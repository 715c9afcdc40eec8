// Bybit's private stream: a signed "auth", then one subscription for orders and positions.

import { recordIn, type StreamDialect, type StreamEvent } from "../account-stream.ts";
import { bybitStreamSignature, type VenueKey } from "../signing.ts";

const TOPICS = ["order", "position"];
/** How long the venue may take to read it. */
const AUTH_MS = 10_000;

export interface BybitStreamOptions {
  readonly url: string;
  readonly key: VenueKey;
  /** By the venue's clock. */
  readonly nowMs: () => number;
}

export function bybitStream({ url, key, nowMs }: BybitStreamOptions): StreamDialect {
  return {
    dial: async () => ({ url }),
    hello: () => {
      const expiresAtMs = nowMs() + AUTH_MS;
      const args = [key.apiKey, expiresAtMs, bybitStreamSignature(key, expiresAtMs)];
      return [{ kind: "send", text: JSON.stringify({ op: "auth", args }) }];
    },
    read: readBybit,
    heartbeat: JSON.stringify({ op: "ping" }),
  };
}

export function readBybit(text: string): readonly StreamEvent[] {
  const message = recordIn(text);
  if (!message) return [];
  const { op, success, topic, data } = message;
  if (op === "auth" && success === true)
    return [{ kind: "send", text: JSON.stringify({ op: "subscribe", args: TOPICS }) }];
  if (op === "subscribe" && success === true) return [{ kind: "connected" }];
  if ((op === "auth" || op === "subscribe") && success === false) return [{ kind: "refused", why: op }];
  // "order" or "order.linear".
  const name = typeof topic === "string" ? topic.split(".")[0] : undefined;
  if (name === "position") return [{ kind: "account" }];
  if (name !== "order" || !Array.isArray(data)) return [];
  return data.map((row: { readonly orderLinkId?: unknown } | null) => {
    const id = row?.orderLinkId;
    return { kind: "order", clientOrderId: typeof id === "string" && id !== "" ? id : undefined };
  });
}
