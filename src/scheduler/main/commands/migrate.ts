// `schedulerx-scheduler migrate`: the tables made or brought up to date, which every start does too; for who wants to see
// it done before the upgrade.

import { parseArgs } from "node:util";
import { systemClock } from "../../../adapters/clock.ts";
import { migratePostgres } from "../../../adapters/store/migrate.ts";
import { createLog, errorText } from "../../../adapters/telemetry/log.ts";
import { type Fields, readEnvironment, SettingsError, schedulerFields } from "../../../config.ts";
import type { Command } from "../../../main/process.ts";

const { DATABASE_URL, DATABASE_CA_FILE, KARBIT_TABLES } = schedulerFields;
const migrateFields = { DATABASE_URL, DATABASE_CA_FILE, KARBIT_TABLES } as const satisfies Fields;

const HELP = `Makes our tables or brings them up to date, under a lock; every start of the scheduler does the same.
Karbit's own tables are never altered.

Usage: schedulerx-scheduler migrate [--json] [--env-file FILE] [--help]

It needs DATABASE_URL, DATABASE_CA_FILE where the server's certificate is of an authority of its own, and KARBIT_TABLES.
Exit code 0: up to date; 1: it failed, with the reason; 2: not understood.
`;

async function run(args: readonly string[]): Promise<number> {
  const complain = (text: string) => void process.stderr.write(`${text.trimEnd()}\n`);
  let options: { help?: boolean; json?: boolean; "env-file"?: string };
  try {
    options = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        "env-file": { type: "string" },
      },
    }).values;
  } catch (error) {
    complain(`${errorText(error)}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    const settings = readEnvironment(migrateFields, options["env-file"]);
    const { json } = options;
    const log = createLog({
      ...{ level: "info", process: "migrate", nowMs: systemClock.nowMs },
      // The answer is alone on standard output.
      ...(json ? { format: "json", write: complain } : { format: "text" }),
    });
    await migratePostgres(
      {
        url: settings.DATABASE_URL,
        ...(settings.DATABASE_CA_FILE ? { caFile: settings.DATABASE_CA_FILE } : {}),
      },
      { karbitTables: settings.KARBIT_TABLES, log },
    );
    process.stdout.write(json ? '{"upToDate":true}\n' : "The tables are up to date.\n");
    return 0;
  } catch (error) {
    complain(error instanceof SettingsError ? error.message : errorText(error));
    return 1;
  }
}

export const MIGRATE: Command = {
  words: ["migrate"],
  about: "Makes our tables or brings them up to date, as every start does.",
  run,
};
