// A user's account at Binance USD-M: money, fees, positions, modes, leverage, funding, and what its key lacks.

import type { KeyFindingCode } from "../../../../schema/vocabulary.ts";
import type { Decimal } from "../../../domain/decimal.ts";
import { type KeyFinding, keyFinding } from "../../../domain/key-finding.ts";
import type {
  AccountModes,
  AccountNews,
  FeeRatesOfAccount,
  FundingEvent,
  ReadOptions,
  SymbolRules,
  VenueBalance,
  VenuePosition,
} from "../../../ports/trading-venue.ts";
import { VenueReadFault } from "../../../ports/trading-venue.ts";
import { followAccount } from "../account-stream.ts";
import { readOne } from "../clocked-calls.ts";
import { keyEndsSoon, keyFaultsOr, withoutGaps } from "../key-words.ts";
import { issueText } from "../parsed.ts";
import type { Params } from "../signing.ts";
import { hastily } from "../venue-caller.ts";
import {
  type BinanceRestrictions,
  parseAccountConfig,
  parseBalances,
  parseFunding,
  parseLeverage,
  parsePositions,
  parseRestrictions,
  parseRules,
  parseSymbolConfig,
  parseTakerFee,
} from "./account-parse.ts";
import { type BinanceParts, RECV_WINDOW_MS, reading, readingNow } from "./wire.ts";

/** A request may also be accepted a second into the venue's past. */
export const ACCEPT_WINDOW_MS = RECV_WINDOW_MS + 1_000;
/** Weights by the venue's documents. */
const WEIGHT = {
  balance: 5,
  positions: 5,
  symbolConfig: 5,
  accountConfig: 5,
  commission: 20,
  income: 30,
  leverage: 1,
} as const;
const INCOME_ROWS_MAX = 1_000;
const INCOME_PAGES_MAX = 20;

export class BinanceAccount {
  readonly venue = "binance";
  readonly acceptWindowMs = ACCEPT_WINDOW_MS;
  /** One for the whole account. */
  protected knownPositionMode: AccountModes["positionMode"] | undefined;

  constructor(protected readonly parts: BinanceParts) {}

  follow(onNews: (news: AccountNews) => void, signal: AbortSignal): Promise<void> {
    return followAccount(this.parts.stream, onNews, signal);
  }

  balances(options?: ReadOptions): Promise<readonly VenueBalance[]> {
    const call = { ...reading("/fapi/v3/balance", [], WEIGHT.balance), ...hastily(options) };
    return readOne(this.parts, call, parseBalances);
  }

  async feeRates(symbol: string): Promise<FeeRatesOfAccount> {
    const call = reading("/fapi/v1/commissionRate", [["symbol", symbol]], WEIGHT.commission);
    const taker = await readOne(this.parts, call, (text) => parseTakerFee(text, symbol));
    return { buy: taker, sell: taker };
  }

  async rules(symbol: string): Promise<SymbolRules> {
    const rules = parseRules(await this.parts.symbols(), symbol);
    if (rules.ok) return rules.value;
    const call = reading("/fapi/v1/exchangeInfo", [], 1);
    throw this.parts.caller.fault(call, rules.issues.map(issueText).join("; "));
  }

  clockOffsetMs(): Promise<number> {
    return this.parts.offset.measure();
  }

  async positions(symbol?: string, options?: ReadOptions): Promise<readonly VenuePosition[]> {
    const params: Params = symbol === undefined ? [] : [["symbol", symbol]];
    const call = { ...reading("/fapi/v3/positionRisk", params, WEIGHT.positions), ...hastily(options) };
    const positions = await readOne(this.parts, call, parsePositions);
    const isUsual = (options?.haste ?? "usual") === "usual";
    const configs = positions.length > 0 && isUsual ? await this.#symbolConfigs(symbol) : [];
    const leverages = new Map(configs.map((config) => [config.symbol, config.leverage]));
    return positions.map((position) => ({ ...position, leverage: leverages.get(position.symbol) }));
  }

  async modes(symbol: string): Promise<AccountModes> {
    this.knownPositionMode = undefined;
    const [positionMode, configs] = await Promise.all([
      this.positionMode(this.parts.readTimeoutMs),
      this.#symbolConfigs(symbol),
    ]);
    const config = configs.find((each) => each.symbol === symbol);
    return { positionMode, marginMode: config?.marginMode ?? "other" };
  }

  async setLeverage(symbol: string, leverage: Decimal): Promise<void> {
    const call = {
      ...reading(
        "/fapi/v1/leverage",
        [
          ["symbol", symbol],
          ["leverage", leverage.toString()],
        ],
        WEIGHT.leverage,
      ),
      method: "POST",
    } as const;
    const [position] = await this.positions(symbol);
    if (position?.leverage?.equals(leverage)) return;
    if (position) throw this.parts.caller.fault(call, `expected no position in ${symbol}, there is one`);
    const now = await readOne(this.parts, call, parseLeverage);
    if (!now.equals(leverage)) {
      throw this.parts.caller.fault(call, `expected a leverage of ${leverage}, the venue set ${now}`);
    }
  }

  async fundingSince(symbol: string, sinceMs: number): Promise<readonly FundingEvent[]> {
    const events = new Map<string, FundingEvent>();
    let fromMs = Math.max(0, Math.floor(sinceMs));
    for (let page = 0; page < INCOME_PAGES_MAX; page++) {
      const params: Params = [
        ["symbol", symbol],
        ["incomeType", "FUNDING_FEE"],
        ["startTime", String(fromMs)],
        ["limit", String(INCOME_ROWS_MAX)],
      ];
      const read = await readOne(this.parts, reading("/fapi/v1/income", params, WEIGHT.income), parseFunding);
      for (const event of read.events) {
        if (event.symbol === symbol && event.atMs >= sinceMs) events.set(event.id, event);
      }
      if (read.rowCount < INCOME_ROWS_MAX) return [...events.values()].sort((a, b) => a.atMs - b.atMs);
      // A full page: on from its last instant, whose rows come again and are known by their ids.
      fromMs = Math.max(read.lastAtMs, fromMs + 1);
    }
    throw this.parts.caller.fault(reading("/fapi/v1/income", [], 0), `more than ${INCOME_PAGES_MAX} pages`);
  }

  keyFaults(): Promise<readonly KeyFinding[]> {
    return keyFaultsOr(KEY_CODES, async () => {
      const { canTrade } = await this.#accountConfig(reading, this.parts.readTimeoutMs);
      const may = await this.#restrictions();
      return withoutGaps([
        canTrade && may?.enableFutures !== false ? undefined : keyFinding("may-not-trade"),
        may?.ipRestrict === false ? keyFinding("any-address") : undefined,
        may?.enableWithdrawals ? keyFinding("may-withdraw") : undefined,
        keyEndsSoon(may?.tradingAuthorityExpirationTime ?? Number.NaN, this.parts.caller.clock.nowMs()),
      ]);
    });
  }

  protected async positionMode(timeoutMs: number): Promise<AccountModes["positionMode"]> {
    this.knownPositionMode ??= (await this.#accountConfig(readingNow, timeoutMs)).positionMode;
    return this.knownPositionMode;
  }

  #accountConfig(how: typeof reading, timeoutMs: number) {
    const call = how("/fapi/v1/accountConfig", [], WEIGHT.accountConfig);
    return readOne(this.parts, call, parseAccountConfig, timeoutMs);
  }

  #symbolConfigs(symbol: string | undefined) {
    const params: Params = symbol === undefined ? [] : [["symbol", symbol]];
    return readOne(
      this.parts,
      reading("/fapi/v1/symbolConfig", params, WEIGHT.symbolConfig),
      parseSymbolConfig,
    );
  }

  /** What the key may do; undefined where the spot host cannot be asked or does not say. */
  async #restrictions(): Promise<BinanceRestrictions | undefined> {
    const { spotUrl } = this.parts;
    if (spotUrl === undefined) return undefined;
    try {
      // Another host with another budget.
      const call = { ...reading("/sapi/v1/account/apiRestrictions", [], 0), baseUrl: spotUrl };
      return await readOne(this.parts, call, parseRestrictions);
    } catch (fault) {
      if (fault instanceof VenueReadFault && fault.rejection?.kind === "key") throw fault;
      return undefined;
    }
  }
}

const KEY_CODES: Readonly<Record<string, KeyFindingCode>> = {
  "-2014": "key-malformed",
  "-2015": "key-unclear",
  "-1022": "secret-wrong",
  "-2017": "key-locked",
};
