// The operator's commands that list what is stored or held: incidents, positions, the audit trail, the quarantine.

import * as v from "valibot";
import { systemClock } from "../../../adapters/clock.ts";
import { Decimal } from "../../../domain/decimal.ts";
import { reasonWords } from "../../../domain/notice-words.ts";
import { doubtText } from "../../identity-doubt.ts";
import { auditSchema, incidentsSchema, quarantineSchema, tradingSchema } from "../../seen.ts";
import { ageText, type CommandCall, table, UsageFault, userNumber } from "./client.ts";

export async function incidents({ client, flags, given, say }: CommandCall): Promise<number> {
  const [verb, id] = given;
  const { note } = flags;
  if (verb === undefined) {
    if (note !== undefined) throw new UsageFault("--note belongs to: close NUMBER.");
    const { incidents: open } = v.parse(incidentsSchema, await client.ask("GET", "/incidents"));
    const nowMs = systemClock.nowMs();
    const rows = open.map((one) => [
      one.incidentId,
      one.userId,
      one.kind,
      one.coin,
      ageText(nowMs - one.openedAtMs),
      reasonWords(one.detail, "en"),
    ]);
    say(open, () =>
      rows.length === 0 ? "No incident is open." : table(["id", "user", "kind", "coin", "age", "what"], rows),
    );
    return 0;
  }
  if (verb !== "close" || !/^\d+$/.test(id ?? "") || given.length !== 2) {
    throw new UsageFault("Expected nothing, or: close NUMBER.");
  }
  const answer = await client.ask("POST", `/incidents/${id}/close`, note === undefined ? {} : { note });
  say(answer, () => `Incident ${id} is closed; that user's entries go on.`);
  return 0;
}

export async function positions({ client, say }: CommandCall): Promise<number> {
  const trading = v.parse(tradingSchema, await client.ask("GET", "/trading"));
  const { mode, role, running, figures } = trading;
  const nowMs = systemClock.nowMs();
  const rows = trading.positions.map((one) => [
    one.userId,
    one.coin,
    one.pair,
    one.qtyCoin,
    amountText(one.spentKrw, 0),
    amountText(one.receivedUsdt, 2),
    `${one.leverage}x`,
    ageText(nowMs - one.openedAtMs),
  ]);
  const intents = (figures?.intents ?? []).map(({ kind, state, count }) => [kind, state, count]);
  say(trading, () => {
    // Of a standby nothing follows: it knows of no positions.
    if (!figures) return `This scheduler (${mode}, ${role}) knows of no positions: ask the one that leads.`;
    const heads = ["user", "coin", "pair", "coins", "spent KRW", "received USDT", "leverage", "age"];
    return [
      rows.length === 0 ? "No position is open." : table(heads, rows),
      "",
      running === 0 ? "No trade runs." : table(["running", "state", "count"], intents),
    ].join("\n");
  });
  return 0;
}

/** For eyes; --json has all digits. */
function amountText(amount: string, decimals: number): string {
  return Decimal.of(amount)
    .toFixed(decimals)
    .replace(/\B(?=(\d{3})+(\.|$))/g, ",");
}

export async function audit({ client, flags: { user }, say }: CommandCall): Promise<number> {
  const path =
    user === undefined ? "/audit" : `/audit?user=${userNumber(String(user), "Expected --user NUMBER.")}`;
  const { events } = v.parse(auditSchema, await client.ask("GET", path));
  const rows = events.map(({ atMs, actor, userId, action, subject, detail }) => [
    new Date(atMs).toISOString().replace(/\.\d+/, ""),
    actor,
    userId === null || userId === undefined ? "" : `${userId}`,
    action,
    subject,
    Object.entries(detail)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  say(events, () =>
    rows.length === 0
      ? "Nothing has been changed."
      : table(["at (UTC)", "by", "user", "what", "of", "detail"], rows),
  );
  return 0;
}

export async function quarantine({ client, say }: CommandCall): Promise<number> {
  const held = v.parse(quarantineSchema, await client.ask("GET", "/quarantine"));
  const nowMs = systemClock.nowMs();
  const rates = held.rates.map(({ coin, pair, rateKrwPerUsdt, sinceAtMs }) => [
    coin,
    pair,
    rateKrwPerUsdt.toFixed(2),
    ageText(nowMs - sinceAtMs),
  ]);
  const identities = Object.entries(held.identities).flatMap(([venue, doubts]) =>
    Object.entries(doubts).map(([symbol, doubt]) => [venue, symbol, doubtText(doubt, "en")]),
  );
  say(held, () => {
    const tables = [
      ...(rates.length > 0 ? [table(["coin", "pair", "KRW per USDT", "for"], rates)] : []),
      ...(identities.length > 0 ? [table(["venue", "symbol", "not believed: its price"], identities)] : []),
    ];
    return tables.length === 0 ? "Everything is believed." : tables.join("\n\n");
  });
  return 0;
}
