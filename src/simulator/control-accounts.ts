// The accounts and switches of a simulator over its control port. Bodies are JSON and go to the functions of
// AccountControl as they are.

import type { AccountControl } from "./account-control.ts";
import type { AccountSpec } from "./accounts.ts";
import type { SwitchChanges, Switches } from "./switches.ts";
import type { SimVenue } from "./types.ts";

export interface AccountSteering {
  readonly accounts: AccountControl;
  switches(): Switches;
  setSwitches(changes: SwitchChanges): void;
}

const VIEWS = [
  "ledger",
  "balances",
  "orders",
  "fills",
  "clientIds",
  "positions",
  "closedPnl",
  "funding",
] as const;
const ACTIONS = [
  "deposit",
  "withdraw",
  "setBalance",
  "trade",
  "liquidate",
  "deleverage",
  "setPositionMode",
  "setMarginMode",
  "setLeverage",
  "setKey",
  "setFees",
] as const;

/** The answer to /accounts and /switches requests; undefined for other paths. Throws on a body that cannot be used. */
export async function answerAccounts(
  request: Request,
  url: URL,
  { accounts, switches, setSwitches }: AccountSteering,
): Promise<Response | undefined> {
  const name = url.pathname.match(/^\/accounts\/(\w+)$/)?.[1];
  const view = VIEWS.find((each) => each === name);
  const action = ACTIONS.find((each) => each === name);
  const route = `${request.method} ${url.pathname}`;
  if (route === "GET /accounts") return Response.json(accounts.list());
  if (route === "POST /accounts") return Response.json(accounts.add((await bodyOf(request)) as AccountSpec));
  if (route === "GET /switches") return Response.json(switches());
  if (route === "PUT /switches") {
    setSwitches((await bodyOf(request)) as SwitchChanges);
    return Response.json(switches());
  }
  if (request.method === "GET" && view !== undefined) {
    const apiKey = url.searchParams.get("apiKey") ?? "";
    const venue = (url.searchParams.get("venue") ?? "") as SimVenue & "bybit";
    return Response.json(accounts[view](apiKey, venue));
  }
  if (request.method === "POST" && action !== undefined) {
    const body = (await bodyOf(request)) as never;
    return Response.json(accounts[action](body) ?? { done: true });
  }
  return undefined;
}

async function bodyOf(request: Request): Promise<unknown> {
  const body: unknown = await request.json();
  if (typeof body !== "object" || body === null) throw new TypeError("expected a JSON object");
  return body;
}
