// The trading venues of all users: one set of things shared per process (clocks of the venues, Binance's symbols,
// budgets counted by address) and one adapter per venue and key. Keys are held by the adapter alone.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import type { Log } from "../../ports/telemetry.ts";
import type { PerpetualVenue, TradingVenue } from "../../ports/trading-venue.ts";
import { type StreamDialect, type StreamParts, turnsOf } from "./account-stream.ts";
import { parseTime as parseBinanceTime, parseSymbols } from "./binance/account-parse.ts";
import { BINANCE_RULES } from "./binance/refusals.ts";
import { binanceStream } from "./binance/stream.ts";
import { BINANCE_ACCOUNT_LIMITS, BinanceTrading } from "./binance/trading.ts";
import { binanceDress } from "./binance/wire.ts";
import { BITHUMB, BITHUMB_ADDRESS_LIMITS, bithumbDialect } from "./bithumb/trading.ts";
import { parseTime as parseBybitTime } from "./bybit/account-parse.ts";
import { bybitRules } from "./bybit/refusals.ts";
import { bybitStream } from "./bybit/stream.ts";
import { BYBIT_ACCOUNT_LIMITS, BybitTrading } from "./bybit/trading.ts";
import { bybitDress } from "./bybit/wire.ts";
import { ClockOffset } from "./clock-offset.ts";
import type { VenueUrls } from "./http.ts";
import { KRW_RULES } from "./krw-refusals.ts";
import { krwStream } from "./krw-stream.ts";
import { KrwTrading, krwDress } from "./krw-trading.ts";
import type { AnswerRules } from "./order-answer.ts";
import { type BudgetLimit, PriorityBudget } from "./priority-budget.ts";
import type { VenueKey } from "./signing.ts";
import { UPBIT, UPBIT_ACCOUNT_LIMITS } from "./upbit/trading.ts";
import { type Call, type CallerDeps, VenueCaller } from "./venue-caller.ts";

export interface TradingVenueDeps {
  /** `binanceSpot`: only for what a key may do; without it that is not asked. */
  readonly urls: VenueUrls & { readonly binanceSpot?: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly governor: RateGovernor;
  /** For every single read, ms. Default 5,000. */
  readonly readTimeoutMs?: number;
  /** How long after its signature Bithumb may carry out an order. Default 20,000. */
  readonly bithumbAcceptMs?: number;
}

/** What `open` gives for each venue. */
export interface OpenedVenues {
  readonly upbit: TradingVenue;
  readonly bithumb: TradingVenue;
  readonly bybit: PerpetualVenue;
  readonly binance: PerpetualVenue;
}

const READ_TIMEOUT_MS = 5_000;
const SYMBOLS_AGE_MS_MAX = 60_000;
const NO_KEY: VenueKey = { apiKey: "(no key of a user)", secret: "(no secret of a user)" };

/** All users' venues of one process; open one per venue and key, and keep it: it knows its account's modes and budget. */
export class TradingVenues {
  readonly #addressBudgets: Readonly<Record<string, PriorityBudget>>;
  readonly #offsets: Readonly<Record<Venue, ClockOffset>>;
  readonly #turns: Readonly<Record<Venue, StreamParts["turn"]>>;
  readonly #readTimeoutMs: number;
  #symbols: { readonly atMs: number; readonly rows: Promise<readonly unknown[]> } | undefined;

  constructor(private readonly deps: TradingVenueDeps) {
    this.#readTimeoutMs = deps.readTimeoutMs ?? READ_TIMEOUT_MS;
    this.#addressBudgets = budgetsOf(deps.clock, BITHUMB_ADDRESS_LIMITS);
    const turns = () => turnsOf(deps.clock);
    this.#turns = { upbit: turns(), bithumb: turns(), bybit: turns(), binance: turns() };
    const offset = (venue: Venue, isLenient: boolean) =>
      new ClockOffset(deps.clock, () => this.#venueNowMs(venue), isLenient);
    this.#offsets = {
      upbit: offset("upbit", true),
      bithumb: offset("bithumb", true),
      bybit: offset("bybit", false),
      binance: offset("binance", false),
    };
  }

  open<V extends Venue>(venue: V, key: VenueKey): OpenedVenues[V];
  open(venue: Venue, key: VenueKey): TradingVenue {
    const offset = this.#offsets[venue];
    const readTimeoutMs = this.#readTimeoutMs;
    const caller = this.#caller(venue, key);
    const stream = this.#stream(venue, key, caller);
    switch (venue) {
      case "upbit":
        return new KrwTrading({ dialect: UPBIT, caller, offset, stream });
      case "bithumb":
        return new KrwTrading({ dialect: bithumbDialect(this.deps.bithumbAcceptMs), caller, offset, stream });
      case "bybit":
        return new BybitTrading({ caller, offset, readTimeoutMs, stream });
      case "binance": {
        const spotUrl = this.deps.urls.binanceSpot;
        return new BinanceTrading({
          caller,
          offset,
          readTimeoutMs,
          stream,
          spotUrl,
          symbols: () => this.#binanceSymbols(),
        });
      }
    }
  }

  #stream(venue: Venue, key: VenueKey, caller: VenueCaller): StreamParts {
    const { clock, log, urls } = this.deps;
    const url = streamUrl(venue, urls[venue]);
    const nowMs = () => this.#offsets[venue].nowMs();
    const dialects: Readonly<Record<Venue, () => StreamDialect>> = {
      upbit: () => krwStream({ url, key, algorithm: "HS512", nowMs: undefined, idName: UPBIT.idName }),
      bithumb: () => krwStream({ url, key, algorithm: "HS256", nowMs, idName: BITHUMB.idName }),
      bybit: () => bybitStream({ url, key, nowMs }),
      binance: () => binanceStream({ url, caller }),
    };
    return { venue, clock, log, dialect: dialects[venue](), turn: this.#turns[venue] };
  }

  #caller(venue: Venue, key: VenueKey): VenueCaller {
    const { clock, log, governor, urls } = this.deps;
    const readTimeoutMs = this.#readTimeoutMs;
    const shared = { venue, baseUrl: urls[venue], key, clock, log, governor, readTimeoutMs };
    return new VenueCaller({ ...shared, ...this.#parts(venue, key) });
  }

  #parts(venue: Venue, key: VenueKey): Pick<CallerDeps, "budgets" | "dress" | "limitedBy" | "rules"> {
    const { clock } = this.deps;
    const nowMs = () => this.#offsets[venue].nowMs();
    switch (venue) {
      case "upbit":
        return {
          budgets: budgetsOf(clock, UPBIT_ACCOUNT_LIMITS),
          dress: krwDress(key, "HS512", undefined),
          rules: KRW_RULES,
        };
      case "bithumb":
        return { budgets: this.#addressBudgets, dress: krwDress(key, "HS256", nowMs), rules: KRW_RULES };
      case "bybit": {
        const rules = bybitRules({ reducesShort: false });
        return {
          budgets: budgetsOf(clock, BYBIT_ACCOUNT_LIMITS),
          dress: bybitDress(key, nowMs),
          rules,
          limitedBy: limitsIn(rules, { account: ["10006", "20003"], address: ["10018"] }),
        };
      }
      case "binance":
        return {
          budgets: budgetsOf(clock, BINANCE_ACCOUNT_LIMITS),
          dress: binanceDress(key, nowMs),
          rules: BINANCE_RULES,
          // -1015 is the account's order count, whatever the HTTP status.
          limitedBy: limitsIn(BINANCE_RULES, { account: ["-1015"], address: ["-1003"] }),
        };
    }
  }

  /** The venue's clock, epoch ms. The Korean ones have no endpoint for it: the Date header, good to half a second. */
  async #venueNowMs(venue: Venue): Promise<number> {
    const caller = this.#caller(venue, NO_KEY);
    switch (venue) {
      case "bybit":
        return caller.read(publicCall("/v5/market/time"), parseBybitTime);
      case "binance":
        return caller.read(publicCall("/fapi/v1/time"), parseBinanceTime);
      default: {
        const call = publicCall("/v1/ticker", [["markets", "KRW-BTC"]]);
        const result = await caller.call(call, this.#readTimeoutMs);
        const date = result.kind === "answer" ? Date.parse(result.headers.get("date") ?? "") : Number.NaN;
        if (Number.isNaN(date)) throw caller.fault(call, "no date to be had");
        return date + 500;
      }
    }
  }

  /** One answer of some megabytes for everybody, at most a minute old. */
  async #binanceSymbols(): Promise<readonly unknown[]> {
    const nowMs = this.deps.clock.monotonicMs();
    if (this.#symbols === undefined || nowMs - this.#symbols.atMs > SYMBOLS_AGE_MS_MAX) {
      const caller = this.#caller("binance", NO_KEY);
      const rows = caller.read(publicCall("/fapi/v1/exchangeInfo"), parseSymbols);
      const asked = { atMs: nowMs, rows };
      this.#symbols = asked;
      rows.catch(() => {
        if (this.#symbols === asked) this.#symbols = undefined;
      });
    }
    return this.#symbols.rows;
  }
}

/** One venue for one user, with nothing shared; use TradingVenues for many. */
export function createTradingVenue<V extends Venue>(
  venue: V,
  options: TradingVenueDeps & { readonly key: VenueKey },
): OpenedVenues[V] {
  const { key, ...deps } = options;
  return new TradingVenues(deps).open(venue, key);
}

/** Where each venue's private stream is; beside another REST address, at that one. */
const STREAMS: Readonly<
  Record<Venue, { readonly rest: string; readonly host: string; readonly path: string }>
> = {
  upbit: {
    rest: "https://api.upbit.com",
    host: "wss://api.upbit.com",
    path: "/websocket/v1/private",
  },
  bithumb: {
    rest: "https://api.bithumb.com",
    host: "wss://ws-api.bithumb.com",
    path: "/websocket/v2/private",
  },
  bybit: { rest: "https://api.bybit.com", host: "wss://stream.bybit.com", path: "/v5/private" },
  binance: { rest: "https://fapi.binance.com", host: "wss://fstream.binance.com", path: "/private/ws" },
};

function streamUrl(venue: Venue, restUrl: string): string {
  const { rest, host, path } = STREAMS[venue];
  const given = restUrl.replace(/\/+$/, "");
  return `${given === rest ? host : given.replace(/^http/, "ws")}${path}`;
}

function publicCall(path: string, params: Call["params"] = []): Call {
  return { method: "GET", path, params, group: undefined, addressCost: 1, urgent: true, signed: false };
}

function budgetsOf(
  clock: Clock,
  limits: Readonly<Record<string, readonly BudgetLimit[]>>,
): Readonly<Record<string, PriorityBudget>> {
  return Object.fromEntries(
    Object.entries(limits).map(([group, each]) => [group, new PriorityBudget(clock, each)]),
  );
}

function limitsIn(
  rules: AnswerRules,
  codes: { readonly account: readonly string[]; readonly address: readonly string[] },
): (text: string) => "account" | "address" | undefined {
  return (text) => {
    const code = rules.wordsIn(text)?.code;
    if (code === undefined) return undefined;
    if (codes.account.includes(code)) return "account";
    return codes.address.includes(code) ? "address" : undefined;
  };
}
