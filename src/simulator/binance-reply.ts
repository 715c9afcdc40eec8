// How Binance refuses: HTTP 4xx or 5xx with a negative code and a message.

import { json, type WireReply } from "./wire.ts";

export function binanceError(status: number, code: number, msg: string): WireReply {
  return json({ code, msg }, status);
}

export function mandatory(name: string): WireReply {
  const what = `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
  return binanceError(400, -1102, what);
}
