// Binance USD-M futures as on the wire, public and private, and of the spot host the one signed list of wallet states. Prices and
// quantities are strings, times numbers. Requests weigh: 2,400 a minute per address, told in X-MBX-USED-WEIGHT-1M;
// 429 on excess, 418 with Retry-After for those who go on. Refusals are HTTP 4xx with a negative code.

import { keyProblem, type SimUser } from "./accounts.ts";
import { binanceAccountRoutes } from "./binance-account.ts";
import { binanceFillRoutes } from "./binance-fills.ts";
import { binanceMarketRoutes } from "./binance-market.ts";
import { binanceOrderRoutes } from "./binance-orders.ts";
import { binanceError, binanceRefusal, mandatory } from "./binance-reply.ts";
import { binanceSettingRoutes } from "./binance-settings.ts";
import { binanceStreamRoutes } from "./binance-stream.ts";
import { BINANCE_LIMITS, BINANCE_ORDER_LIMITS } from "./limit-rules.ts";
import { Limiter, type LimitVerdict } from "./limits.ts";
import { type BinanceRefusal, checkBinance } from "./signatures.ts";
import { walletCoinsOf } from "./wallet-coins.ts";
import {
  type Admission,
  json,
  type Route,
  type RouteContext,
  spend,
  type VenueEnvironment,
  type VenueWire,
  type WireReply,
  type WireRequest,
} from "./wire.ts";

/** The futures host. */
export function createBinance(environment: VenueEnvironment): VenueWire {
  const limiter = new Limiter(BINANCE_LIMITS, environment.banScale);
  const orderLimiter = new Limiter(BINANCE_ORDER_LIMITS, environment.banScale);
  return {
    venue: "binance",
    routes: new Map([
      ...binanceMarketRoutes(),
      ...binanceOrderRoutes(environment),
      ...binanceFillRoutes(environment),
      ...binanceAccountRoutes(),
      ...binanceSettingRoutes(environment),
      ...binanceStreamRoutes(environment),
    ]),
    limiters: [limiter, orderLimiter],
    admit(request, route): Admission {
      if (route === undefined) return { headers: {} };
      const { nowMs, source, fields, path } = request;
      const cost = route.cost?.(fields) ?? 1;
      if (route.group === "funding-list") {
        return admission(request, spend(environment, limiter, source, route.group, 1, nowMs), cost, {});
      }
      const before = limiter.used(source, route.group, nowMs);
      const verdict = spend(environment, limiter, source, route.group, cost, nowMs);
      // The venue itself says that this endpoint's header is inaccurate: it leaves out the request's own weight.
      const told = path === "/fapi/v1/ticker/bookTicker" ? before : verdict.used;
      const admitted = admission(request, verdict, cost, { "X-MBX-USED-WEIGHT-1M": String(told) });
      if (admitted.refusal !== undefined) return admitted;
      const known = { ...admitted, ...checkUser(environment, request, route) };
      return route.places && known.user
        ? countOrder(known, known.user, environment, orderLimiter, nowMs)
        : known;
    },
    unknownPath,
    serverError,
    ...FAULT_WORDS,
  };
}

/** The spot host, as far as wallet states need it. Its budget is its own. */
export function createBinanceSpot(environment: VenueEnvironment): VenueWire {
  const limiter = new Limiter(BINANCE_LIMITS, environment.banScale);
  const routes: [string, Route][] = [
    ["GET /api/v3/ping", { group: "spot-weight", answer: () => json({}) }],
    [
      "GET /api/v3/time",
      { group: "spot-weight", answer: ({ request }) => json({ serverTime: request.nowMs }) },
    ],
    // Stock clients ask for it beside the coin states; no pair here is for margin.
    ["GET /sapi/v1/margin/allPairs", { group: "spot-weight", answer: () => json([]) }],
    [
      "GET /sapi/v1/capital/config/getall",
      { group: "spot-weight", cost: () => 10, signed: true, answer: coinsAnswer },
    ],
  ];
  return {
    venue: "binance",
    routes: new Map(routes),
    limiters: [limiter],
    admit(request, route): Admission {
      if (route === undefined) return { headers: {} };
      const { nowMs, source, fields } = request;
      const cost = route.cost?.(fields) ?? 1;
      const verdict = spend(environment, limiter, source, route.group, cost, nowMs);
      const name = route.signed ? "X-SAPI-USED-IP-WEIGHT-1M" : "X-MBX-USED-WEIGHT-1M";
      const admitted = admission(request, verdict, cost, { [name]: String(verdict.used) });
      if (admitted.refusal !== undefined) return admitted;
      return { ...admitted, ...checkUser(environment, request, route) };
    },
    unknownPath,
    serverError,
    ...FAULT_WORDS,
  };
}

const FAULT_WORDS: Pick<VenueWire, "apiKeyOf" | "refuse" | "maintenance"> = {
  apiKeyOf: (request) => request.header("x-mbx-apikey") ?? undefined,
  refuse: ({ kind, code, message, status }) =>
    kind === "refusal" ? binanceRefusal(Number(code), message, status) : binanceRefusal(-2019),
  // No fixed body is documented.
  maintenance: () => binanceError(503, -1008, "Service Unavailable."),
};

/** Whose request it is, or why it may not be made. Nothing on public routes. */
function checkUser(
  { accounts }: VenueEnvironment,
  request: WireRequest,
  route: Route,
): Pick<Admission, "user" | "refusal"> {
  if (!route.signed) return {};
  const apiKey = request.header("x-mbx-apikey");
  const claimed = accounts.find(apiKey ?? "");
  if (route.signed === "key" && claimed === undefined) return { refusal: binanceRefusal(-2015) };
  if (route.signed !== "key") {
    const { query, body, clockMs: nowMs } = request;
    const check = checkBinance({ apiKey, query, body, nowMs }, claimed === undefined ? [] : [claimed]);
    if (!check.ok) return { refusal: signatureError(check.refusal) };
  }
  const user = accounts.get(claimed!.apiKey);
  const use = { source: request.source, trades: route.trades === true, nowMs: request.nowMs };
  // One code for a key that is gone, an address it is not bound to and a right it does not have.
  return keyProblem(user.keys.binance, use) === undefined ? { user } : { refusal: binanceRefusal(-2015) };
}

/** New orders are counted per account over ten seconds and a minute. */
function countOrder(
  admitted: Admission,
  { apiKey }: SimUser,
  environment: VenueEnvironment,
  limiter: Limiter,
  nowMs: number,
): Admission {
  const short = spend(environment, limiter, apiKey, "orders-10s", 1, nowMs);
  if (short.kind !== "pass") return { ...admitted, limited: true, refusal: binanceRefusal(-1015) };
  const long = spend(environment, limiter, apiKey, "orders-1m", 1, nowMs);
  if (long.kind !== "pass") return { ...admitted, limited: true, refusal: binanceRefusal(-1015) };
  const counts = {
    "X-MBX-ORDER-COUNT-10S": String(short.used),
    "X-MBX-ORDER-COUNT-1M": String(long.used),
  };
  return { ...admitted, headers: { ...admitted.headers, ...counts } };
}

function admission(
  request: WireRequest,
  verdict: LimitVerdict,
  cost: number,
  headers: Record<string, string>,
): Admission {
  if (verdict.kind === "pass") return { headers };
  const address = request.source.split("#")[0];
  const retryAfter = String(Math.max(1, Math.ceil((verdict.untilMs - request.nowMs) / 1_000)));
  const told = Object.fromEntries(Object.keys(headers).map((name) => [name, String(verdict.used + cost)]));
  const refused = { ...told, "Retry-After": retryAfter };
  if (verdict.kind === "over") {
    const limit = `current limit of IP(${address}) is ${verdict.limit} requests per minute`;
    const advice = "Please use the websocket for live updates to avoid polling the API.";
    const refusal = binanceError(429, -1003, `Too many requests; ${limit}. ${advice}`);
    return { headers: refused, limited: true, refusal };
  }
  const ban = `Way too many requests; IP(${address}) banned until ${Math.ceil(verdict.untilMs)}.`;
  const advice = "Please use the websocket for live updates to avoid bans.";
  return { headers: refused, limited: true, refusal: binanceError(418, -1003, `${ban} ${advice}`) };
}

function unknownPath(request: WireRequest): WireReply {
  return binanceError(404, -5000, `Path ${request.path}, Method ${request.method} is invalid`);
}

function serverError(status: number, executed: boolean): WireReply {
  if (status === 503 && executed) {
    return binanceError(503, -1000, "Unknown error, please check your request or try again later.");
  }
  if (status === 503) return binanceError(503, -1008, "Service Unavailable.");
  return binanceError(status, -1000, "An unknown error occurred while processing the request.");
}

function signatureError(refusal: BinanceRefusal): WireReply {
  switch (refusal) {
    case "no-key":
    case "bad-key-format":
      return binanceError(401, -2014, "API-key format invalid.");
    case "bad-key":
      return binanceError(401, -2015, "Invalid API-key, IP, or permissions for action.");
    case "no-timestamp":
      return mandatory("timestamp");
    case "no-signature":
      return mandatory("signature");
    case "late":
      return binanceError(400, -1021, "Timestamp for this request is outside of the recvWindow.");
    case "early":
      return binanceError(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
    case "bad-sign":
      return binanceError(400, -1022, "Signature for this request is not valid.");
  }
}

function coinsAnswer(context: RouteContext): WireReply {
  return json(
    walletCoinsOf(context.listings).map(({ coin, name, wallet }) => ({
      coin,
      depositAllEnable: wallet.deposit,
      free: "0",
      freeze: "0",
      ipoable: "0",
      ipoing: "0",
      isLegalMoney: false,
      locked: "0",
      name,
      networkList: [
        {
          addressRegex: "^(0x)[0-9A-Fa-f]{40}$",
          coin,
          depositDesc: wallet.deposit ? "" : "Wallet Maintenance, Deposit Suspended",
          depositEnable: wallet.deposit,
          isDefault: true,
          memoRegex: "",
          minConfirm: 12,
          name: wallet.network,
          network: wallet.network,
          resetAddressStatus: false,
          specialTips: "",
          unLockConfirm: 0,
          withdrawDesc: wallet.withdraw ? "" : "Wallet Maintenance, Withdrawal Suspended",
          withdrawEnable: wallet.withdraw,
          withdrawFee: "1",
          withdrawIntegerMultiple: "0.00000001",
          withdrawMax: "9999999999.99999999",
          withdrawMin: "2",
          contractAddress: wallet.contractAddress,
        },
      ],
      storage: "0",
      trading: true,
      withdrawAllEnable: wallet.withdraw,
      withdrawing: "0",
    })),
  );
}
