// What an answer to an order means: accepted, definitely refused, or unknown. Each venue brings a table of its codes
// with the reason beside each row; what no row names is unknown, never a guess that nothing happened.
//
// Order of belief: no answer and 5xx or 408 are unknown whatever they say (but see Binance's 503); 418 and 429 are
// refusals by their status alone; then the code in the body; a body that cannot be read is unknown.

import type { PlaceOutcome, Rejection, RejectKind } from "../../ports/trading-venue.ts";
import type { HttpResult } from "./signed-http.ts";

export interface RefusalRow {
  /** The venue's codes or names, or a pattern over "code message" where the documents name none. */
  readonly codes: readonly (string | number)[] | RegExp;
  readonly kind: RejectKind | "unknown";
  /** Whether the client order id is certainly not used up. */
  readonly idStillFree: boolean;
  /** Why it is read so; also the source, as in docs/venues.md. */
  readonly why: string;
}

/** A venue's own words in an answer. */
export interface VenueWords {
  readonly code: string;
  readonly message: string;
}

export interface AnswerRules {
  /** First match wins. */
  readonly rows: readonly RefusalRow[];
  /** Reads the refusal in a body; undefined when there is none that can be read. */
  readonly wordsIn: (text: string) => VenueWords | undefined;
  /** Rows for HTTP statuses that say enough by themselves. */
  readonly statuses: ReadonlyMap<number, StatusRow>;
  /** Set: bodies that decide before anything else (Binance's 503 texts). */
  readonly first?: (status: number, words: VenueWords | undefined) => StatusRow | undefined;
  /** What readable words without a row mean, by HTTP status; undefined: unknown. */
  readonly otherwise?: (status: number) => Omit<RefusalRow, "codes"> | undefined;
}

export type StatusRow = Omit<RefusalRow, "codes">;

/** Statuses that mean the same at all four. */
export const LIMIT_STATUSES: readonly (readonly [number, StatusRow])[] = [
  [429, { kind: "limited", idStillFree: true, why: "too many requests: refused before it was read D" }],
  [418, { kind: "limited", idStillFree: true, why: "blocked for going on after 429 D" }],
];

const MESSAGE_CHARS_MAX = 200;

export type Verdict =
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "unknown"; readonly why: string };

/** Reads a refusal (anything that is not the venue's yes). */
export function readRefusal(status: number, text: string, rules: AnswerRules): Verdict {
  const words = rules.wordsIn(text);
  const row = rowFor(status, words, rules);
  const said = words ? `${words.code} ${words.message}`.trim() : "no readable body";
  if (row === undefined || row.kind === "unknown") {
    return { kind: "unknown", why: `HTTP ${status}: ${said}`.slice(0, MESSAGE_CHARS_MAX) };
  }
  return {
    kind: "rejected",
    rejection: {
      kind: row.kind,
      code: words?.code ?? `http ${status}`,
      message: (words?.message ?? "").slice(0, MESSAGE_CHARS_MAX),
      idStillFree: row.idStillFree,
    },
  };
}

function rowFor(status: number, words: VenueWords | undefined, rules: AnswerRules): StatusRow | undefined {
  const first = rules.first?.(status, words);
  if (first) return first;
  if (status >= 500 || status === 408) return undefined;
  const byStatus = rules.statuses.get(status);
  if (byStatus) return byStatus;
  if (words === undefined) return undefined;
  return rowOf(rules.rows, words) ?? rules.otherwise?.(status);
}

/** The row for a venue's words. */
export function rowOf(rows: readonly RefusalRow[], { code, message }: VenueWords): RefusalRow | undefined {
  return rows.find(({ codes }) =>
    codes instanceof RegExp ? codes.test(`${code} ${message}`) : codes.some((each) => String(each) === code),
  );
}

/**
 * What became of an order that was sent. `venueOrderId` reads the id from the body of a yes; a yes without one is
 * unknown.
 */
export function placeOutcome(
  result: HttpResult,
  rules: AnswerRules,
  venueOrderId: (text: string) => string | undefined,
): PlaceOutcome {
  if (result.kind === "not-connected") return { kind: "unsent", why: "no connection to the venue" };
  if (result.kind === "no-answer") return { kind: "unknown", why: result.why };
  const { status, text } = result;
  if (status >= 200 && status < 300) {
    const id = venueOrderId(text);
    if (id !== undefined) return { kind: "accepted", venueOrderId: id };
  }
  return readRefusal(status, text, rules);
}

/** As the codes of a table, turned round: every code once. */
export function codesOf(rows: readonly RefusalRow[]): string[] {
  return rows.flatMap(({ codes }) => (codes instanceof RegExp ? [] : codes.map(String)));
}
