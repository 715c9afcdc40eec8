// The way between the engine and an in-memory venue: latency, lost and late requests, time-outs, reads. What is sent
// arrives by itself: nothing depends on anybody awaiting the answer, so an engine may be dropped at any point.

import type { Venue } from "../../../schema/vocabulary.ts";
import { type KeyFinding, keyFinding } from "../../domain/key-finding.ts";
import type {
  AccountNews,
  FeeRatesOfAccount,
  LookupOutcome,
  PlaceOptions,
  PlaceOutcome,
  Rejection,
  SymbolRules,
  TradingVenue,
  VenueBalance,
  VenueOrder,
  VenueOrderState,
} from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { type MemoryAccount, stateOf } from "./account.ts";
import type { Exchange } from "./exchange.ts";
import { type Fault, type LookupView, partsOfId, type VenueCall, type VenueRequest } from "./faults.ts";
import type { Market } from "./market.ts";
import type { PositionMode } from "./positions.ts";
import { ID_RULES } from "./refusals.ts";

/** What all venues of a world share. */
export interface Wire {
  readonly exchange: Exchange;
  /** One way, drawn for each way of each request. */
  readonly latencyMs: () => number;
  readonly readTimeoutMs: number;
  readonly tellsNews: boolean;
  requestCount: number;
  /** Orders sent that have not arrived. */
  inFlightCount: number;
}

/** Answered without a key. */
const PUBLIC_CALLS: ReadonlySet<VenueCall> = new Set(["rules", "clockOffset"]);

export class MemorySpotVenue implements TradingVenue {
  readonly acceptWindowMs: number;
  follow?: NonNullable<TradingVenue["follow"]>;
  #modeKnown: PositionMode | undefined;

  constructor(
    readonly venue: Venue,
    protected readonly account: MemoryAccount,
    protected readonly wire: Wire,
  ) {
    this.acceptWindowMs = ID_RULES[venue].acceptWindowMs;
    if (wire.tellsNews) this.follow = (onNews, signal) => this.#follow(onNews, signal);
  }

  /** What happens is told as late as an answer is; while it is cut off, never. */
  async #follow(onNews: (news: AccountNews) => void, signal: AbortSignal): Promise<void> {
    const { followers } = this.account;
    const follower = (news: AccountNews) => {
      const toldAfter = async () => {
        await this.#pass(this.wire.latencyMs());
        if (!signal.aborted) onNews(news);
      };
      void toldAfter();
    };
    followers.add(follower);
    onNews({ kind: "connected" });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    followers.delete(follower);
  }

  async place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome> {
    const { clock } = this.wire.exchange;
    const fault = this.#begin("place", order.symbol, order.clientOrderId, order);
    let leftMs = timeoutMs;
    if (fault?.holdMs) {
      const heldMs = Math.max(0, Math.min(fault.holdMs, leftMs));
      await clock.sleep(heldMs);
      leftMs -= heldMs;
    }
    if (!(leftMs > 0)) return { kind: "unsent", why: "the deadline had passed" };
    if (this.account.isDomestic && order.side === "buy" && order.limitPrice === undefined)
      return {
        kind: "unsent",
        why: "expected a limit price: a market buy is by money here, not by quantity",
      };
    if (!mayLeave(options)) return { kind: "unsent", why: "called off" };
    const outMs = this.wire.latencyMs();
    if (fault?.request === "unsent" || this.#unreachable("unsent")) {
      await this.#pass(Math.min(outMs, leftMs));
      return { kind: "unsent", why: "no connection" };
    }
    this.account.record(order.clientOrderId).askedCount++;
    if (fault?.request === "reset") return this.#unknownAfter(Math.min(outMs, leftMs), "connection reset");
    if (fault?.request === "lost" || this.#unreachable("silent"))
      return this.#unknownAfter(leftMs, "timed out");
    return this.#send(order, fault, outMs, leftMs);
  }

  async #send(
    order: VenueOrder,
    fault: Fault | undefined,
    outMs: number,
    leftMs: number,
  ): Promise<PlaceOutcome> {
    const sentAtMonotonicMs = this.wire.exchange.clock.monotonicMs();
    // Read off the account before the first order, as long as nothing says it has changed.
    this.#modeKnown ??= this.account.positions?.positionMode;
    const arrival = { account: this.account, order, fault, sentAtMonotonicMs, mode: this.#modeKnown };
    const arriveAfter = async (delayMs: number): Promise<PlaceOutcome> => {
      this.wire.inFlightCount++;
      await this.#pass(delayMs);
      this.wire.inFlightCount--;
      return this.wire.exchange.arrive(arrival);
    };
    const arriveMs = outMs + (fault?.lateMs ?? 0);
    if (fault?.twiceAfterMs !== undefined) void arriveAfter(arriveMs + fault.twiceAfterMs);
    const replyMs = arriveMs + this.wire.latencyMs() + (fault?.replyDelayMs ?? 0);
    if (fault?.lateMs !== undefined || fault?.reply === "lost" || replyMs > leftMs) {
      void arriveAfter(arriveMs);
      return this.#unknownAfter(leftMs, "timed out");
    }
    const answer = await arriveAfter(arriveMs);
    await this.#pass(replyMs - arriveMs);
    if (fault?.reply === "reset") return { kind: "unknown", why: "connection reset" };
    if (answer.kind === "rejected" && answer.rejection.kind === "mode") this.#modeKnown = undefined;
    return answer;
  }

  async lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome> {
    const { symbol, clientOrderId } = ref;
    const find = (fault: Fault | undefined): LookupOutcome => {
      const order = this.account.newest(clientOrderId);
      if (order === undefined || order.symbol !== symbol) return { kind: "absent" };
      let as: LookupView | undefined = fault?.view;
      if (order.lag && this.wire.exchange.clock.monotonicMs() < order.lag.untilMonotonicMs)
        as ??= order.lag.as;
      if (as === "absent" || as === "not-ready") return { kind: as };
      return { kind: "found", order: stateOf(order, as) };
    };
    try {
      return await this.read("lookup", symbol, find, clientOrderId, timeoutMs);
    } catch (fault) {
      if (!(fault instanceof VenueReadFault)) throw fault;
      return { kind: "failed", why: fault.message, rejection: fault.rejection };
    }
  }

  openOrders(symbol: string): Promise<readonly VenueOrderState[]> {
    return this.read("openOrders", symbol, () => {
      const nowMs = this.wire.exchange.clock.monotonicMs();
      const open: VenueOrderState[] = [];
      for (const orders of this.account.orders.values())
        for (const order of orders) {
          if (order.symbol !== symbol) continue;
          const as = order.lag && nowMs < order.lag.untilMonotonicMs ? order.lag.as : undefined;
          if (order.resting || as === "open" || as === "early") open.push(stateOf(order, as));
        }
      return open;
    });
  }

  balances(): Promise<readonly VenueBalance[]> {
    return this.read("balances", undefined, () => {
      const { account } = this;
      return account.assets().map((asset) => {
        const free = account.free(asset);
        return { asset, free, locked: account.wallet(asset).minus(free).normal() };
      });
    });
  }

  feeRates(symbol: string): Promise<FeeRatesOfAccount> {
    return this.read("feeRates", symbol, () => ({ buy: this.account.feeRatio, sell: this.account.feeRatio }));
  }

  rules(symbol: string): Promise<SymbolRules> {
    return this.read("rules", symbol, () => this.market(symbol).rules());
  }

  clockOffsetMs(): Promise<number> {
    const { exchange } = this.wire;
    return this.read("clockOffset", undefined, () => exchange.clockOffsetsMs.get(this.venue) ?? 0);
  }

  keyFaults(): Promise<readonly KeyFinding[]> {
    return this.read("keyFaults", undefined, () => {
      const { faults, clock } = this.wire.exchange;
      const revoked = faults.standing(this.account.user, this.venue, "key", clock.monotonicMs());
      return revoked ? [keyFinding("key-unknown")] : [];
    });
  }

  /** The account's market. Throws VenueReadFault for a symbol the venue does not have. */
  protected market(symbol: string): Market {
    const market = this.wire.exchange.marketOf(this.venue, symbol);
    if (market === undefined) throw new VenueReadFault(`no symbol ${symbol} at ${this.venue}`, undefined);
    return market;
  }

  /** There, the answer of that instant, and back. Rejects with VenueReadFault. */
  protected async read<T>(
    call: VenueCall,
    symbol: string | undefined,
    answer: (fault: Fault | undefined) => T,
    clientOrderId?: string,
    timeoutMs: number = this.wire.readTimeoutMs,
  ): Promise<T> {
    const fault = this.#begin(call, symbol, clientOrderId, undefined);
    const silent = fault?.read === "hangs" || fault?.request === "lost" || this.#unreachable("silent");
    const [outMs, backMs] = [this.wire.latencyMs(), this.wire.latencyMs()];
    const wholeMs = outMs + backMs + (fault?.replyDelayMs ?? 0);
    if (!(timeoutMs > 0) || silent || wholeMs > timeoutMs) {
      await this.#pass(timeoutMs);
      throw new VenueReadFault(`expected an answer of ${this.venue} within ${timeoutMs} ms`, undefined);
    }
    await this.#pass(outMs);
    if (this.#unreachable("unsent") || fault?.request !== undefined)
      throw new VenueReadFault(`no connection to ${this.venue}`, undefined);
    const rejection = this.#readRejection(call, fault);
    const result = rejection === undefined && fault?.read === undefined ? answer(fault) : undefined;
    await this.#pass(wholeMs - outMs);
    if (rejection) throw new VenueReadFault(`${this.venue} refused ${call}: ${rejection.message}`, rejection);
    if (fault?.read) throw new VenueReadFault(`${this.venue} failed to answer ${call}`, undefined);
    return result as T;
  }

  #readRejection(call: VenueCall, fault: Fault | undefined): Rejection | undefined {
    if (fault?.refuse) {
      const code = `${this.venue}-${fault.refuse}`;
      return { kind: fault.refuse, code, message: "as armed", idStillFree: true };
    }
    const gated = this.wire.exchange.gate(this.account);
    if (gated?.kind !== "rejected") return undefined;
    const { rejection } = gated;
    const withoutKey = PUBLIC_CALLS.has(call) || call === "keyFaults";
    return withoutKey && (rejection.kind === "key" || rejection.kind === "clock") ? undefined : rejection;
  }

  #begin(
    call: VenueCall,
    symbol: string | undefined,
    clientOrderId: string | undefined,
    order: VenueOrder | undefined,
  ): Fault | undefined {
    const { exchange } = this.wire;
    const request: VenueRequest = {
      index: this.wire.requestCount++,
      user: this.account.user,
      venue: this.venue,
      call,
      symbol,
      clientOrderId,
      ...partsOfId(clientOrderId),
      order,
      atMs: exchange.clock.nowMs(),
    };
    return exchange.faults.decide(request);
  }

  #unreachable(kind: "unsent" | "silent"): boolean {
    const { faults, clock } = this.wire.exchange;
    return faults.standing(this.account.user, this.venue, kind, clock.monotonicMs());
  }

  async #unknownAfter(lengthMs: number, why: string): Promise<PlaceOutcome> {
    await this.#pass(lengthMs);
    return { kind: "unknown", why };
  }

  #pass(lengthMs: number): Promise<void> | undefined {
    return lengthMs > 0 ? this.wire.exchange.clock.sleep(lengthMs) : undefined;
  }
}

function mayLeave(options: PlaceOptions | undefined): boolean {
  try {
    return options?.mayStillSend?.() ?? true;
  } catch {
    return false;
  }
}
