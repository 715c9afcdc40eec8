// Every request of a trading adapter goes through here: a place in the account's budget, the address's budget where
// the venue counts it, a fresh signature, one HTTP exchange, and what its answer says about limits.
//
// Nothing that leaves this file, value, error or log line, holds a secret: no URL query, no header, and texts of the
// venue are searched for the key (Bybit repeats it in the text of a bad signature).

import type { Venue } from "../../../schema/vocabulary.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import type { Log } from "../../ports/telemetry.ts";
import { type ReadOptions, type Rejection, VenueReadFault } from "../../ports/trading-venue.ts";
import { readLimits } from "./limit-headers.ts";
import { type AnswerRules, readRefusal } from "./order-answer.ts";
import { issueText, type Parsed } from "./parsed.ts";
import { KEPT_RATIO, type PriorityBudget, type Spent } from "./priority-budget.ts";
import { type HttpRequest, type HttpResult, sendHttp } from "./signed-http.ts";
import type { Params, VenueKey } from "./signing.ts";

export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly params: Params;
  /** Which of the account's budgets it counts in; undefined: none (public). */
  readonly group: string | undefined;
  /** What it costs the source address, 0 where the venue counts by account. */
  readonly addressCost: number;
  readonly urgent: boolean;
  /** So much longer than its time limit it may wait for the address's budget. Default 0. */
  readonly patienceMs?: number;
  /** False: a public request; "key-only": with the key and no signature (Binance). Default true. */
  readonly signed?: boolean | "key-only";
  /** Asked last thing before the bytes leave. */
  readonly mayStillSend?: () => boolean;
  /** A connection of its own. Default false. */
  readonly isOrder?: boolean;
  /** Base address, where it is not the venue's usual one. */
  readonly baseUrl?: string;
}

export type CallResult = HttpResult | { readonly kind: "unsent"; readonly why: string };

export interface CallerDeps {
  readonly venue: Venue;
  readonly baseUrl: string;
  readonly key: VenueKey;
  readonly clock: Clock;
  readonly log: Log;
  readonly governor: RateGovernor;
  readonly budgets: Readonly<Record<string, PriorityBudget>>;
  /** Turns a call into what is sent, signed at this instant. */
  readonly dress: (call: Call, baseUrl: string) => Omit<HttpRequest, "keepAlive">;
  /** Codes in a body by which the venue refuses for limits beside the HTTP status; "account" or "address". */
  readonly limitedBy?: (text: string) => "account" | "address" | undefined;
  /** Reads refusals of requests other than orders. */
  readonly rules: AnswerRules;
  readonly readTimeoutMs: number;
}

/** A request is not begun with less than this left: its answer would come too late and leave its outcome unknown. */
const SEND_MS_MIN = 250;
const WAIT_SLACK_MS = 50;

export class VenueCaller {
  /** Hidden from whoever prints a venue: the key is in it. */
  readonly #deps: CallerDeps;

  constructor(deps: CallerDeps) {
    this.#deps = deps;
  }

  get venue(): Venue {
    return this.#deps.venue;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  get log(): Log {
    return this.#deps.log;
  }

  /** One exchange within `timeoutMs`, waits for budgets included beyond its patience. Never rejects. */
  async call(call: Call, timeoutMs: number): Promise<CallResult> {
    const { clock, venue, budgets, log } = this.#deps;
    const deadlineMs = clock.monotonicMs() + timeoutMs + (call.patienceMs ?? 0);
    const leftMs = () => deadlineMs - clock.monotonicMs();
    const waitMs = () => Math.max(0, leftMs() - SEND_MS_MIN);
    // Patience is for the address everybody shares: a held account is its owner's, and holds up nobody else.
    const accountMs = Math.max(0, timeoutMs - SEND_MS_MIN);
    const spent =
      call.group === undefined ? undefined : await budgets[call.group]!.take(call.urgent, accountMs);
    if (call.group !== undefined && spent === undefined) return unsent("no budget of the account");
    const address = call.addressCost > 0 ? await this.#reserve(call, waitMs()) : undefined;
    const isAllowed = call.addressCost === 0 || address !== undefined;
    const why = !isAllowed
      ? "no budget of the address"
      : leftMs() < Math.min(SEND_MS_MIN - WAIT_SLACK_MS, timeoutMs / 2)
        ? "too little time is left for an answer"
        : call.mayStillSend?.() === false
          ? "called off"
          : undefined;
    if (why !== undefined) {
      spent?.unsent();
      address?.settle(venue, call.addressCost, "unsent");
      return unsent(why);
    }
    const startedAtMs = clock.monotonicMs();
    const request = this.#deps.dress(call, call.baseUrl ?? this.#deps.baseUrl);
    const result = this.#scrubbed(
      await sendHttp({ ...request, keepAlive: !call.isOrder }, Math.min(leftMs(), timeoutMs)),
    );
    this.#settle(call, result, spent, address);
    log.debug("venue call", {
      venue,
      call: `${call.method} ${call.path}`,
      status:
        result.kind === "answer" ? result.status : result.kind === "no-answer" ? result.why : result.kind,
      lengthMs: Math.round(clock.monotonicMs() - startedAtMs),
    });
    return result;
  }

  /** A read: its value, or VenueReadFault. */
  async read<T>(
    call: Call,
    parse: (text: string) => Parsed<T>,
    timeoutMs = this.#deps.readTimeoutMs,
  ): Promise<T> {
    const result = await this.call(call, timeoutMs);
    if (result.kind !== "answer")
      throw this.fault(call, result.kind === "not-connected" ? "no connection" : result.why);
    if (result.status < 200 || result.status > 299) throw this.refused(call, result);
    const parsed = parse(result.text);
    if (parsed.ok) return parsed.value;
    if (parsed.issues[0]?.kind === "refused") throw this.refused(call, result);
    throw this.fault(call, parsed.issues.slice(0, 2).map(issueText).join("; "));
  }

  fault(call: Pick<Call, "method" | "path">, why: string, rejection?: Rejection): VenueReadFault {
    return new VenueReadFault(`${this.#deps.venue} ${call.method} ${call.path}: ${why}`, rejection);
  }

  /** The fault of an answer that is not the venue's yes. */
  refused(call: Call, { status, text }: { readonly status: number; readonly text: string }): VenueReadFault {
    const verdict = readRefusal(status, text, this.#deps.rules);
    if (verdict.kind === "unknown") return this.fault(call, verdict.why);
    const { code, message } = verdict.rejection;
    return this.fault(call, `${code} ${message}`.trim(), verdict.rejection);
  }

  async #reserve({ addressCost: cost, urgent, patienceMs = 0 }: Call, waitMsMax: number) {
    const { governor, venue, clock } = this.#deps;
    const leavesRatio = patienceMs > 0 ? LEFT_BY_PATIENT_RATIO : KEPT_RATIO;
    const options = urgent ? { urgent } : { leavesRatio };
    const reserving = governor.reserve({ [venue]: cost }, waitMsMax, options);
    const waited = new AbortController();
    const late = clock.sleep(waitMsMax + WAIT_SLACK_MS, waited.signal).then(() => undefined);
    const grant = await Promise.race([reserving, late]);
    waited.abort();
    if (grant === undefined) {
      // Behind somebody else's long wait: what is granted later is given back.
      void reserving.then((later) => later.venues.has(venue) && later.settle(venue, cost, "unsent"));
      return undefined;
    }
    return grant.venues.has(venue) ? grant : undefined;
  }

  #settle(
    call: Call,
    result: HttpResult,
    spent: Spent | undefined,
    address: Awaited<ReturnType<RateGovernor["reserve"]>> | undefined,
  ): void {
    const { venue, budgets, limitedBy, log } = this.#deps;
    if (result.kind === "not-connected") {
      spent?.unsent();
      address?.settle(venue, call.addressCost, "unsent");
      return;
    }
    spent?.answered();
    if (result.kind !== "answer") {
      address?.settle(venue, call.addressCost, { status: 0, headers: undefined });
      return;
    }
    const { status, headers, text } = result;
    const limited = text.length > REFUSAL_CHARS_MAX ? undefined : limitedBy?.(text);
    // A refusal that is the account's own must not silence the address.
    const forAddress = limited === "account" ? 200 : status;
    address?.settle(venue, call.addressCost, {
      status: forAddress,
      headers,
      limited: limited === "address",
      ...(status >= 400 && { text: text.slice(0, 300) }),
    });
    if (call.group === undefined) return;
    const isOurs = address === undefined || limited === "account";
    const reading = isOurs
      ? readLimits(venue, { status, headers, limited: limited !== undefined, text })
      : undefined;
    const holdMs = reading?.kind === "banned" ? reading.banMs : (reading?.holdMs ?? 0);
    if (holdMs <= 0) return;
    budgets[call.group]!.hold(Math.min(holdMs, HOLD_MS_MAX));
    if (reading?.kind !== "fine")
      log.warn("venue refused an account because of its limit", { venue, status, holdMs });
  }

  /** Texts of the venue without the key, should it repeat it. */
  #scrubbed(result: HttpResult): HttpResult {
    if (result.kind !== "answer") return result;
    const { apiKey, secret } = this.#deps.key;
    if (!result.text.includes(apiKey) && !result.text.includes(secret)) return result;
    return { ...result, text: result.text.replaceAll(secret, "(secret)").replaceAll(apiKey, OWN_KEY) };
  }
}

/** Binance counts by the minute: after that there is room. */
const PATIENCE_MS = 60_000;

/** Of an address's budget: what is kept for the urgent, and a fifth for entries and lists. */
const LEFT_BY_PATIENT_RATIO = 0.5;

/** Its place in the budgets. */
export function hastily({ haste = "usual" }: ReadOptions = {}): Pick<Call, "urgent" | "patienceMs"> {
  return { urgent: haste === "urgent", ...(haste === "patient" && { patienceMs: PATIENCE_MS }) };
}

const HOLD_MS_MAX = 600_000;
/** Longer than any refusal. */
const REFUSAL_CHARS_MAX = 4_000;
/** What stands in a text where the venue repeated our key. */
export const OWN_KEY = "(key)";

function unsent(why: string): CallResult {
  return { kind: "unsent", why };
}
