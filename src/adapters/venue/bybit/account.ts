// A user's account at Bybit: money, fees, positions, modes, leverage, funding, and what its key lacks.

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
import { mapped } from "../parsed.ts";
import type { Params } from "../signing.ts";
import { hastily } from "../venue-caller.ts";
import {
  type BybitPosition,
  parseBalances,
  parseFunding,
  parseKeyInfo,
  parseMarginMode,
  parsePositions,
  parseRules,
  parseTakerFee,
} from "./account-parse.ts";
import { resultOf } from "./parse.ts";
import {
  type BybitParts,
  LINEAR,
  PUBLIC,
  posting,
  RECV_WINDOW_MS,
  reading,
  readingNow,
  readPages,
} from "./wire.ts";

/** A request may also be accepted a second into the venue's past. */
export const ACCEPT_WINDOW_MS = RECV_WINDOW_MS + 1_000;
const LOG_WINDOW_MS = 7 * 86_400_000;
/** The log is kept for two years. */
const LOG_WINDOWS_MAX = 105;
const UNCHANGED_LEVERAGE = "110043";

export class BybitAccount {
  readonly venue = "bybit";
  readonly acceptWindowMs = ACCEPT_WINDOW_MS;
  protected readonly positionModes = new Map<string, AccountModes["positionMode"]>();

  constructor(protected readonly parts: BybitParts) {}

  follow(onNews: (news: AccountNews) => void, signal: AbortSignal): Promise<void> {
    return followAccount(this.parts.stream, onNews, signal);
  }

  balances(options?: ReadOptions): Promise<readonly VenueBalance[]> {
    const call = reading("/v5/account/wallet-balance", [["accountType", "UNIFIED"]]);
    return readOne(this.parts, { ...call, ...hastily(options) }, parseBalances);
  }

  async feeRates(symbol: string): Promise<FeeRatesOfAccount> {
    const call = { ...reading("/v5/account/fee-rate", [LINEAR, ["symbol", symbol]]), group: "slow" };
    const taker = await readOne(this.parts, call, (text) => parseTakerFee(text, symbol));
    return { buy: taker, sell: taker };
  }

  rules(symbol: string): Promise<SymbolRules> {
    const call = { ...reading("/v5/market/instruments-info", [LINEAR, ["symbol", symbol]]), ...PUBLIC };
    return readOne(this.parts, call, (text) => parseRules(text, symbol));
  }

  clockOffsetMs(): Promise<number> {
    return this.parts.offset.measure();
  }

  async positions(symbol?: string, options?: ReadOptions): Promise<readonly VenuePosition[]> {
    const rows = await this.#positionRows(symbol, options);
    return rows
      .filter(({ qtyContracts }) => qtyContracts.isPositive)
      .map(({ positionIdx: _, ...position }) => position);
  }

  async modes(symbol: string): Promise<AccountModes> {
    this.positionModes.delete(symbol);
    const [positionMode, marginMode] = await Promise.all([
      this.positionMode(symbol, this.parts.readTimeoutMs),
      readOne(this.parts, reading("/v5/account/info", []), parseMarginMode),
    ]);
    return { positionMode, marginMode };
  }

  async setLeverage(symbol: string, leverage: Decimal): Promise<void> {
    const { caller } = this.parts;
    const text = leverage.toString();
    const params: Params = [LINEAR, ["symbol", symbol], ["buyLeverage", text], ["sellLeverage", text]];
    const call = { ...posting("/v5/position/set-leverage", params), group: "slow", urgent: false };
    const [position] = await this.positions(symbol);
    if (position?.leverage?.equals(leverage)) return;
    if (position) throw caller.fault(call, `expected no position in ${symbol}, there is one`);
    try {
      await readOne(this.parts, call, (text) => mapped(resultOf(text), () => undefined));
    } catch (fault) {
      // The text of "not modified" varies, the code does not.
      if (!(fault instanceof VenueReadFault) || fault.rejection?.code !== UNCHANGED_LEVERAGE) throw fault;
    }
  }

  async fundingSince(symbol: string, sinceMs: number): Promise<readonly FundingEvent[]> {
    await this.parts.offset.ready(this.parts.readTimeoutMs);
    const events: FundingEvent[] = [];
    const nowMs = this.parts.offset.nowMs();
    let fromMs = Math.max(sinceMs, nowMs - LOG_WINDOWS_MAX * LOG_WINDOW_MS);
    for (; fromMs <= nowMs; fromMs += LOG_WINDOW_MS) {
      const params: Params = [
        ["accountType", "UNIFIED"],
        LINEAR,
        ["currency", "USDT"],
        ["type", "SETTLEMENT"],
        ["startTime", String(Math.floor(fromMs))],
        ["endTime", String(Math.floor(Math.min(fromMs + LOG_WINDOW_MS - 1, nowMs + ACCEPT_WINDOW_MS)))],
        ["limit", "50"],
      ];
      events.push(
        ...(await readPages(this.parts, reading("/v5/account/transaction-log", params), parseFunding)),
      );
    }
    return events
      .filter((event) => event.symbol === symbol && event.atMs >= sinceMs)
      .sort((a, b) => a.atMs - b.atMs);
  }

  keyFaults(): Promise<readonly KeyFinding[]> {
    const nowMs = this.parts.caller.clock.nowMs();
    return keyFaultsOr(KEY_CODES, async () => {
      const call = { ...reading("/v5/user/query-api", []), group: "slow" };
      const info = await readOne(this.parts, call, parseKeyInfo);
      return withoutGaps([
        info.mayTrade ? undefined : keyFinding("may-not-trade"),
        info.isUnified ? undefined : keyFinding("account-not-unified"),
        info.isBoundToAddress ? undefined : keyFinding("any-address"),
        info.mayWithdraw ? keyFinding("may-withdraw") : undefined,
        keyEndsSoon(info.endsAtMs, nowMs),
      ]);
    });
  }

  #positionRows(symbol: string | undefined, options: ReadOptions | undefined): Promise<BybitPosition[]> {
    const by: Params = symbol === undefined ? [["settleCoin", "USDT"]] : [["symbol", symbol]];
    const call = reading("/v5/position/list", [LINEAR, ...by, ["limit", "200"]]);
    return readPages(this.parts, { ...call, ...hastily(options) }, parsePositions);
  }

  /** A symbol's rows are there even without a position: one of index 0, or those of 1 and 2. */
  protected async positionMode(symbol: string, timeoutMs: number): Promise<AccountModes["positionMode"]> {
    const known = this.positionModes.get(symbol);
    if (known !== undefined) return known;
    const call = readingNow("/v5/position/list", [LINEAR, ["symbol", symbol]]);
    const { rows } = await readOne(this.parts, call, parsePositions, timeoutMs);
    const row = rows.find((each) => each.symbol === symbol);
    if (row === undefined)
      throw this.parts.caller.fault(call, `no row for ${symbol} to tell the position mode`);
    const mode = row.positionIdx === 0 ? "one-way" : "hedge";
    this.positionModes.set(symbol, mode);
    return mode;
  }
}

const KEY_CODES: Readonly<Record<string, KeyFindingCode>> = {
  "10003": "key-unknown",
  "10004": "secret-wrong",
  "10005": "permission-missing",
  "10010": "address-refused",
  "33004": "key-expired",
};
