// What the three binaries have in common: --help, --version, --check, settings told all at once, an orderly stop.

import { parseArgs } from "node:util";
import { systemClock } from "../adapters/clock.ts";
import { createLog, errorText, type LogOptions } from "../adapters/telemetry/log.ts";
import { type Fields, readEnvironment, readNotifySettings, type Settings, SettingsError } from "../config.ts";
import type { Log, LogLevel, LogLevelSwitch } from "../ports/telemetry.ts";
import { VERSION } from "../version.ts";
import { type CheckResult, printChecks } from "./check.ts";
import { serviceManagerOf } from "./service-manager.ts";
import { openTracing, type Tracing, type TracingSettings } from "./tracing.ts";

/** Releases what was opened; called in reverse order of opening. */
export type Release = () => Promise<unknown> | unknown;

/** Something else the binary does instead of running, as `NAME keys rotate`. */
export interface Command {
  /** What is typed after the binary's name. */
  readonly words: readonly string[];
  /** One line. */
  readonly about: string;
  /** Resolves with the exit code; given what stands after the words. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

export interface ProcessSpec<F extends Fields> {
  readonly name: string;
  readonly about: string;
  readonly fields: F;
  readonly commands?: readonly Command[];
  /** Reaches every server and says what it found; must not change anything. */
  readonly check: (settings: Settings<F>) => Promise<CheckResult[]>;
  /** Opens everything, registering each release right after; resolves once it runs. */
  readonly start: (
    settings: Settings<F>,
    log: Log,
    releases: Release[],
    stop: AbortSignal,
    logLevel: LogLevelSwitch,
    tracing: Tracing | undefined,
  ) => Promise<void>;
}

/** The task in hand is finished, and it may take what is left of the longest tick. */
const STOP_MS_MAX = 32_000;
const USAGE_WIDTH = 96;

/** Runs the process to its end; the only place that exits. */
export async function runProcess<F extends Fields>(spec: ProcessSpec<F>): Promise<void> {
  const args = process.argv.slice(2);
  const command = spec.commands?.find(({ words }) => words.every((word, index) => args[index] === word));
  if (command) process.exit(await command.run(args.slice(command.words.length)));
  let options: { help?: boolean; version?: boolean; check?: boolean; "env-file"?: string };
  try {
    options = parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
        check: { type: "boolean" },
        "env-file": { type: "string" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${misunderstood(spec, args, error)}\n`);
    process.exit(2);
  }
  if (options.help) {
    process.stdout.write(helpText(spec));
    process.exit(0);
  }
  if (options.version) {
    process.stdout.write(`${spec.name} ${VERSION}\n`);
    process.exit(0);
  }
  const settings = settingsOrExit(spec.fields, options["env-file"]);
  if (options.check) {
    const results = await spec.check(settings);
    process.exit(printChecks(spec.name, results) ? 0 : 1);
  }
  await runUntilStopped(spec, settings);
}

function settingsOrExit<F extends Fields>(fields: F, envFile: string | undefined): Settings<F> {
  try {
    return readEnvironment(fields, envFile);
  } catch (error) {
    const text = error instanceof SettingsError ? error.message : errorText(error);
    process.stderr.write(`${text}\n\nSee --help for every setting.\n`);
    process.exit(1);
  }
}

async function runUntilStopped<F extends Fields>(spec: ProcessSpec<F>, settings: Settings<F>): Promise<void> {
  const { LOG_LEVEL, LOG_FORMAT } = settings as unknown as {
    LOG_LEVEL: LogLevel;
    LOG_FORMAT: "json" | "text";
  };
  const logging: LogOptions = {
    level: LOG_LEVEL,
    format: LOG_FORMAT,
    process: spec.name.replace(/^schedulerx-/, ""),
    nowMs: systemClock.nowMs,
  };
  const log = createLog(logging);
  const manager = serviceManagerOf(readNotifySettings(), log);
  const releases: Release[] = [];
  const stopping = new AbortController();
  const stop = async (code: number, why: string): Promise<never> => {
    if (stopping.signal.aborted) process.exit(code || 130);
    stopping.abort();
    manager.stopping();
    log.info("stopping", { why });
    setTimeout(() => process.exit(code || 1), STOP_MS_MAX).unref();
    for (const release of releases.reverse()) {
      try {
        await release();
      } catch (error) {
        log.warn("not released cleanly", { error });
      }
    }
    process.exit(code);
  };
  process.on("SIGTERM", () => void stop(0, "SIGTERM"));
  process.on("SIGINT", () => void stop(0, "SIGINT"));
  // A defect: say it and end; the service manager starts a new process, which recovers as after any crash.
  process.on("uncaughtException", (error) => {
    log.error("defect", { error, stack: error.stack });
    process.exit(70);
  });
  process.on("unhandledRejection", (error) => {
    log.error("defect", { error, stack: error instanceof Error ? error.stack : undefined });
    process.exit(70);
  });
  try {
    log.info("starting", { version: VERSION });
    const name = spec.name;
    const tracing = await openTracing(settings as unknown as TracingSettings, {
      name,
      clock: systemClock,
      log,
    });
    if (tracing) {
      // The last to go: what ends may still tell of itself.
      releases.push(() => tracing.stop());
      logging.traceIdOf = (fields) => tracing.tracer.traceIdOf(fields);
    }
    await spec.start(settings, log, releases, stopping.signal, logging, tracing);
    if (stopping.signal.aborted) return;
    log.info("running");
    manager.ready();
  } catch (error) {
    if (stopping.signal.aborted) return;
    log.error("cannot start", { error });
    await stop(1, "cannot start");
  }
}

/** Short: what there is stands in --help. */
function misunderstood<F extends Fields>(
  { name, commands = [] }: ProcessSpec<F>,
  [first = ""]: readonly string[],
  error: unknown,
): string {
  const isWord = !first.startsWith("-");
  const known = commands.map(({ words }) => words.join(" ")).join(", ");
  const what = isWord && known ? `There is no command ${first}; there are ${known}.` : errorText(error);
  return `${what}\n${name} --help tells more.`;
}

function helpText<F extends Fields>(spec: ProcessSpec<F>): string {
  const lines = [
    `${spec.name} ${VERSION}`,
    "",
    spec.about,
    "",
    `Usage: ${spec.name} [--check] [--env-file FILE] [--help] [--version]`,
    "",
    "  --check          read the settings, reach every server, say what is wrong; exit 0 or 1",
    "  --env-file FILE  read settings from a file of NAME=value lines; the environment wins",
    "",
    ...(spec.commands ?? []).flatMap(({ words, about }) => [
      `Command: ${spec.name} ${words.join(" ")} (--help tells more)`,
      ...wrapped(about, USAGE_WIDTH - 2).map((line) => `  ${line}`),
      "",
    ]),
    "Settings (environment variables):",
    "",
    ...settingLines(spec.fields),
  ];
  return `${lines.join("\n")}\n`;
}

/** Every setting with its default and meaning. */
export function settingLines(fields: Fields): string[] {
  const lines: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const note = field.required ? "required" : field.default !== undefined ? field.default : "unset";
    lines.push(
      `  ${name} (${note})`,
      ...wrapped(field.about, USAGE_WIDTH - 6).map((line) => `      ${line}`),
    );
  }
  return lines;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}
