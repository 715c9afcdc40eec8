// What the api asks of the scheduler that leads (src/ports/desk.ts): what is wrong with a user's key, and what he has at
// the venues. Few questions at once, one of each user; each ends after 5 s, but its place is taken until the venues have
// ended too. Reads are not urgent: the adapters let trading go first.

import type { UnreadReason, VenueBalances } from "../../schema/messages/desk.ts";
import { DOMESTIC_VENUES, legRoleOf, OVERSEAS_VENUES, VENUES, type Venue } from "../../schema/vocabulary.ts";
import { keyFinding } from "../domain/key-finding.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { AnswerDesk, DeskAnswer, DeskQuestion } from "../ports/desk.ts";
import type { TradingMode } from "../ports/journal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { UserVenues } from "../ports/trading-desk.ts";
import { type TradingVenue, VenueReadFault } from "../ports/trading-venue.ts";

export interface DeskParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this scheduler is the one that leads. */
  readonly leads: () => boolean;
  /** With the users' own keys, also while trading is on paper. Undefined: there is no ENCRYPTION_KEY. */
  readonly keyed: UserVenues | undefined;
  /** Whose balances count: the same, or the paper accounts. */
  readonly venues: UserVenues;
  readonly mode: TradingMode;
}

const AT_ONCE_MAX = 4;
const WITHIN_MS = 5_000;
const FINDINGS_MAX = 20;
const DETAIL_CHARS_MAX = 300;
const LATE = "late";

export function createDeskAnswers(parts: DeskParts): AnswerDesk {
  const { clock, log } = parts;
  const running = new Set<number>();
  return async (question) => {
    if (!parts.leads()) return undefined;
    const { userId, op } = question;
    if (running.has(userId) || running.size >= AT_ONCE_MAX) return { kind: "busy" };
    running.add(userId);
    const work = (op === "test-key" ? testKey(parts, question) : readBalances(parts, userId))
      .catch((error): DeskAnswer => {
        log.warn("a question was not answered", { op, userId, error });
        return { kind: "unread", why: reasonOf(error) };
      })
      .finally(() => running.delete(userId));
    return await within(clock, work, { kind: "unread", why: LATE });
  };
}

async function testKey(
  { keyed, log }: DeskParts,
  { userId, venue }: DeskQuestion & { op: "test-key" },
): Promise<DeskAnswer> {
  if (!keyed) return { kind: "unread", why: "no-encryption-key" };
  const opened = await open(keyed, userId, venue);
  if (!opened) return { kind: "unread", why: "no-key" };
  const findings = [...(await opened.keyFaults())];
  // What the key may do was asked; whether it reads is tried.
  if (findings.every(({ code }) => STILL_READS.has(code)) && !(await readsBalances(opened))) {
    findings.push(keyFinding("permission-missing"));
  }
  log.info("a key was tested", { userId, venue, findings: findings.map(({ code }) => code).join(" ") });
  const shown = findings.slice(0, FINDINGS_MAX).map(({ code, detail }) => {
    return { code, detail: detail.slice(0, DETAIL_CHARS_MAX) };
  });
  return { kind: "tested", findings: shown };
}

/** False: the venue refuses that to the key. Rejects with VenueReadFault for anything else. */
async function readsBalances(venue: TradingVenue): Promise<boolean> {
  try {
    await venue.balances();
    return true;
  } catch (fault) {
    if (fault instanceof VenueReadFault && fault.rejection?.kind === "key") return false;
    throw fault;
  }
}

/** With these a key still reads balances. */
const STILL_READS: ReadonlySet<string> = new Set([
  ...["may-not-order", "may-not-trade", "may-withdraw", "any-address", "ends-soon"],
]);

async function readBalances({ clock, log, venues, mode }: DeskParts, userId: number): Promise<DeskAnswer> {
  const read = await Promise.all(
    VENUES.map((venue) => {
      const balances = balancesAt(venues, userId, venue).catch((error): VenueBalances => {
        log.debug("balances were not read", { userId, venue, error });
        return { state: "unread", venue, why: reasonOf(error) };
      });
      // Before the question itself is late: one slow venue hides no other.
      return within(clock, balances, { state: "unread", venue, why: LATE }, WITHIN_MS - 500);
    }),
  );
  return { kind: "balances", mode, venues: read };
}

async function balancesAt(venues: UserVenues, userId: number, venue: Venue): Promise<VenueBalances> {
  const opened = await open(venues, userId, venue);
  if (!opened) return { state: "unread", venue, why: "no-key" };
  const money = legRoleOf(venue) === "domestic" ? "KRW" : "USDT";
  const held = (await opened.balances()).map(({ asset, free, locked }) => {
    return { asset, free, total: free.plus(locked) };
  });
  const rank = (asset: string) => `${asset === money ? 0 : 1} ${asset}`;
  const balances = held
    .filter(({ asset, total }) => asset === money || !total.isZero)
    .sort((one, other) => (rank(one.asset) < rank(other.asset) ? -1 : 1))
    .map(({ asset, free, total }) => ({ asset, free: free.toString(), total: total.toString() }));
  if (balances[0]?.asset !== money) balances.unshift({ asset: money, free: "0", total: "0" });
  return { state: "read", venue, balances };
}

async function open(venues: UserVenues, userId: number, venue: Venue): Promise<TradingVenue | undefined> {
  const home = DOMESTIC_VENUES.find((one) => one === venue);
  if (home) return await venues.domestic(userId, home);
  return await venues.overseas(userId, OVERSEAS_VENUES.find((one) => one === venue)!);
}

function reasonOf(error: unknown): UnreadReason {
  if (isPassing(error)) return "store-away";
  const kind = error instanceof VenueReadFault ? error.rejection?.kind : undefined;
  if (kind === "key") return "key-refused";
  return kind === "limited" ? "limited" : "no-answer";
}

async function within<T>(clock: Clock, work: Promise<T>, late: T, withinMs = WITHIN_MS): Promise<T> {
  const ended = new AbortController();
  try {
    return await Promise.race([work, clock.sleep(withinMs, ended.signal).then(() => late)]);
  } finally {
    ended.abort();
  }
}
