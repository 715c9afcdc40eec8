// Private streams of Upbit and Bithumb: the token is in the handshake, one array subscribes, frames are binary JSON.

import { randomUUID } from "node:crypto";
import { recordIn, type StreamDialect, type StreamEvent } from "./account-stream.ts";
import { type JwtAlgorithm, krwAuthorization, type VenueKey } from "./signing.ts";

export interface KrwStreamOptions {
  /** Of the stream, with its path. */
  readonly url: string;
  readonly key: VenueKey;
  readonly algorithm: JwtAlgorithm;
  /** Bithumb wants the time in the token, Upbit does not know it. */
  readonly nowMs: (() => number) | undefined;
  readonly idName: "identifier" | "client_order_id";
}

export function krwStream({ url, key, algorithm, nowMs, idName }: KrwStreamOptions): StreamDialect {
  return {
    dial: async () => ({
      url,
      headers: {
        authorization: krwAuthorization(key, {
          ...{ algorithm, nonce: randomUUID(), query: "" },
          ...(nowMs && { timestampMs: nowMs() }),
        }),
      },
    }),
    // Nothing confirms it: a refusal would be told as an error.
    hello: () => [
      {
        kind: "send",
        text: JSON.stringify([{ ticket: randomUUID() }, { type: "myOrder" }, { type: "myAsset" }]),
      },
      { kind: "connected" },
    ],
    read: (text) => readKrw(text, idName),
    heartbeat: "PING",
  };
}

export function readKrw(text: string, idName: KrwStreamOptions["idName"]): readonly StreamEvent[] {
  const message = recordIn(text);
  if (!message) return [];
  if (message.type === "myAsset") return [{ kind: "account" }];
  if (message.type === "myOrder") {
    const id = message[idName];
    return [{ kind: "order", clientOrderId: typeof id === "string" && id !== "" ? id : undefined }];
  }
  const { error } = message;
  if (typeof error !== "object" || error === null) return [];
  const { name } = error as { readonly name?: unknown };
  return [{ kind: "refused", why: typeof name === "string" ? name.slice(0, 60) : "an error" }];
}
