// Structured log lines: JSON for machines, or short lines for people, coloured where a terminal shows them. Fields whose names smell of
// secrets are never printed, credentials in URLs neither.

import { styleText } from "node:util";
import type { Log, LogLevel, LogLevelSwitch } from "../../ports/telemetry.ts";

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOR = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const;
const SECRET_NAME = /secret|password|token|api.?key|authorization|credential/i;
/** Up to the last @ before the path: a password may hold one itself. */
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/gi;
const URL_SECRETS = /([?&](?:password|token|secret|signature|api_?key)=)[^&\s]*/gi;
const TEXT_MAX = 2_000;

/** The level may be changed in place; it holds for all children too. */
export interface LogOptions extends LogLevelSwitch {
  readonly format: "json" | "text";
  readonly process: string;
  readonly nowMs: () => number;
  readonly write?: (line: string) => void;
  /** Of text. Default: where standard output is a terminal, unless NO_COLOR or FORCE_COLOR say otherwise. */
  readonly colored?: boolean;
  /** The trace a line belongs to, by its fields; may be given later. */
  traceIdOf?: ((fields: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
}

export function createLog(options: LogOptions, bound: Record<string, unknown> = {}): Log {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const emit = (level: LogLevel, event: string, fields: Record<string, unknown> = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const at = new Date(options.nowMs()).toISOString();
    const told = { ...bound, ...fields };
    const traceId = options.traceIdOf?.(told);
    const all = cleaned(traceId === undefined ? told : { ...told, traceId });
    write(
      options.format === "json"
        ? `${JSON.stringify({ at, level, process: options.process, event, ...all })}\n`
        : `${at.slice(11, 23)} ${levelText(level, options.colored)} ${options.process} ${event}${textOf(all)}\n`,
    );
  };
  return {
    debug: (event, fields) => emit("debug", event, fields),
    info: (event, fields) => emit("info", event, fields),
    warn: (event, fields) => emit("warn", event, fields),
    error: (event, fields) => emit("error", event, fields),
    child: (fields) => createLog(options, { ...bound, ...fields }),
  };
}

function levelText(level: LogLevel, colored: boolean | undefined): string {
  const text = level.padEnd(5);
  if (colored === undefined) return styleText(COLOR[level], text, { stream: process.stdout });
  return colored ? styleText(COLOR[level], text, { validateStream: false }) : text;
}

function cleaned(fields: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    out[name] = SECRET_NAME.test(name) ? "[hidden]" : cleanedValue(value, 0);
  }
  return out;
}

function cleanedValue(value: unknown, depth: number): unknown {
  if (value instanceof Error) return cleanedText(errorText(value));
  if (typeof value === "string") return cleanedText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= 4) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, 200).map((item) => cleanedValue(item, depth + 1));
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    SECRET_NAME.test(name) ? "[hidden]" : cleanedValue(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function cleanedText(text: string): string {
  return text.replace(URL_CREDENTIALS, "$1[hidden]@").replace(URL_SECRETS, "$1[hidden]").slice(0, TEXT_MAX);
}

/** An error and its causes in one line, without stacks. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    parts.push(at.name === "Error" ? at.message : `${at.name}: ${at.message}`);
  }
  return parts.length > 0 ? parts.join(" <- ") : String(error);
}

function textOf(fields: Record<string, unknown>): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    text += ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  }
  return text;
}
