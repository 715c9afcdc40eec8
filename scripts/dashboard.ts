// Prints the Grafana dashboard from a table of panels: `bun scripts/dashboard.ts` writes
// scripts/deploy/grafana/dashboard.json, and a test compares it.

import { join } from "node:path";

export const DASHBOARD_FILE = join(import.meta.dir, "deploy/grafana/dashboard.json");

interface Panel {
  readonly title: string;
  readonly kind: "stat" | "timeseries";
  /** Grafana's name of the unit. */
  readonly unit: string;
  /** PromQL by its legend. */
  readonly lines: Readonly<Record<string, string>>;
  /** A stat at or above it is red. */
  readonly redFrom?: number;
}

const RATE = "[$__rate_interval]";
const perSecond = (name: string, by: string) => `sum${by && ` by (${by})`} (rate(${name}${RATE}))`;
const quantile = (part: number, name: string) =>
  `histogram_quantile(${part}, sum by (le) (rate(${name}_bucket${RATE})))`;
const stat = (title: string, unit: string, expr: string, redFrom?: number): Panel => {
  return { title, kind: "stat", unit, lines: { "": expr }, ...(redFrom === undefined ? {} : { redFrom }) };
};
const graph = (title: string, unit: string, lines: Panel["lines"]): Panel => {
  return { title, kind: "timeseries", unit, lines };
};

const ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: "At a glance",
    panels: [
      stat("Unhedged now", "currencyKRW", "max(schedulerx_unhedged_notional_krw)", 1),
      stat("Incidents open", "none", "sum(max by (kind) (schedulerx_incidents_open))", 1),
      stat("Last tick", "s", "time() - max(schedulerx_tick_last_timestamp_seconds)", 120),
      stat("Schedulers that lead", "none", "sum(schedulerx_lease_held)", 2),
      stat("Workers", "none", "max(schedulerx_workers)"),
      stat("Alerts", "none", 'count(ALERTS{alertstate="firing"}) or vector(0)', 1),
    ],
  },
  {
    title: "Rates",
    panels: [
      graph("Tick duration", "s", {
        median: quantile(0.5, "schedulerx_tick_duration_seconds"),
        "19 of 20": quantile(0.95, "schedulerx_tick_duration_seconds"),
        "tick length": "max(schedulerx_tick_interval_seconds)",
      }),
      graph("Age of books when reported", "s", {
        median: quantile(0.5, "schedulerx_book_age_seconds"),
        "99 of 100": quantile(0.99, "schedulerx_book_age_seconds"),
      }),
      graph("Pairs without a rate", "none", {
        "{{reason}}": 'max by (reason) (schedulerx_rates{reason!="none"})',
        quarantined: "max(schedulerx_rates_quarantined)",
      }),
      graph("Rates lost by reason", "ops", {
        "{{reason}}": perSecond("schedulerx_rate_nulls_total", "reason"),
      }),
      graph("Ticks", "ops", {
        issued: perSecond("schedulerx_ticks_issued_total", ""),
        incomplete: perSecond("schedulerx_ticks_incomplete_total", ""),
        skipped: perSecond("schedulerx_ticks_skipped_total", ""),
        "late reports": perSecond("schedulerx_reports_late_total", ""),
      }),
      graph("Reference price", "currencyKRW", { "KRW for one USDT": "max(schedulerx_reference_price_krw)" }),
      graph("Coins and lists", "none", {
        coins: "max(schedulerx_coins)",
        "{{venue}}": "max by (venue) (schedulerx_listings)",
      }),
    ],
  },
  {
    title: "Exchanges",
    panels: [
      graph("Answers", "reqps", {
        "{{venue}} {{outcome}}": perSecond("schedulerx_fetches_total", "venue, outcome"),
      }),
      graph("Budget left", "percentunit", {
        "{{venue}} {{instance}}": "schedulerx_budget_left / schedulerx_budget_allowed",
      }),
      graph("Silent after a refusal", "s", {
        "{{venue}}": "max by (venue) (schedulerx_venue_hold_seconds)",
        "{{venue}} ban": "max by (venue) (schedulerx_venue_ban_seconds)",
      }),
      graph("Refusals", "ops", {
        "{{venue}} {{status}}": perSecond("schedulerx_venue_refusals_total", "venue, status"),
      }),
      graph("Tasks of the workers", "ops", {
        "{{outcome}}": perSecond("schedulerx_worker_tasks_total", "outcome"),
        "not taken by the bus": perSecond("schedulerx_tasks_failed_total", ""),
      }),
    ],
  },
  {
    title: "Trading",
    panels: [
      graph("Unhedged", "currencyKRW", { "on one leg only": "max(schedulerx_unhedged_notional_krw)" }),
      graph("Oldest open leg", "s", { oldest: "max(schedulerx_unhedged_oldest_seconds)" }),
      graph("Running", "none", { "{{kind}} {{state}}": "max by (kind, state) (schedulerx_intents)" }),
      graph("Ended", "ops", {
        "{{kind}} {{state}}": perSecond("schedulerx_intents_ended_total", "kind, state"),
      }),
      graph("Decisions", "ops", {
        "{{action}} {{reason}}": perSecond("schedulerx_decisions_total", "action, reason"),
      }),
      graph("Positions and strategies", "none", {
        positions: "max(schedulerx_positions_open)",
        strategies: "max(schedulerx_traders)",
      }),
      graph("Differences found", "ops", {
        "{{kind}} {{state}}": perSecond("schedulerx_reconciliation_findings_total", "kind, state"),
      }),
      graph("Since the last comparison", "s", {
        oldest: "time() - min(schedulerx_reconciliation_last_timestamp_seconds)",
      }),
      graph("Switched off", "none", {
        "entries of {{scope}}": "max by (scope) (schedulerx_entries_off)",
        halted: "max(schedulerx_halted)",
      }),
      graph("Incidents", "none", { "{{kind}}": "max by (kind) (schedulerx_incidents_open)" }),
      graph("Accounts their venues tell of", "none", {
        "{{venue}} {{state}}": "max by (venue, state) (schedulerx_account_streams)",
      }),
      graph("Role", "none", {
        "{{instance}} {{role}}": "schedulerx_trading_role == 1",
        "fence of {{instance}}": "schedulerx_lease_fence",
      }),
    ],
  },
  {
    title: "Clients and messages",
    panels: [
      graph("Streams", "none", {
        "{{format}}": "sum by (format) (schedulerx_clients)",
        "users' events": "sum(schedulerx_user_clients)",
      }),
      graph("Sent", "Bps", {
        "{{format}}": perSecond("schedulerx_stream_events_bytes_total", "format"),
        frames: perSecond("schedulerx_frames_bytes_total", ""),
      }),
      graph("Answers by status", "reqps", {
        "{{status}}": perSecond("schedulerx_http_responses_total", "status"),
      }),
      graph("Messages", "ops", {
        "notices sent": perSecond("schedulerx_notices_sent_total", ""),
        "notices lost": perSecond("schedulerx_notices_lost_total", ""),
        "events lost": perSecond("schedulerx_user_events_lost_total", ""),
        "frames failed": perSecond("schedulerx_frames_failed_total", ""),
      }),
    ],
  },
  {
    title: "Processes",
    panels: [
      graph("Memory", "bytes", {
        "{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"schedulerx-.*"}',
      }),
      graph("CPU", "percentunit", {
        "{{job}} {{instance}}": `rate(process_cpu_seconds_total{job=~"schedulerx-.*"}${RATE})`,
      }),
      graph("Links", "none", { "{{instance}} {{link}}": "schedulerx_link_up" }),
      graph("Disks, free", "percentunit", {
        "{{job}} {{instance}} {{folder}}": "schedulerx_disk_free_bytes / schedulerx_disk_size_bytes",
      }),
      graph("Versions", "none", {
        "{{process}} {{version}}": "count by (process, version) (schedulerx_build_info)",
      }),
    ],
  },
];

const COLUMNS = 24;
const STAT = { w: 4, h: 4 };
const GRAPH = { w: 8, h: 8 };
/** Grafana's own variable: whichever Prometheus is chosen above the panels. */
const DATASOURCE = { type: "prometheus", uid: "$datasource" };

/** The document Grafana imports. */
export function dashboard(): object {
  const panels: object[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({
      ...{ id: panels.length + 1, type: "row", title: row.title, collapsed: false, panels: [] },
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    });
    const size = row.panels.every(({ kind }) => kind === "stat") ? STAT : GRAPH;
    const perLine = COLUMNS / size.w;
    for (const [at, panel] of row.panels.entries()) {
      const gridPos = { ...size, x: (at % perLine) * size.w, y: y + Math.floor(at / perLine) * size.h };
      panels.push({ id: panels.length + 1, ...panelOf(panel), gridPos });
    }
    y += Math.ceil(row.panels.length / perLine) * size.h;
  }
  return {
    ...{ uid: "schedulerx", title: "SchedulerX", tags: ["schedulerx"], schemaVersion: 39, version: 1 },
    ...{ editable: true, refresh: "10s", timezone: "Asia/Seoul", time: { from: "now-3h", to: "now" } },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels,
  };
}

function panelOf({ title, kind, unit, lines, redFrom }: Panel): object {
  const steps = [
    { color: "green", value: null },
    ...(redFrom === undefined ? [] : [{ color: "red", value: redFrom }]),
  ];
  return {
    ...{ type: kind, title, datasource: DATASOURCE },
    targets: Object.entries(lines).map(([legendFormat, expr], index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: DATASOURCE, expr, legendFormat },
    })),
    fieldConfig: {
      defaults: { unit, min: 0, thresholds: { mode: "absolute", steps } },
      overrides: [],
    },
    options: kind === "stat" ? { colorMode: "background" } : { legend: { placement: "bottom" } },
  };
}

export function dashboardText(): string {
  return `${JSON.stringify(dashboard(), null, 2)}\n`;
}

if (import.meta.main) {
  await Bun.write(DASHBOARD_FILE, dashboardText());
  process.stdout.write("written: scripts/deploy/grafana/dashboard.json\n");
}
