// How Binance refuses: HTTP 4xx or 5xx with a negative code and a message.

import { json, type WireReply } from "./wire.ts";

export function binanceError(status: number, code: number, msg: string): WireReply {
  return json({ code, msg }, status);
}

export function mandatory(name: string): WireReply {
  const what = `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
  return binanceError(400, -1102, what);
}

/** HTTP status and text by code, for what the account or the filters refuse. */
const ERRORS: Readonly<Record<number, readonly [status: number, msg: string]>> = {
  [-1003]: [429, "Too many requests."],
  [-1006]: [500, "An unexpected response was received from the message bus. Execution status unknown."],
  [-1007]: [
    408,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
  ],
  [-1008]: [503, "Server is currently overloaded with other requests. Please try again in a few minutes."],
  [-1015]: [429, "Too many new orders; current limit is 300 orders per TEN_SECONDS."],
  [-1021]: [400, "Timestamp for this request is outside of the recvWindow."],
  [-1022]: [400, "Signature for this request is not valid."],
  [-1106]: [400, "Parameter 'reduceonly' sent when not required."],
  [-1111]: [400, "Precision is over the maximum defined for this asset."],
  [-1115]: [400, "Invalid timeInForce."],
  [-1116]: [400, "Invalid orderType."],
  [-1117]: [400, "Invalid side."],
  [-1125]: [400, "This listenKey does not exist."],
  [-1121]: [400, "Invalid symbol."],
  [-2011]: [400, "Unknown order sent."],
  [-2013]: [400, "Order does not exist."],
  [-2014]: [401, "API-key format invalid."],
  [-2015]: [401, "Invalid API-key, IP, or permissions for action."],
  [-2018]: [400, "Balance is insufficient."],
  [-2019]: [400, "Margin is insufficient."],
  [-2022]: [400, "ReduceOnly Order is rejected."],
  [-4003]: [400, "Quantity less than zero."],
  [-4005]: [400, "Quantity greater than max quantity."],
  [-4014]: [400, "Price not increased by tick size."],
  [-4015]: [400, "Client order id length should be less than 36 chars"],
  [-4023]: [400, "Qty not increased by step size."],
  [-4028]: [400, "Leverage 0 is not valid"],
  [-4046]: [400, "No need to change margin type."],
  [-4047]: [400, "Margin type cannot be changed if there exists open orders."],
  [-4048]: [400, "Margin type cannot be changed if there exists position."],
  [-4059]: [400, "No need to change position side."],
  [-4061]: [400, "Order's position side does not match user's setting."],
  [-4067]: [400, "Position side cannot be changed if there exists open orders."],
  [-4068]: [400, "Position side cannot be changed if there exists position."],
  [-4108]: [400, "Symbol is closed."],
  [-4116]: [400, "ClientOrderId is duplicated."],
  [-4118]: [400, "ReduceOnly Order Failed. Please check your existing position and open orders."],
  [-4120]: [
    400,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  ],
  [-4131]: [400, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."],
  [-4140]: [400, "Invalid symbol status for opening position."],
  [-4164]: [400, "Order's notional must be no smaller than 5 (unless you choose reduce only)."],
};

/** Refuses by code; the text and status of one not in the table are general. */
export function binanceRefusal(code: number, msg?: string, status?: number): WireReply {
  const known = ERRORS[code];
  return binanceError(status ?? known?.[0] ?? 400, code, msg ?? known?.[1] ?? `error ${code}`);
}
