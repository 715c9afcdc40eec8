// What may go wrong between the engine and an in-memory venue, as values. A fault is decided once per request, when
// it is begun: by the test's hook, else by the first armed rule that fits. Standing conditions (a revoked key,
// maintenance) are judged when a request arrives, an unreachable venue when it is sent.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { RejectKind, VenueOrder } from "../../ports/trading-venue.ts";

export type VenueCall =
  | "place"
  | "lookup"
  | "openOrders"
  | "balances"
  | "feeRates"
  | "rules"
  | "clockOffset"
  | "keyFaults"
  | "positions"
  | "modes"
  | "setLeverage"
  | "funding";

export type Purpose = "buy" | "hedge" | "unwind" | "sell" | "cover";

export interface VenueRequest {
  /** Counts all requests of the world, from 0. */
  readonly index: number;
  readonly user: string;
  readonly venue: Venue;
  readonly call: VenueCall;
  readonly symbol: string | undefined;
  readonly clientOrderId: string | undefined;
  /** From an id that ends in letter, chunk, "-", attempt, as the engine's do. */
  readonly purpose: Purpose | undefined;
  readonly chunk: number | undefined;
  readonly attempt: number | undefined;
  /** What is placed. */
  readonly order: VenueOrder | undefined;
  readonly atMs: number;
}

/**
 * What a look-up shows of an order that has been carried out:
 * - absent, not-ready: as the outcomes of the port
 * - early: open and nothing filled yet, which is consistent and not the end
 * - open: open, the last execution missing although it is counted
 * - fills: closed, the last execution missing although it is counted
 */
export type LookupView = "absent" | "not-ready" | "early" | "open" | "fills";

/** Parts may be combined. Lengths count from where the request would have been otherwise. */
export interface Fault {
  /** Waits on our side before it leaves (budgets, a connection); past the deadline it is unsent. */
  readonly holdMs?: number;
  /** lost: never arrives, silence until the time-out; reset: the same, seen at once; unsent: no connection. */
  readonly request?: "lost" | "reset" | "unsent";
  /** Arrives that much later; the caller sees silence until its time-out. */
  readonly lateMs?: number;
  /** Arrives again, that much after the first. */
  readonly twiceAfterMs?: number;
  /** The request takes effect; lost: silence until the time-out; reset: a broken connection instead of the reply. */
  readonly reply?: "lost" | "reset";
  readonly replyDelayMs?: number;
  /** Of the quantity at most this share is filled, the rest cancelled. 0: nothing is filled. */
  readonly fillRatio?: number;
  /** Refused for this reason, at every arrival of the request. */
  readonly refuse?: RejectKind;
  /** Every look-up of the placed order within `forMs` of its arrival shows this instead. */
  readonly lag?: { readonly as: LookupView; readonly forMs: number };
  /** This one look-up shows that of an order that exists. */
  readonly view?: LookupView;
  /** Reads and look-ups: an error at once, or silence until the read's time-out. */
  readonly read?: "fails" | "hangs";
}

export interface FaultRule {
  readonly user?: string;
  readonly venue?: Venue;
  readonly call?: VenueCall;
  readonly purpose?: Purpose;
  readonly symbol?: string;
  readonly clientOrderId?: string;
  /** How many requests it meets. */
  readonly times?: number;
  /** How many that fit are let pass before. */
  readonly skip?: number;
}

/**
 * - unsent, silent: the venue cannot be reached; orders are not sent, or nobody knows
 * - key, clock, limited: refused at the gate, no id is used up; closed: maintenance; funds: every order refused
 */
export interface Condition {
  readonly user?: string;
  readonly venue?: Venue;
  readonly kind: "unsent" | "silent" | "key" | "clock" | "limited" | "closed" | "funds";
  /** Ends by itself after this length. */
  readonly forMs?: number;
}

const PURPOSES: Readonly<Record<string, Purpose>> = {
  b: "buy",
  h: "hedge",
  u: "unwind",
  s: "sell",
  c: "cover",
};
const ID_END = /-([bhusc])(\d{1,2})-(\d{1,6})$/;

interface IdParts {
  readonly purpose: Purpose | undefined;
  readonly chunk: number | undefined;
  readonly attempt: number | undefined;
}

const NO_PARTS: IdParts = { purpose: undefined, chunk: undefined, attempt: undefined };

export function partsOfId(clientOrderId: string | undefined): IdParts {
  const match = clientOrderId === undefined ? null : ID_END.exec(clientOrderId);
  if (match === null) return NO_PARTS;
  return { purpose: PURPOSES[match[1]!], chunk: Number(match[2]), attempt: Number(match[3]) };
}

interface Armed {
  readonly rule: FaultRule;
  readonly fault: Fault;
  left: number;
  skip: number;
}

interface Standing {
  readonly condition: Condition;
  readonly untilMs: number;
}

/** Which faults wait for which requests. */
export class FaultPlan {
  /** Asked first, at every request; undefined leaves the request to the armed rules. */
  hook: ((request: VenueRequest) => Fault | undefined) | undefined;
  readonly #armed: Armed[] = [];
  readonly #standing = new Set<Standing>();

  arm(rule: FaultRule, fault: Fault): void {
    this.#armed.push({ rule, fault, left: rule.times ?? 1, skip: rule.skip ?? 0 });
  }

  /** Armed rules that have met nothing yet or not everything. */
  get armedCount(): number {
    return this.#armed.length;
  }

  decide(request: VenueRequest): Fault | undefined {
    const asked = this.hook?.(request);
    if (asked !== undefined) return asked;
    for (let index = 0; index < this.#armed.length; index++) {
      const armed = this.#armed[index]!;
      if (!fits(armed.rule, request)) continue;
      if (armed.skip > 0) {
        armed.skip--;
        continue;
      }
      if (--armed.left <= 0) this.#armed.splice(index, 1);
      return armed.fault;
    }
    return undefined;
  }

  /** Returns what lifts it. */
  impose(condition: Condition, nowMs: number): () => void {
    const standing = { condition, untilMs: nowMs + (condition.forMs ?? Number.POSITIVE_INFINITY) };
    this.#standing.add(standing);
    return () => this.#standing.delete(standing);
  }

  standing(user: string, venue: Venue, kind: Condition["kind"], nowMs: number): boolean {
    for (const one of this.#standing) {
      const { condition, untilMs } = one;
      if (untilMs <= nowMs) this.#standing.delete(one);
      else if (condition.kind === kind && fits(condition, { user, venue })) return true;
    }
    return false;
  }
}

/** Whether everything the rule names is so. */
function fits(rule: FaultRule, request: Partial<VenueRequest>): boolean {
  return (
    (rule.user === undefined || rule.user === request.user) &&
    (rule.venue === undefined || rule.venue === request.venue) &&
    (rule.call === undefined || rule.call === request.call) &&
    (rule.purpose === undefined || rule.purpose === request.purpose) &&
    (rule.symbol === undefined || rule.symbol === request.symbol) &&
    (rule.clientOrderId === undefined || rule.clientOrderId === request.clientOrderId)
  );
}
