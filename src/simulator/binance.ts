// Binance USD-M futures as on the wire, and of the spot host the one signed list of wallet states. Prices and
// quantities are strings, times numbers. Requests weigh: 2,400 a minute per address, told in X-MBX-USED-WEIGHT-1M;
// 429 on excess, 418 with Retry-After for those who go on. Refusals are HTTP 4xx with a negative code.

import { binanceMarketRoutes } from "./binance-market.ts";
import { binanceError, mandatory } from "./binance-reply.ts";
import { BINANCE_LIMITS } from "./limit-rules.ts";
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
  return {
    venue: "binance",
    routes: binanceMarketRoutes(),
    limiters: [limiter],
    admit(request, route): Admission {
      if (route === undefined) return { headers: {} };
      const { nowMs, source, params, path } = request;
      const cost = route.cost?.(params) ?? 1;
      if (route.group === "funding-list") {
        return admission(request, spend(environment, limiter, source, route.group, 1, nowMs), cost, {});
      }
      const before = limiter.used(source, route.group, nowMs);
      const verdict = spend(environment, limiter, source, route.group, cost, nowMs);
      // The venue itself says that this endpoint's header is inaccurate: it leaves out the request's own weight.
      const told = path === "/fapi/v1/ticker/bookTicker" ? before : verdict.used;
      return admission(request, verdict, cost, { "X-MBX-USED-WEIGHT-1M": String(told) });
    },
    unknownPath,
    serverError,
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
      const { nowMs, source, params } = request;
      const cost = route.cost?.(params) ?? 1;
      const verdict = spend(environment, limiter, source, route.group, cost, nowMs);
      const name = route.signed ? "X-SAPI-USED-IP-WEIGHT-1M" : "X-MBX-USED-WEIGHT-1M";
      const admitted = admission(request, verdict, cost, { [name]: String(verdict.used) });
      if (admitted.refusal !== undefined || !route.signed) return admitted;
      const check = checkBinance(
        { apiKey: request.header("x-mbx-apikey"), query: request.query, body: request.body, nowMs },
        environment.keys,
      );
      return check.ok ? admitted : { ...admitted, refusal: signatureError(check.refusal) };
    },
    unknownPath,
    serverError,
  };
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

function serverError(status: number): WireReply {
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
