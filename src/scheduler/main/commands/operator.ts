// The operator's commands: what the control port offers, from the shell of the scheduler's host.

import * as v from "valibot";
import { systemClock } from "../../../adapters/clock.ts";
import type { Command } from "../../../main/process.ts";
import { findingsOf } from "../../doctor.ts";
import { incidentsSchema, type Seen } from "../../seen.ts";
import { ageText, type CommandCall, CommandFault, operatorCommand, table } from "./client.ts";
import { look } from "./look.ts";

const WRONG = 1;

function statusText({ health, ticks, workers, venues, trading, incidents }: Seen): string {
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
      `${trading.mode}, ${trading.role}: ${trading.traders} traders, ${trading.positions.length} positions, ${trading.running} running, ${incidents.incidents.length} incidents`,
    ],
  ];
  for (const { scope, subject, halted, why } of trading.switches) {
    lines.push([
      "switch",
      `${[scope, subject].join(" ").trim()}: ${halted ? "halted" : "entries off"} (${why})`,
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
    table(["venue", "symbols", "used", "budget", ""], venueRows),
  ].join("\n");
}

async function kill({ client, flags, say }: CommandCall): Promise<number> {
  const { user, coin, why } = flags;
  if (user !== undefined && coin !== undefined)
    throw new CommandFault("Expected --user or --coin, not both.");
  const scope = user !== undefined ? "user" : coin !== undefined ? "coin" : "global";
  if (flags.halt && scope !== "global")
    throw new CommandFault("--halt stops everybody: leave --user and --coin out.");
  const body = {
    ...{ scope, ...(scope === "global" ? {} : { subject: String(user ?? coin) }) },
    ...(why !== undefined && { why }),
  };
  const whose = scope === "global" ? "everywhere" : `of ${scope} ${user ?? coin}`;
  const answers: unknown[] = [];
  if (flags.lift) {
    if (scope === "global") answers.push(await client.ask("POST", "/trading/resume", {}));
    answers.push(await client.ask("POST", "/trading/entries-on", body));
    say(answers, () => `Entries are on ${whose}.`);
    return 0;
  }
  if (flags.halt) {
    answers.push(await client.ask("POST", "/trading/halt", why === undefined ? {} : { why }));
    say(answers, () => "Halted: no entries, no exits at targets. Forced exits still start; what runs ends.");
    return 0;
  }
  answers.push(await client.ask("POST", "/trading/entries-off", body));
  say(answers, () => `Entries are off ${whose}. Exits go on; --halt stops those at targets too.`);
  return 0;
}

async function incidents({ client, given, say }: CommandCall): Promise<number> {
  const [verb, id] = given;
  if (verb === undefined) {
    const { incidents: open } = v.parse(incidentsSchema, await client.ask("GET", "/incidents"));
    const nowMs = systemClock.nowMs();
    const rows = open.map((one) => [
      one.incidentId,
      one.userId,
      one.kind,
      one.coin,
      ageText(nowMs - one.openedAtMs),
      one.detail,
    ]);
    say(open, () =>
      rows.length === 0 ? "No incident is open." : table(["id", "user", "kind", "coin", "age", "what"], rows),
    );
    return 0;
  }
  if (verb !== "close" || !/^\d+$/.test(id ?? "") || given.length !== 2) {
    throw new CommandFault("Expected nothing, or: close NUMBER.");
  }
  const answer = await client.ask("POST", `/incidents/${id}/close`, {});
  say(answer, () => `Incident ${id} is closed; that user's entries go on.`);
  return 0;
}

async function forceClose({ client, given: [user = "", coin = ""], say }: CommandCall): Promise<number> {
  const answer = await client.ask("POST", "/trading/force", {
    userId: Number(user),
    coin: coin.toUpperCase(),
  });
  say(answer, () => `${coin.toUpperCase()} of user ${user} is left at any rate: ${answer.outcome}.`);
  return 0;
}

async function doctor({ client, say }: CommandCall): Promise<number> {
  const findings = findingsOf(await look(client), systemClock.nowMs());
  say(findings, () => {
    if (findings.length === 0) return "All is well.";
    return findings
      .map(({ level, what, todo }) => `${level === "wrong" ? "WRONG" : "look "} ${what}\n      ${todo}`)
      .join("\n");
  });
  return findings.some(({ level }) => level === "wrong") ? WRONG : 0;
}

export const OPERATOR_COMMANDS: readonly Command[] = [
  operatorCommand({
    words: ["status"],
    about: "Ticks, workers, venues and trading at a glance. Exit code 1 when the scheduler is ill.",
    run: async ({ client, say }) => {
      const seen = await look(client);
      say(seen, () => statusText(seen));
      return seen.health.healthy ? 0 : WRONG;
    },
  }),
  operatorCommand({
    words: ["doctor"],
    about:
      "Says what is wrong and what to do. Exit code 1 when something is. --check looks at settings and servers.",
    run: doctor,
  }),
  operatorCommand({
    words: ["kill"],
    about:
      "Stops entries, everywhere or of a user or coin; --halt stops exits at targets as well; --lift takes it back.",
    usage: "[--user ID | --coin BTC] [--halt] [--lift] [--why TEXT]",
    options: [
      "  What runs ends in any case: no leg is left alone. It holds within a second and survives restarts.",
    ],
    flags: {
      user: { type: "string" },
      coin: { type: "string" },
      halt: { type: "boolean" },
      lift: { type: "boolean" },
      why: { type: "string" },
    },
    run: kill,
  }),
  operatorCommand({
    words: ["drain"],
    about:
      "Begins nothing more, lets what runs end and hands over to a standby. Then this scheduler can be stopped.",
    run: async ({ client, say }) => {
      const answer = await client.ask("POST", "/trading/drain", {});
      say(answer, () => "Drained: nothing runs here any more, and the lease is free.");
      return 0;
    },
  }),
  operatorCommand({
    words: ["reconcile"],
    about: "Compares every position and open order with the venues now. Exit code 1 when incidents are open.",
    run: async ({ client, say }) => {
      const answer = await client.ask("POST", "/trading/reconcile", {});
      const { incidents: open } = v.parse(incidentsSchema, answer);
      say(answer, () => `${answer.positions} positions compared, ${open.length} incidents open.`);
      return open.length > 0 ? WRONG : 0;
    },
  }),
  operatorCommand({
    words: ["incidents"],
    about: "Lists what needs somebody, or closes one that has been looked into.",
    usage: "[close NUMBER]",
    positionals: -1,
    run: incidents,
  }),
  operatorCommand({
    words: ["force-close"],
    about: "Leaves a user's position in a coin at any rate.",
    usage: "USER COIN",
    positionals: 2,
    run: forceClose,
  }),
  operatorCommand({
    words: ["ticks"],
    about: "Pauses or resumes the ticks.",
    usage: "pause | resume",
    positionals: 1,
    run: async ({ client, given: [verb = ""], say }) => {
      if (verb !== "pause" && verb !== "resume") throw new CommandFault("Expected pause or resume.");
      const answer = await client.ask("POST", `/ticks/${verb}`, {});
      say(answer, () => (verb === "pause" ? "Ticks are paused." : "Ticks go on at the next beat."));
      return 0;
    },
  }),
  operatorCommand({
    words: ["log-level"],
    about: "Shows how much is logged, or changes it until the next start.",
    usage: "[debug | info | warn | error]",
    positionals: -1,
    run: async ({ client, given: [level], say }) => {
      const answer = level
        ? await client.ask("PUT", "/log-level", { level })
        : await client.ask("GET", "/log-level");
      say(answer, () => `LOG_LEVEL is ${answer.level}.`);
      return 0;
    },
  }),
];
