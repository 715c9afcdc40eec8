// Everything the operator's page shows, in one answer. However many look on, it is made once a second at most, and a
// database that does not answer makes it wait no longer than that: what was known of incidents stands until then.

import type { Clock } from "../ports/clock.ts";
import type { SeenProcess } from "../ports/fleet.ts";
import type { LogLevelSwitch } from "../ports/telemetry.ts";
import type { Incident } from "../ports/traders.ts";
import {
  healthView,
  quarantineView,
  ticksView,
  tradingView,
  type ViewDeps,
  venuesView,
  workersView,
} from "./control-views.ts";

export interface OverviewDeps extends ViewDeps {
  readonly version: string;
  readonly logLevel: LogLevelSwitch;
  /** Processes that announce themselves, behind all addresses. */
  readonly fleet: () => readonly SeenProcess[];
}

const KEPT_MS = 1_000;
const INCIDENTS_WITHIN_MS = 1_000;
const ROWS_MAX = 100;

export type Overview = Awaited<ReturnType<typeof readOverview>>;

export interface OverviewReader {
  read(): Promise<Overview>;
  /** Something was changed: whoever asks next sees it. */
  forget(): void;
}

export function createOverview(deps: OverviewDeps): OverviewReader {
  const incidents = new LastIncidents(deps);
  let kept: { readonly overview: Promise<Overview>; readonly untilMs: number } | undefined;
  return {
    read() {
      const nowMs = deps.clock.monotonicMs();
      if (!kept || kept.untilMs <= nowMs) {
        kept = { overview: readOverview(deps, incidents), untilMs: nowMs + KEPT_MS };
      }
      return kept.overview;
    },
    forget() {
      kept = undefined;
    },
  };
}

async function readOverview(deps: OverviewDeps, known: LastIncidents) {
  const { incidents, areStale } = await known.read();
  const trading = tradingView(deps);
  const quarantine = quarantineView(deps);
  return {
    atMs: deps.clock.nowMs(),
    version: deps.version,
    logLevel: deps.logLevel.level,
    health: healthView(deps),
    ticks: { ...ticksView(deps), durations: deps.scheduler.ticks.durations.read() },
    workers: workersView(deps),
    venues: venuesView(deps),
    trading: {
      ...trading,
      positions: trading.positions.slice(0, ROWS_MAX),
      positionCount: trading.positions.length,
    },
    incidents: {
      incidents: incidents
        .slice(0, ROWS_MAX)
        .map(({ incidentId, userId, kind, coin, detail, openedAtMs }) => {
          return { incidentId, userId, kind, coin, detail, openedAtMs };
        }),
      incidentCount: incidents.length,
      /** The database did not give them just now. */
      areStale,
    },
    quarantine: {
      ...quarantine,
      rates: quarantine.rates.slice(0, ROWS_MAX),
      rateCount: quarantine.rates.length,
    },
    processes: deps.fleet(),
    rates: ratesNow(deps),
  };
}

/** Pairs of coins by why they have no rate now; "none": they have one. */
function ratesNow({ scheduler }: ViewDeps): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { reason } of scheduler.collector.table.rows()) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

class LastIncidents {
  #known: readonly Incident[] = [];
  #reading: Promise<boolean> | undefined;

  constructor(private readonly deps: { readonly trading: ViewDeps["trading"]; readonly clock: Clock }) {}

  async read(): Promise<{ readonly incidents: readonly Incident[]; readonly areStale: boolean }> {
    // One that still waits is waited for: a database in trouble is not asked twice at a time.
    this.#reading ??= this.#renew().finally(() => {
      this.#reading = undefined;
    });
    const giveUp = new AbortController();
    const late = this.deps.clock.sleep(INCIDENTS_WITHIN_MS, giveUp.signal).then(() => false);
    const isFresh = await Promise.race([this.#reading, late]);
    giveUp.abort();
    return { incidents: this.#known, areStale: !isFresh };
  }

  #renew(): Promise<boolean> {
    return this.deps.trading.incidents().then(
      (incidents) => {
        this.#known = incidents;
        return true;
      },
      () => false,
    );
  }
}
