// What is wrong with a scheduler, in words, and what to do about it: a pure function of what its port shows.

import type { Seen } from "./seen.ts";

export interface Finding {
  readonly level: "wrong" | "look";
  readonly what: string;
  readonly todo: string;
}

const LATE_PERIODS = 3;
const WORKER_SILENT_PERIODS = 3;
const LISTS_AGE_MS_MAX = 900_000;
const REFERENCE_AGE_MS_MAX = 10_000;
/** Nulls of one reason in a tick, on average since the start. */
const NULLS_PER_TICK_MAX = 4;
const YOUNG_MS = 60_000;
/** As the alert rules have it: scripts/deploy/prometheus/alerts.yml. */
const DISK_LOW_PCT = 15;
const DISK_FULL_PCT = 5;

const NULL_TODO: Readonly<Record<string, string>> = {
  stale: "Synchronise the hosts' clocks (chrony); a book's age is judged by them.",
  "rate-limited":
    "Two processes may share one address under two SOURCE_ADDRESS labels, or the tick is too short: --check prints the shortest.",
  "fetch-failed": "Look at the workers' logs and their way out: DNS, firewall, REQUEST_TIMEOUT_MS.",
  skewed: "A venue is slow from there: workers nearer to it, or a longer tick.",
  malformed: "A venue answers something new: LOG_LEVEL=debug on a worker shows what.",
  missing: "Tasks are not done within the tick: more workers, or a longer tick.",
};

const INCIDENT_TODO: Readonly<Record<string, string>> = {
  "needs-human": "Look at the orders at both venues. It is tried again every 30 s by itself.",
  "unknown-difference": "Compare the venue with the record (/trading); then close it.",
  "projection-failed": "Karbit's row is tried again each minute; look at the database's log.",
  key: "The user has to put in a key that works; then close it.",
  defect: "A fault of ours: keep the log, report it, then close it.",
};

/** Worst first; empty when all is well. */
export function findingsOf(seen: Seen, nowMs: number): readonly Finding[] {
  const found: Finding[] = [];
  const wrong = (what: string, todo: string) => void found.push({ level: "wrong", what, todo });
  const look = (what: string, todo: string) => void found.push({ level: "look", what, todo });
  ofLinks(seen, wrong);
  ofDisks(seen, { wrong, look });
  ofTicks(seen, nowMs, { wrong, look });
  ofVenues(seen, nowMs, { wrong, look });
  ofTrading(seen, nowMs, { wrong, look });
  return found.toSorted((a, b) => Number(a.level === "look") - Number(b.level === "look"));
}

type Tell = (what: string, todo: string) => void;
interface Tells {
  readonly wrong: Tell;
  readonly look: Tell;
}

function ofLinks({ health: { links } }: Seen, wrong: Tell): void {
  if (!links.bus.up) {
    wrong(`The bus is away: ${links.bus.detail}.`, "Start nats-server; check NATS_URL and its credentials.");
  }
  if (!links.database.up) {
    wrong(
      "The database is away: nothing is traded.",
      "Start PostgreSQL; check DATABASE_URL and the network.",
    );
  }
  if (links.redis && !links.redis.up) {
    wrong(
      `Redis is away: ${links.redis.detail}. Karbit and the edge see no new rates.`,
      "Start redis-server; check REDIS_URL.",
    );
  }
}

function ofDisks({ health: { disks } }: Seen, { wrong, look }: Tells): void {
  for (const { folder, freeBytes, sizeBytes } of disks) {
    const freePct = (100 * freeBytes) / sizeBytes;
    if (freePct >= DISK_LOW_PCT) continue;
    const tell = freePct < DISK_FULL_PCT ? wrong : look;
    tell(
      `The disk of ${folder} has ${freePct.toFixed(0)} % left; once it is full nothing is traded.`,
      "Make room: journald, old dumps, HISTORY_DAYS; or a larger disk.",
    );
  }
}

function ofTicks({ health, ticks, workers, trading }: Seen, nowMs: number, { wrong, look }: Tells): void {
  const { periodMs } = ticks;
  const isStandby = trading.role === "standby" || trading.role === "drained";
  if (ticks.paused) look("Ticks are paused by the operator.", "schedulerx-scheduler ticks resume");
  else if (!isStandby && health.uptimeMs > YOUNG_MS) {
    const { tickAgeMs } = health;
    if (tickAgeMs === undefined || tickAgeMs > LATE_PERIODS * periodMs) {
      wrong(
        "No tick has closed lately.",
        "See the findings about the bus and the workers, and the scheduler's log.",
      );
    }
  }
  const living = workers.workers.filter(({ silentMs }) => silentMs < WORKER_SILENT_PERIODS * periodMs);
  if (living.length === 0 && !isStandby && !ticks.paused) {
    wrong(
      "No worker has reported lately.",
      "Start schedulerx-worker on its hosts; its --check says what it lacks.",
    );
  }
  for (const { id, silentMs } of workers.workers) {
    if (silentMs >= WORKER_SILENT_PERIODS * periodMs && living.length > 0) {
      look(
        `Worker ${id} is silent for ${Math.round(silentMs / 1_000)} s.`,
        `journalctl -u schedulerx-worker on ${id}`,
      );
    }
  }
  const missing = ticks.lastClosed?.missing ?? [];
  if (missing.length > 0)
    look(
      `The last tick lacked ${missing.length} rates: ${missing.slice(0, 5).join(", ")}.`,
      NULL_TODO.missing!,
    );
  for (const [reason, count] of Object.entries(ticks.nullsByReason)) {
    const perTick = count / Math.max(1, ticks.counters.issued);
    const todo = NULL_TODO[reason];
    if (todo && perTick > NULLS_PER_TICK_MAX) {
      look(`${perTick.toFixed(0)} rates a tick are null as "${reason}", on average since the start.`, todo);
    }
  }
  const { reference } = ticks;
  if (!isStandby && (!reference || nowMs - reference.atMs > REFERENCE_AGE_MS_MAX)) {
    wrong(
      "There is no reference price: nothing is entered.",
      "Upbit's and Bithumb's KRW-USDT books are not to be had: see the venues.",
    );
  }
}

function ofVenues({ venues }: Seen, nowMs: number, { wrong, look }: Tells): void {
  for (const [venue, { refreshedAtMs, failing, count }] of Object.entries(venues.lists)) {
    if (count === 0)
      wrong(
        `${venue} has given no list of instruments yet.`,
        `Is its address reached from here? --check asks it.`,
      );
    else if (failing && nowMs - refreshedAtMs > LISTS_AGE_MS_MAX) {
      look(
        `${venue}'s lists are ${Math.round((nowMs - refreshedAtMs) / 60_000)} min old.`,
        'Look for "lists" in the log.',
      );
    }
  }
  for (const [venue, { banMs, strictness }] of Object.entries(venues.budgets)) {
    if (banMs > 0) {
      wrong(
        `${venue} has banned this address for another ${Math.ceil(banMs / 1_000)} s.`,
        "Nothing is asked of it meanwhile. Two processes behind one address need one SOURCE_ADDRESS label.",
      );
    } else if (strictness < 1)
      look(`${venue} has refused requests lately: less is asked of it.`, "It eases by itself.");
  }
}

function ofTrading({ trading, incidents }: Seen, nowMs: number, { wrong, look }: Tells): void {
  if (trading.role === "recovering") {
    look(
      "Trading recovers what a process before it had begun; entries open after that.",
      "Wait up to half a minute.",
    );
  }
  if (trading.role === "drained") {
    wrong("This scheduler has been drained: it trades no more.", "Restart it, or let the standby lead.");
  }
  for (const { scope, subject, entriesOff, halted, why, by, atMs } of trading.switches) {
    const what = halted ? "Trading is halted" : "Entries are off";
    if (!halted && !entriesOff) continue;
    const lift = `schedulerx-scheduler kill --lift${scope === "global" ? "" : ` --${scope} ${subject}`}`;
    const minutes = Math.round((nowMs - atMs) / 60_000);
    look(
      `${what} (${[scope, subject].join(" ").trim()}) for ${minutes} min by the ${by}: ${why || "no reason given"}.`,
      lift,
    );
  }
  for (const { incidentId, userId, kind, coin, detail } of incidents.incidents) {
    const about = coin ? ` in ${coin}` : "";
    wrong(
      `Incident ${incidentId}: ${kind} of user ${userId}${about}: ${detail}. Nothing is entered for this user.`,
      `${INCIDENT_TODO[kind] ?? "Look into it."} schedulerx-scheduler incidents close ${incidentId}`,
    );
  }
}
