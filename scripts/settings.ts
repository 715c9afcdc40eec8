// Prints .env.example and docs/settings.md from the tables in src/config.ts, so that neither can be wrong for long.
// `bun scripts/settings.ts` writes both; a test compares them.

import { join } from "node:path";
import {
  apiFields,
  demoFields,
  edgeFields,
  type Fields,
  rotateKeysFields,
  schedulerFields,
  workerFields,
} from "../src/config.ts";

const PROCESSES: readonly { readonly name: string; readonly fields: Fields }[] = [
  { name: "schedulerx-scheduler", fields: schedulerFields },
  { name: "schedulerx-worker", fields: workerFields },
  { name: "schedulerx-api", fields: apiFields },
];

/** Those beside the three binaries. */
const FURTHER: typeof PROCESSES = [
  { name: "edge", fields: edgeFields },
  { name: "demo", fields: demoFields },
];

/** Passwords only compose.yaml needs; generate each, e.g. with `openssl rand -hex 24`. */
const COMPOSE_PASSWORDS = [
  "NATS_PASSWORD",
  "POSTGRES_PASSWORD",
  "REDIS_PASSWORD",
  "REDIS_REST_TOKEN",
  "CONTROL_TOKEN",
];

const WIDTH = 100;

function wrapped(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = prefix;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > WIDTH && line !== prefix) {
      lines.push(line);
      line = prefix;
    }
    line += line === prefix ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Every setting once, with who reads it; defaults commented out, required ones left empty. */
export function envExample(): string {
  const lines = [
    "# Settings of SchedulerX. Copy to .env (compose) or to an EnvironmentFile (systemd) and fill in.",
    "# Commented lines show defaults. In brackets: who reads them, with a default of its own where it has one.",
    "# Placeholders are refused at the start; --check says what is wrong.",
    "",
    "# compose.yaml needs these, and sets the addresses below by itself. Generate each: openssl rand -hex 24",
    ...COMPOSE_PASSWORDS.map((name) => `${name}=`),
    "",
  ];
  const seen = new Set<string>(COMPOSE_PASSWORDS);
  const readersOf = (name: string, fallback: string | undefined) =>
    [...PROCESSES, ...FURTHER].flatMap((process) => {
      const field = process.fields[name];
      if (!field) return [];
      const own = field.default === fallback || field.required ? "" : ` (${field.default})`;
      return [process.name.replace("schedulerx-", "") + own];
    });
  for (const { fields } of [...PROCESSES, ...FURTHER]) {
    for (const [name, field] of Object.entries(fields)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const readers = readersOf(name, field.default);
      lines.push(...wrapped(`${field.about} [${readers.join(", ")}]`, "# "));
      lines.push(field.required ? `${name}=` : `# ${name}=${field.default ?? ""}`, "");
    }
  }
  return lines.join("\n");
}

/** The settings reference, one table per process. */
export function settingsPage(): string {
  const lines = [
    "# Settings",
    "",
    "Printed from `src/config.ts` by `bun scripts/settings.ts`. All settings are environment variables; every",
    "process takes `--env-file FILE` too. Wrong settings are told all at once, and nothing starts.",
    "",
  ];
  const others = [
    { name: "schedulerx-scheduler keys rotate", fields: rotateKeysFields },
    { name: "deno task edge", fields: edgeFields },
    { name: "bun run demo", fields: demoFields },
  ];
  for (const { name, fields } of [...PROCESSES, ...others]) {
    lines.push(`## ${name}`, "", "| setting | default | meaning |", "|---|---|---|");
    for (const [setting, field] of Object.entries(fields)) {
      const fallback = field.required
        ? "**required**"
        : field.default !== undefined
          ? `\`${field.default}\``
          : "";
      lines.push(`| \`${setting}\` | ${fallback} | ${field.about.replaceAll("|", "\\|")} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

if (import.meta.main) {
  const root = join(import.meta.dir, "..");
  await Bun.write(join(root, ".env.example"), envExample());
  await Bun.write(join(root, "docs/settings.md"), settingsPage());
  process.stdout.write(
    "written: .env.example, docs/settings.md; what compose.yaml lacks says scripts/compose.test.ts\n",
  );
}
