// The operator's commands: what the control port offers, from the shell of the scheduler's host.

import * as v from "valibot";
import type { Command } from "../../../main/process.ts";
import { LOG_LEVEL } from "../../control-bodies.ts";
import { incidentsSchema } from "../../seen.ts";
import { type CommandCall, coinName, operatorCommand, UsageFault, userNumber } from "./client.ts";
import { type CheckServers, doctor } from "./doctor.ts";
import { look } from "./look.ts";
import { audit, incidents, positions, quarantine } from "./records.ts";
import { statusText } from "./status-text.ts";

const WRONG = 1;

async function kill({ client, flags, say }: CommandCall): Promise<number> {
  const { user, coin, why } = flags;
  if (user !== undefined && coin !== undefined) throw new UsageFault("Expected --user or --coin, not both.");
  const scope = user !== undefined ? "user" : coin !== undefined ? "coin" : "global";
  if (flags.halt && scope !== "global")
    throw new UsageFault("--halt stops everybody: leave --user and --coin out.");
  const subject =
    user !== undefined
      ? `${userNumber(String(user), "Expected --user NUMBER.")}`
      : coin !== undefined
        ? coinName(String(coin), "Expected --coin TICKER.")
        : "";
  const body = {
    ...{ scope, ...(scope === "global" ? {} : { subject }) },
    ...(why !== undefined && { why }),
  };
  const whose = scope === "global" ? "everywhere" : `for ${scope} ${subject}`;
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

async function forceClose({ client, given: [user = "", coin = ""], say }: CommandCall): Promise<number> {
  const expected = "Expected a user's number and a coin: force-close 7 XRP.";
  const body = { userId: userNumber(user, expected), coin: coinName(coin, expected) };
  const answer = await client.ask("POST", "/trading/force", body);
  // Stored in any case: it goes on through a restart.
  const by = answer.outcome === "asked" ? "by the scheduler that leads" : "from now on";
  say(answer, () => `${body.coin} of user ${body.userId} is left at any rate, ${by}.`);
  return 0;
}

/** As it is typed, without signs or exponents. */
const PRICE = /^\d{1,12}(\.\d{1,12})?$/;

async function settle({ client, flags, given: [user = "", coin = ""], say }: CommandCall): Promise<number> {
  const expected =
    "Expected a user's number, a coin and two prices per coin: settle 7 XRP --price-krw 2500.5 --price-usdt 1.75.";
  const priceKrw = String(flags["price-krw"] ?? "");
  const priceUsdt = String(flags["price-usdt"] ?? "");
  if (!PRICE.test(priceKrw) || !PRICE.test(priceUsdt)) throw new UsageFault(expected);
  const body = {
    ...{ userId: userNumber(user, expected), coin: coinName(coin, expected), priceKrw, priceUsdt },
    ...{ unseen: !!flags.unseen, ownCoins: !!flags["own-coins"], oddRate: !!flags["odd-rate"] },
    ...(flags.why !== undefined && { why: flags.why }),
  };
  const answer = await client.ask("POST", "/trading/settle", body);
  const what = `${body.coin} of user ${body.userId}`;
  say(answer, () =>
    answer.outcome === "settled"
      ? `${what} is settled. Its incident can be closed: incidents close NUMBER.`
      : `${what} is being settled: positions shows when it is gone.`,
  );
  return 0;
}

/** `checkServers`: what --check does, for a doctor whose scheduler does not answer. */
export const operatorCommands = (checkServers: CheckServers): readonly Command[] => [
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
      "Says what is wrong and what to do. Exit code 1 when something is. Where the port is silent: what --check finds.",
    run: (call) => doctor(call, checkServers),
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
    usage: "[close NUMBER [--note TEXT]]",
    options: ["  --note TEXT  what was found; it is kept with the incident."],
    flags: { note: { type: "string" } },
    positionals: -1,
    run: incidents,
  }),
  operatorCommand({
    words: ["positions"],
    about: "Lists every open position, and which trades run.",
    run: positions,
  }),
  operatorCommand({
    words: ["audit"],
    about: "The newest changes to keys, strategies, switches and the like, of everybody or of one user.",
    usage: "[--user ID]",
    flags: { user: { type: "string" } },
    run: audit,
  }),
  operatorCommand({
    words: ["quarantine"],
    about: "Rates and identities of coins that are not believed, and why.",
    run: quarantine,
  }),
  operatorCommand({
    words: ["force-close"],
    about: "Leaves a user's position in a coin at any rate.",
    usage: "USER COIN",
    positionals: 2,
    run: forceClose,
  }),
  operatorCommand({
    words: ["settle"],
    about:
      "Records what a user got for a position that he closed at the venues, its market being gone. Sends nothing.",
    usage: "USER COIN --price-krw P --price-usdt P [--why TEXT] [--unseen] [--own-coins] [--odd-rate]",
    options: [
      "  --price-krw P   got in Korea, KRW per coin, fees taken off.",
      "  --price-usdt P  paid for the short, USDT per coin (not per contract), fees added.",
      "  --unseen        also when an account cannot be read: you have seen that both legs are gone.",
      "  --own-coins     also when the user still has coins in Korea: they are others of his.",
      "  --odd-rate      also when the prices make a rate more than 50 % away from the one at entry.",
      "  Nothing takes it back.",
    ],
    flags: {
      "price-krw": { type: "string" },
      "price-usdt": { type: "string" },
      why: { type: "string" },
      unseen: { type: "boolean" },
      "own-coins": { type: "boolean" },
      "odd-rate": { type: "boolean" },
    },
    positionals: 2,
    run: settle,
  }),
  operatorCommand({
    words: ["ticks"],
    about: "Pauses or resumes the ticks.",
    usage: "pause | resume",
    positionals: 1,
    run: async ({ client, given: [verb = ""], say }) => {
      if (verb !== "pause" && verb !== "resume") throw new UsageFault("Expected pause or resume.");
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
    run: async ({ client, given: [level, ...more], say }) => {
      if (more.length > 0 || (level !== undefined && !v.is(LOG_LEVEL, { level })))
        throw new UsageFault("Expected nothing, or debug, info, warn or error.");
      const answer = level
        ? await client.ask("PUT", "/log-level", { level })
        : await client.ask("GET", "/log-level");
      say(answer, () => `LOG_LEVEL is ${answer.level}.`);
      return 0;
    },
  }),
];
