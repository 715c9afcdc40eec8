// Bybit v5 as on the wire: linear USDT perpetuals, coin states and the private side. Every answer is an envelope with HTTP
// 200, refusals included; only the address limit (600 in five seconds) answers 403, for ten minutes.

import { type KeyProblem, keyProblem } from "./accounts.ts";
import { bybitAccountRoutes } from "./bybit-account.ts";
import { bybitFillRoutes } from "./bybit-fills.ts";
import { bybitMarketRoutes } from "./bybit-market.ts";
import { bybitOrderRoutes } from "./bybit-orders.ts";
import { bybitError, envelope } from "./bybit-reply.ts";
import { bybitStreamRoute } from "./bybit-stream.ts";
import { BYBIT_ACCOUNT_LIMITS, BYBIT_ADDRESS_LIMITS, BYBIT_STREAM_LIMITS } from "./limit-rules.ts";
import { Limiter } from "./limits.ts";
import { type BybitRefusal, checkBybit } from "./signatures.ts";
import { walletCoinsOf } from "./wallet-coins.ts";
import type {
  Admission,
  Route,
  RouteContext,
  VenueEnvironment,
  VenueWire,
  WireReply,
  WireRequest,
} from "./wire.ts";
import { spend } from "./wire.ts";

/** Instruments, books, tickers, candles, funding, server state and coin states of Bybit. */
export function createBybit(environment: VenueEnvironment): VenueWire {
  const byAddress = new Limiter(BYBIT_ADDRESS_LIMITS, environment.banScale);
  const byAccount = new Limiter(BYBIT_ACCOUNT_LIMITS, environment.banScale);
  const connects = new Limiter(BYBIT_STREAM_LIMITS, environment.banScale);
  return {
    venue: "bybit",
    routes: new Map([
      ...bybitMarketRoutes(),
      ...coinRoutes(),
      ...bybitAccountRoutes(),
      ...bybitOrderRoutes(environment),
      ...bybitFillRoutes(),
      bybitStreamRoute(environment),
    ]),
    limiters: [byAddress, byAccount, connects],
    admit(request, route): Admission {
      const { nowMs, source } = request;
      const verdict =
        route?.stream === true
          ? spend(environment, connects, source, route.group, 1, nowMs)
          : spend(environment, byAddress, source, "http", 1, nowMs);
      if (verdict.kind !== "pass") {
        const refusal = { status: 403, body: "access too frequent", contentType: "text/plain" };
        return { headers: {}, limited: true, refusal };
      }
      if (route?.signed !== true) return { headers: {} };
      return admitAccount(environment, byAccount, request, route);
    },
    unknownPath: () => ({ status: 404, body: "404 page not found", contentType: "text/plain" }),
    serverError: (status) => ({ status, body: "Service Temporarily Unavailable", contentType: "text/plain" }),
    apiKeyOf: (request) => request.header("x-bapi-api-key") ?? undefined,
    refuse: ({ kind, code, message, status }, request) =>
      kind === "refusal" ? bybitError(request, Number(code), message, status) : bybitError(request, 110007),
    // No fixed body is documented.
    maintenance: (request) => bybitError(request, 10016, "Service is under maintenance."),
  };
}

function admitAccount(
  environment: VenueEnvironment,
  limiter: Limiter,
  request: WireRequest,
  route: Route,
): Admission {
  const { nowMs } = request;
  const claimed = environment.accounts.find(request.header("x-bapi-api-key") ?? "");
  const check = checkBybit(
    {
      apiKey: request.header("x-bapi-api-key"),
      timestamp: request.header("x-bapi-timestamp"),
      recvWindow: request.header("x-bapi-recv-window"),
      sign: request.header("x-bapi-sign"),
      query: request.query,
      body: request.body,
      nowMs: request.clockMs,
    },
    claimed === undefined ? [] : [claimed],
  );
  if (!check.ok) {
    const [retCode, retMsg] = signatureError(check.refusal, request);
    return { headers: {}, refusal: envelope(nowMs, {}, retCode, retMsg) };
  }
  const user = environment.accounts.get(check.key.apiKey);
  const problem = keyProblem(user.keys.bybit, {
    source: request.source,
    trades: route.trades === true,
    nowMs,
  });
  if (problem !== undefined) return { headers: {}, refusal: bybitError(request, ...KEY_ERRORS[problem]) };
  const verdict = spend(environment, limiter, check.key.apiKey, route.group, 1, nowMs);
  const headers = {
    "X-Bapi-Limit": String(verdict.limit),
    "X-Bapi-Limit-Status": String(verdict.remaining),
    "X-Bapi-Limit-Reset-Timestamp": String(verdict.untilMs),
  };
  if (verdict.kind === "pass") return { headers, user };
  const refusal = envelope(nowMs, {}, 10006, "Too many visits! Exceeded the API Rate Limit.");
  return { headers, limited: true, refusal };
}

const KEY_ERRORS: Readonly<Record<KeyProblem, readonly [retCode: number, retMsg?: string]>> = {
  revoked: [10003],
  expired: [33004],
  address: [10010],
  permission: [10005],
};

function signatureError(refusal: BybitRefusal, request: WireRequest): [retCode: number, retMsg: string] {
  switch (refusal) {
    case "no-key":
    case "bad-key":
      return [10003, "API key is invalid."];
    case "bad-sign":
      return [10004, "Error sign, please check your signature generation algorithm."];
    case "bad-window": {
      const sent = request.header("x-bapi-timestamp");
      const windowMs = request.header("x-bapi-recv-window") ?? "5000";
      const seen = `req_timestamp[${sent}],server_timestamp[${request.clockMs}],recv_window[${windowMs}]`;
      return [10002, `invalid request, please check your server timestamp or recv_window param. ${seen}`];
    }
  }
}

function coinRoutes(): [string, Route][] {
  return [["GET /v5/asset/coin/query-info", { group: "asset-coin", signed: true, answer: coinsAnswer }]];
}

function coinsAnswer(context: RouteContext): WireReply {
  const { nowMs, params } = context.request;
  const wanted = params.coin?.toUpperCase();
  const rows = walletCoinsOf(context.listings)
    .filter(({ coin }) => wanted === undefined || wanted === "" || coin === wanted)
    .map(({ coin, name, wallet }) => ({
      name,
      coin,
      remainAmount: "10000000",
      chains: [
        {
          chainType: wallet.network,
          confirmation: "12",
          // No fee stated means no withdrawal.
          withdrawFee: wallet.withdraw ? "1" : "",
          depositMin: "0",
          withdrawMin: "2",
          chain: wallet.network,
          chainDeposit: wallet.deposit ? "1" : "0",
          chainWithdraw: wallet.withdraw ? "1" : "0",
          minAccuracy: "8",
          withdrawPercentageFee: "0",
          contractAddress: wallet.contractAddress,
          safeConfirmNumber: "64",
        },
      ],
    }));
  return envelope(nowMs, { rows }, 0, "");
}
