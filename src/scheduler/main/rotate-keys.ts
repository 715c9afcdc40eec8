// `schedulerx-scheduler keys rotate`: users' API keys encrypted anew. Tells counts, and users and venues by their ids and
// names; never a text.

import { parseArgs } from "node:util";
import { systemClock } from "../../adapters/clock.ts";
import { createFormerSecrets, createSecrets, type SecretFormat } from "../../adapters/secrets.ts";
import { type RotationReport, rotateKeys } from "../../adapters/store/key-rotation.ts";
import { checkKarbitTables } from "../../adapters/store/migrate.ts";
import { openPostgres } from "../../adapters/store/postgres.ts";
import { errorText } from "../../adapters/telemetry/log.ts";
import { type RotateKeysSettings, readEnvironment, rotateKeysFields, SettingsError } from "../../config.ts";
import { postgresOf, quietLog } from "../../main/connect.ts";
import { type Command, settingLines } from "../../main/process.ts";

const REACHED_WITHIN_MS = 4_000;
const WITHIN_MS = 120_000;
const STATEMENT_MS = 60_000;
const FORMATS: readonly SecretFormat[] = ["karbit", "envelope"];

export const ROTATE_KEYS: Command = {
  words: ["keys", "rotate"],
  about: "Encrypts users' API keys anew with another ENCRYPTION_KEY, or in the other format, and ends.",
  run: (args) =>
    runRotation(args, {
      say: (text) => void process.stdout.write(text),
      complain: (text) => void process.stderr.write(text),
    }),
};

const HELP = `schedulerx-scheduler keys rotate

Reads every stored API key with ENCRYPTION_KEY_OLD and writes it anew with ENCRYPTION_KEY, all in one transaction. When a
single text can be read with neither, nothing is changed and the exit code is 1.

Usage: schedulerx-scheduler keys rotate [--dry-run] [--to karbit|envelope] [--json] [--env-file FILE]

  --dry-run        read everything, say what would be done, change nothing
  --to FORMAT      write all in this format; without it each stays in the one it has. Karbit reads no envelopes.
  --json           the report as JSON
  --env-file FILE  read settings from a file of NAME=value lines; the environment wins

Stop the scheduler, the api and Karbit first: each of them has the old key, would find every key unreadable afterwards and
could not close a position. Then start them with the new ENCRYPTION_KEY. Running it again does no harm.

Settings (environment variables):

${settingLines(rotateKeysFields).join("\n")}
`;

interface Options {
  readonly dryRun: boolean;
  readonly convertTo: SecretFormat | undefined;
  readonly json: boolean;
  readonly envFile: string | undefined;
}

/** Resolves with the exit code. */
export async function runRotation(
  args: readonly string[],
  { say, complain }: { say: (text: string) => void; complain: (text: string) => void },
): Promise<number> {
  let options: Options | undefined;
  try {
    options = optionsOf(args);
  } catch (error) {
    complain(`${errorText(error)}\n\n${HELP}`);
    return 2;
  }
  if (!options) {
    say(HELP);
    return 0;
  }
  try {
    const settings = readEnvironment(rotateKeysFields, options.envFile);
    const { ENCRYPTION_KEY, ENCRYPTION_KEY_OLD = ENCRYPTION_KEY } = settings;
    if (ENCRYPTION_KEY_OLD === ENCRYPTION_KEY && !options.convertTo) {
      throw new Error("Nothing to do: expected ENCRYPTION_KEY_OLD, another key, or --to a format.");
    }
    const report = await rotated(settings, ENCRYPTION_KEY_OLD, options);
    const { dryRun, json } = options;
    say(json ? `${JSON.stringify({ dryRun, ...report }, null, 2)}\n` : reportText(report, dryRun));
    return report.unread.length > 0 ? 1 : 0;
  } catch (error) {
    const why = error instanceof SettingsError ? error.message : errorText(error);
    complain(`${why}\nRunning it again does no harm, whatever has been done already.\n`);
    return 1;
  }
}

/** Undefined: help is asked for. Throws for what is none of them. */
function optionsOf(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h" },
      "dry-run": { type: "boolean" },
      to: { type: "string" },
      json: { type: "boolean" },
      "env-file": { type: "string" },
    },
  });
  if (values.help) return undefined;
  const convertTo = FORMATS.find((format) => format === values.to);
  if (values.to !== undefined && !convertTo) {
    throw new Error(`--to: expected karbit or envelope, was ${values.to}`);
  }
  const { "dry-run": dryRun = false, json = false, "env-file": envFile } = values;
  return { dryRun, convertTo, json, envFile };
}

async function rotated(
  settings: RotateKeysSettings,
  oldKey: string,
  { dryRun, convertTo }: Options,
): Promise<RotationReport> {
  const [from, to] = [createFormerSecrets(oldKey), createSecrets(settings.ENCRYPTION_KEY)];
  const open = (limits: { readonly deadlineMs: number; readonly statementTimeoutMs: number }) =>
    openPostgres({
      ...postgresOf(settings),
      ...{ log: quietLog, poolSize: 1, ...limits },
    });
  // A server that is not there is told soon; the work itself may take long.
  const probe = open({ deadlineMs: REACHED_WITHIN_MS, statementTimeoutMs: REACHED_WITHIN_MS / 2 });
  const faults = await checkKarbitTables(probe, "expect").finally(() => probe.close());
  if (faults.length > 0) throw new Error(faults.join("; "));
  const database = open({ deadlineMs: WITHIN_MS, statementTimeoutMs: STATEMENT_MS });
  try {
    const atMs = systemClock.nowMs();
    return await rotateKeys(database, { from, to, convertTo, dryRun, atMs });
  } finally {
    await database.close();
  }
}

function reportText({ groups, unread, written }: RotationReport, dryRun: boolean): string {
  const lines = [line("found as", "written as", "rows", "already so")];
  for (const { from, to, rows, already } of groups) lines.push(line(from, to, String(rows), String(already)));
  lines.push(line("unreadable", "", String(unread.length), ""), "");
  for (const { userId, venue } of unread)
    lines.push(`cannot be read with either key: user ${userId}, ${venue}`);
  if (unread.length > 0) {
    lines.push(
      "Nothing was changed. Let these users put their keys in again or take them out, or correct ENCRYPTION_KEY_OLD.",
    );
  } else if (dryRun) lines.push("Nothing was changed: this was a dry run.");
  else {
    lines.push(
      `${written} rows were written. Start the scheduler, the api and Karbit with the new ENCRYPTION_KEY now:`,
      "with the old one every key is unreadable, and no position can be closed.",
    );
  }
  return `${lines.join("\n")}\n`;
}

function line(from: string, to: string, rows: string, already: string): string {
  return `${from.padEnd(12)}${to.padEnd(12)}${rows.padStart(8)}${already.padStart(12)}`.trimEnd();
}
