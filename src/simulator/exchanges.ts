// The four venues without a server: requests go in, what should happen on the connection comes out, at whatever time
// the given clock says. The server puts ports in front of this; a manual clock can drive an hour of it in a moment.

import { AccountWatchers } from "./account-events.ts";
import { AccountBook, type AccountSpec } from "./accounts.ts";
import { createBinance, createBinanceSpot } from "./binance.ts";
import { createBithumb } from "./bithumb.ts";
import { createBybit } from "./bybit.ts";
import { createControl, type SimulatorControl } from "./control.ts";
import { SimCounters } from "./counters.ts";
import { type Delivery, Dispatcher, type SimHost } from "./dispatch.ts";
import { FaultBoard } from "./faults.ts";
import { ListingCache } from "./listing-cache.ts";
import { createMarket } from "./market.ts";
import { Matching } from "./matching.ts";
import { Recorder } from "./recorder.ts";
import { StreamHub } from "./streams.ts";
import { defaultSwitches } from "./switches.ts";
import type { SimMarket } from "./types.ts";
import { createUpbit } from "./upbit.ts";
import { parseBody, parseQuery, type VenueEnvironment } from "./wire.ts";

export interface ExchangesOptions {
  /** Same seed, same market and same chances of faults. */
  readonly seed: number;
  /** Default true. */
  readonly limits?: boolean;
  /** Multiplies every ban. Default 1: the venues' own lengths. */
  readonly banScale?: number;
  /** Keys every venue accepts, each with an account on all four. Default SIMULATOR_KEYS. */
  readonly keys?: readonly AccountSpec[];
  /** Tickers of the only coins there are beside the stable ones; default all. */
  readonly coins?: ReadonlySet<string> | undefined;
  /** Default: the market of that seed, starting now. */
  readonly market?: SimMarket;
  /** Epoch ms; default the system's clock. */
  readonly nowMs?: () => number;
  /** Told when a request will reach its venue later or a stream has something to do: `arrivePending` is to be called then. */
  readonly wake?: (atMs: number) => void;
}

/** Accepted unless others are given. They open nothing but simulators. */
export const SIMULATOR_KEYS: readonly AccountSpec[] = [
  { apiKey: "simulator-access-key", secret: "simulator-secret-key-0123456789abcdef" },
];

export interface ExchangeRequest {
  readonly method: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  header(name: string): string | null;
  readonly body: string;
  readonly address: string;
  /** Which of the pretended sources this comes from. */
  readonly sourceIndex: number;
}

export interface Exchanges {
  readonly market: SimMarket;
  readonly control: SimulatorControl;
  /** An answer with a `stream` is to be attached to `streams`. */
  handle(host: SimHost, request: ExchangeRequest): Delivery;
  readonly streams: StreamHub;
  /** Carries out requests that have arrived by now, and lets time pass for streams. */
  arrivePending(): void;
}

export function createExchanges(options: ExchangesOptions): Exchanges {
  const { seed, limits = true, banScale = 1, keys = SIMULATOR_KEYS, nowMs = Date.now } = options;
  const market = options.market ?? createMarket({ seed, startAtMs: nowMs(), coins: options.coins });
  const switches = defaultSwitches();
  const matching = new Matching(market, switches);
  const watchers = new AccountWatchers();
  const accounts = new AccountBook(keys, { matching, switches, watchers, nowMs });
  const listings = new ListingCache(market);
  const environment: VenueEnvironment = {
    accounts,
    matching,
    switches,
    listings,
    banScale,
    nowMs,
    limitsOn: limits,
  };
  const wires = {
    upbit: createUpbit(environment),
    bithumb: createBithumb(environment),
    bybit: createBybit(environment),
    binance: createBinance(environment),
    binanceSpot: createBinanceSpot(environment),
  };
  const shared = { faults: new FaultBoard(seed), recorder: new Recorder(), counters: new SimCounters() };
  const wake = options.wake && { wake: options.wake };
  const dispatcher = new Dispatcher({ market, listings, matching, wires, ...shared, ...wake });
  const streams = new StreamHub({ watchers, faults: shared.faults, nowMs, ...wake });
  const arrivePending = () => {
    dispatcher.arrivePending(nowMs());
    streams.pass(nowMs());
  };
  return {
    market,
    control: createControl({ environment, wires, streams, nowMs, arrivePending, ...shared }),
    streams,
    arrivePending,
    handle(host, { method, target, header, body, address, sourceIndex }) {
      const queryAt = target.indexOf("?");
      const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
      const params = parseQuery(query);
      const atMs = nowMs();
      return dispatcher.dispatch(host, {
        method,
        path: queryAt < 0 ? target : target.slice(0, queryAt),
        query,
        params,
        fields: body === "" ? params : { ...params, ...parseBody(body) },
        header,
        body,
        // Budgets belong to an address; pretended sources are told apart by their ports.
        source: `${address}#${sourceIndex}`,
        sourceIndex,
        nowMs: atMs,
        clockMs: atMs,
      });
    },
  };
}
