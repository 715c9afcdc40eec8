// What is wrong with a scheduler, in words, and what to do about it: a pure function of what its port shows, for the
// command and the operator's page.

import { VENUES } from "../../schema/vocabulary.ts";
import { spendingByAddress } from "./address-spending.ts";
import { DOCTOR_WORDS, type DoctorWords, type NullReason } from "./doctor-words.ts";
import type { Seen } from "./seen.ts";
import { NO_WHY } from "./unsaid.ts";

export interface Finding {
  readonly level: "wrong" | "look";
  /** Which of the words it is. */
  readonly code: string;
  readonly what: string;
  readonly todo: string;
}

const LATE_PERIODS = 3;
const WORKER_SILENT_PERIODS = 3;
const LISTS_AGE_MS_MAX = 900_000;
const REFERENCE_AGE_MS_MAX = 10_000;
/** Pairs without a rate now for one reason: fewer come and go. */
const NULLS_MAX = 4;
/** Of all pairs; as the alert rules have it. */
const NULLS_RATIO_MAX = 0.2;
/** As the alert rules have it: scripts/deploy/prometheus/alerts.yml. */
const DISK_LOW_PCT = 15;
const DISK_FULL_PCT = 5;
const YOUNG_MS = 60_000;
const DAY_MS = 86_400_000;
/** Time to plan for it, and when it is no more put off. */
const CERTIFICATE_DAYS_MIN = 30;
const CERTIFICATE_DAYS_LAST = 3;
/** Each trade has a leg alone for a second or two. */
const LEG_ALONE_MS_MAX = 10_000;

type Code = Exclude<keyof DoctorWords, "nullTodo" | "incidentTodo">;
type Tell = <C extends Code>(code: C, ...values: Parameters<DoctorWords[C]>) => void;
interface Tells {
  readonly wrong: Tell;
  readonly look: Tell;
}

/** Worst first; empty when all is well. */
export function findingsOf(
  seen: Seen,
  nowMs: number,
  words: DoctorWords = DOCTOR_WORDS.en,
): readonly Finding[] {
  const found: Finding[] = [];
  const tell =
    (level: Finding["level"]): Tell =>
    (code, ...values) => {
      const [what, todo] = (words[code] as (...values: unknown[]) => readonly [string, string])(...values);
      found.push({ level, code, what, todo });
    };
  const tells = { wrong: tell("wrong"), look: tell("look") };
  ofLinks(seen, tells);
  ofDisks(seen, tells);
  ofCertificate(seen, nowMs, tells);
  ofTicks(seen, tells);
  ofRates(seen, nowMs, tells);
  ofVenues(seen, nowMs, tells);
  ofTrading(seen, nowMs, tells);
  return found.toSorted((a, b) => Number(a.level === "look") - Number(b.level === "look"));
}

function ofLinks({ health: { links } }: Seen, { wrong }: Tells): void {
  if (!links.bus.up) wrong("busAway", links.bus.detail);
  if (!links.database.up) wrong("databaseAway");
  if (links.redis && !links.redis.up) wrong("redisAway", links.redis.detail);
}

function ofCertificate(
  { health: { busCertificateEndAtMs } }: Seen,
  nowMs: number,
  { wrong, look }: Tells,
): void {
  if (busCertificateEndAtMs === undefined) return;
  const days = Math.floor((busCertificateEndAtMs - nowMs) / DAY_MS);
  if (days >= CERTIFICATE_DAYS_MIN) return;
  const tell = days < CERTIFICATE_DAYS_LAST ? wrong : look;
  tell("certificateEnds", days, new Date(busCertificateEndAtMs).toISOString().slice(0, 10));
}

function ofDisks({ health: { disks } }: Seen, { wrong, look }: Tells): void {
  for (const { folder, freeBytes, sizeBytes } of disks) {
    const freePct = (100 * freeBytes) / sizeBytes;
    if (freePct >= DISK_LOW_PCT) continue;
    const tell = freePct < DISK_FULL_PCT ? wrong : look;
    tell("diskFull", folder, freePct.toFixed(0));
  }
}

function ofTicks({ health, ticks, workers, trading }: Seen, { wrong, look }: Tells): void {
  const { periodMs } = ticks;
  const isStandby = trading.role === "standby" || trading.role === "drained";
  if (ticks.paused) look("paused");
  else if (!isStandby && health.uptimeMs > YOUNG_MS) {
    const { tickAgeMs } = health;
    if (tickAgeMs === undefined || tickAgeMs > LATE_PERIODS * periodMs) wrong("noTick");
  }
  const living = workers.workers.filter(({ silentMs }) => silentMs < WORKER_SILENT_PERIODS * periodMs);
  if (living.length === 0 && !isStandby && !ticks.paused) wrong("noWorker");
  for (const { id, silentMs } of workers.workers) {
    if (silentMs >= WORKER_SILENT_PERIODS * periodMs && living.length > 0) {
      look("workerSilent", id, Math.round(silentMs / 1_000));
    }
  }
}

/** Of the rates there are now: counts since the start say nothing of an outage that begins or is over. */
function ofRates({ ticks, trading, rates }: Seen, nowMs: number, { wrong, look }: Tells): void {
  const isStandby = trading.role === "standby" || trading.role === "drained";
  const { reference } = ticks;
  if (!isStandby && (!reference || nowMs - reference.atMs > REFERENCE_AGE_MS_MAX)) wrong("noReference");
  // Nobody renews them: what is in the table is of another time.
  if (isStandby || ticks.paused) return;
  const { rowCount = 0, missing = [] } = ticks.lastClosed ?? {};
  if (missing.length > 0) {
    const tell = missing.length > NULLS_RATIO_MAX * rowCount ? wrong : look;
    tell("missing", missing.length, missing.slice(0, 5).join(", "));
  }
  const pairCount = Object.values(rates).reduce((sum, count) => sum + count, 0);
  for (const [reason, count] of Object.entries(rates)) {
    // What is missing is told of above, by name.
    if (reason === "missing" || count <= NULLS_MAX || !isRemediable(reason)) continue;
    const tell = count > NULLS_RATIO_MAX * pairCount ? wrong : look;
    tell("nulls", { count, pairCount, reason });
  }
}

/** Others are the markets' own: nothing can be done about a thin book. */
function isRemediable(reason: string): reason is NullReason {
  return Object.hasOwn(DOCTOR_WORDS.en.nullTodo, reason);
}

function ofVenues({ venues, processes }: Seen, nowMs: number, { wrong, look }: Tells): void {
  for (const [venue, { refreshedAtMs, failing, count }] of Object.entries(venues.lists)) {
    if (count === 0) wrong("noList", venue);
    else if (failing && nowMs - refreshedAtMs > LISTS_AGE_MS_MAX) {
      look("oldList", venue, Math.round((nowMs - refreshedAtMs) / 60_000));
    }
  }
  for (const [venue, { banMs, strictness }] of Object.entries(venues.budgets)) {
    if (banMs > 0) wrong("banned", venue, Math.ceil(banMs / 1_000));
    else if (strictness < 1) look("refused", venue);
  }
  // Of a scheduler's own address its budgets tell; a standby's own doctor does.
  const own = new Set(
    processes.filter(({ role }) => role !== "worker").map(({ sourceAddress }) => sourceAddress),
  );
  for (const venue of VENUES) {
    for (const { address, banMs } of spendingByAddress(venue, processes)) {
      if (banMs > 0 && !own.has(address)) wrong("bannedElsewhere", venue, address, Math.ceil(banMs / 1_000));
    }
  }
}

function ofTrading({ trading, incidents }: Seen, nowMs: number, { wrong, look }: Tells): void {
  const { figures, role, switches } = trading;
  if (figures && figures.unhedgedOldestMs > LEG_ALONE_MS_MAX) {
    const krw = Math.round(Number(figures.unhedgedKrw)).toLocaleString("en-US");
    wrong("legAlone", krw, Math.round(figures.unhedgedOldestMs / 1_000));
  }
  if (role === "recovering") look("recovering");
  if (role === "drained") wrong("drained");
  for (const { scope: of, subject, entriesOff, halted, why, by, atMs } of switches) {
    if (!halted && !entriesOff) continue;
    const minutes = Math.round((nowMs - atMs) / 60_000);
    const lift = `schedulerx-scheduler kill --lift${of === "global" ? "" : ` --${of} ${subject}`}`;
    look("switched", { halted, scope: of, subject, minutes, by, why: why === NO_WHY ? "" : why, lift });
  }
  for (const incident of incidents.incidents) wrong("incident", incident);
}
