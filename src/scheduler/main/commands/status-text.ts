// `schedulerx-scheduler status` as people read it.

import { VENUES } from "../../../../schema/vocabulary.ts";
import { reasonWords } from "../../../domain/notice-words.ts";
import { spendingByAddress } from "../../address-spending.ts";
import type { Seen, SeenProcesses } from "../../seen.ts";
import { ageText, table } from "./client.ts";

export function statusText({ health, ticks, workers, venues, trading, incidents, processes }: Seen): string {
  const { lastClosed, reference } = ticks;
  const linkText = ({ up, detail }: { up: boolean; detail: string }) => `${up ? "up" : "AWAY"} (${detail})`;
  const lines: [string, string][] = [
    ["scheduler", `${health.healthy ? "well" : "ILL"}, up for ${ageText(health.uptimeMs)}`],
    ["bus", linkText(health.links.bus)],
    ["database", linkText(health.links.database)],
    ...(health.links.redis ? [["redis", linkText(health.links.redis)] as [string, string]] : []),
    [
      "ticks",
      `every ${ticks.periodMs / 1_000} s${ticks.paused ? ", PAUSED" : ""}, last closed ${health.tickAgeMs === undefined ? "never" : `${ageText(health.tickAgeMs)} ago`}` +
        (lastClosed ? `, ${lastClosed.rowCount} rates, ${lastClosed.missing.length} missing` : ""),
    ],
    ["reference", reference ? `${reference.priceKrw} KRW` : "none"],
    ["coins", `${venues.coins}`],
    [
      "trading",
      `${trading.mode}, ${trading.role}: ${heldText(trading)}, ${incidents.incidentCount} incidents`,
    ],
  ];
  for (const { scope, subject, halted, why } of trading.switches) {
    lines.push([
      "switch",
      `${[scope, subject].join(" ").trim()}: ${halted ? "halted" : "entries off"} (${reasonWords(why, "en")})`,
    ]);
  }
  const workerRows = workers.workers.map((worker) => [
    worker.id,
    worker.sourceAddress,
    ageText(worker.silentMs),
    worker.taskCount,
  ]);
  const venueRows = Object.entries(venues.budgets).map(([venue, { allowed, used, holdMs, banMs }]) => [
    venue,
    venues.lists[venue]?.count ?? 0,
    used,
    allowed,
    banMs > 0 ? `banned for ${ageText(banMs)}` : holdMs > 0 ? `silent for ${ageText(holdMs)}` : "",
  ]);
  return [
    lines.map(([name, text]) => `${name.padEnd(10)}${text}`).join("\n"),
    "",
    table(["worker", "address", "silent", "tasks"], workerRows),
    "",
    "Of the scheduler's own budget:",
    table(["venue", "symbols", "used", "budget", ""], venueRows),
    "",
    "Left at each address, of what the venue allows it:",
    addressTable(processes),
  ].join("\n");
}

function heldText({ role, figures, traders, positionCount, running }: Seen["trading"]): string {
  // Of a standby or a drained one nothing follows: it knows of no positions.
  return figures || role === "off"
    ? `${traders} traders, ${positionCount} positions, ${running} running`
    : "what is open is known to the one that leads";
}

function addressTable(processes: SeenProcesses): string {
  if (processes.length === 0) return "Nobody announces itself on the bus.";
  const byVenue = VENUES.map((venue) => spendingByAddress(venue, processes));
  const rows = byVenue[0]!.map(({ address }, index) => [
    address,
    processes.filter(({ sourceAddress }) => sourceAddress === address).length,
    ...byVenue.map((addresses) => {
      const { left, capacity, banMs } = addresses[index]!;
      return banMs > 0 ? `banned for ${ageText(banMs)}` : `${Math.round(left)} of ${capacity}`;
    }),
  ]);
  return table(["address", "processes", ...VENUES], rows);
}
