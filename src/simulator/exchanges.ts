// The four venues without a server: requests go in, what should happen on the connection comes out, at whatever time
// the given clock says. The server puts ports in front of this; a manual clock can drive an hour of it in a moment.

import { AccountBook, type AccountSpec } from "./accounts.ts";
import { createBinance, createBinanceSpot } from "./binance.ts";
import { createBithumb } from "./bithumb.ts";
import { createBybit } from "./bybit.ts";
import { createControl, type SimulatorControl } from "./control.ts";
import { SimCounters } from "./counters.ts";
import { type Delivery, Dispatcher, type SimHost } from "./dispatch.ts";
import { FaultBoard } from "./faults.ts";
import { createMarket } from "./market.ts";
import { Matching } from "./matching.ts";
import { Recorder } from "./recorder.ts";
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
  /** Told when a request will reach its venue later: `arrivePending` is to be called then. */
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
  handle(host: SimHost, request: ExchangeRequest): Delivery;
  /** Carries out requests that have arrived by now. Every request does so as well. */
  arrivePending(): void;
}

export function createExchanges(options: ExchangesOptions): Exchanges {
  const { seed, limits = true, banScale = 1, keys = SIMULATOR_KEYS, nowMs = Date.now } = options;
  const market = options.market ?? createMarket({ seed, startAtMs: nowMs(), coins: options.coins });
  const switches = defaultSwitches();
  const matching = new Matching(market, switches);
  const accounts = new AccountBook(keys, { matching, switches, nowMs });
  const environment: VenueEnvironment = { accounts, matching, switches, banScale, limitsOn: limits };
  const wires = {
    upbit: createUpbit(environment),
    bithumb: createBithumb(environment),
    bybit: createBybit(environment),
    binance: createBinance(environment),
    binanceSpot: createBinanceSpot(environment),
  };
  const shared = { faults: new FaultBoard(seed), recorder: new Recorder(), counters: new SimCounters() };
  const dispatcher = new Dispatcher({
    market,
    matching,
    wires,
    ...shared,
    ...(options.wake && { wake: options.wake }),
  });
  const arrivePending = () => dispatcher.arrivePending(nowMs());
  return {
    market,
    control: createControl({ environment, wires, nowMs, arrivePending, ...shared }),
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
