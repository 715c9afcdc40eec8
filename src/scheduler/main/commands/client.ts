// What the operator's commands have in common: where the control port is, asking it, and answers as tables.

import { parseArgs } from "node:util";
import * as v from "valibot";
import { errorText } from "../../../adapters/telemetry/log.ts";
import { type Fields, readEnvironment, SettingsError, schedulerFields } from "../../../config.ts";
import type { Command } from "../../../main/process.ts";

/** The scheduler's own settings, so that a command finds it with the scheduler's own env file. */
const { CONTROL_HOST, CONTROL_PORT, CONTROL_TOKEN } = schedulerFields;
export const controlFields = {
  CONTROL_HOST,
  CONTROL_PORT,
  CONTROL_TOKEN: { ...CONTROL_TOKEN, required: true },
} as const satisfies Fields;

export type Json = Record<string, unknown>;

/** Refused or not reached: the message says what to do. */
export class CommandFault extends Error {
  override name = "CommandFault";
}

/** Not understood: nothing was asked. The message says what was expected. */
export class UsageFault extends CommandFault {
  override name = "UsageFault";
}

/** Nothing answers at the port. */
export class SilentPort extends CommandFault {
  override name = "SilentPort";
  constructor(
    readonly url: string,
    override readonly cause: string,
  ) {
    super(
      `${url} does not answer (${cause}). Does the scheduler run here, and is its CONTROL_TOKEN set? See: schedulerx-scheduler doctor`,
    );
  }
}

function silenceText(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `within ${timeoutMs / 1_000} s`;
  if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return "connection refused";
  return errorText(error);
}

export interface ControlClient {
  readonly url: string;
  /** Rejects with CommandFault. `timeoutMs` is long enough for a drain by default. */
  ask(method: "GET" | "POST" | "PUT", path: string, body?: object, timeoutMs?: number): Promise<Json>;
}

const TIMEOUT_MS = 60_000;
const problemSchema = v.object({ detail: v.string() });

export function controlClient(settings: {
  readonly CONTROL_HOST: string;
  readonly CONTROL_PORT: number;
  readonly CONTROL_TOKEN: string;
}): ControlClient {
  const { CONTROL_HOST: host, CONTROL_PORT: port, CONTROL_TOKEN: token } = settings;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    url,
    async ask(method, path, body, timeoutMs = TIMEOUT_MS) {
      let response: Response;
      try {
        response = await fetch(url + path, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          signal: AbortSignal.timeout(timeoutMs),
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
      } catch (error) {
        throw new SilentPort(url, silenceText(error, timeoutMs));
      }
      const answer: unknown = await response.json().catch(() => undefined);
      // The health of something ill is an answer, not a refusal.
      if (response.ok || (response.status === 503 && path === "/health")) return answer as Json;
      const problem = v.safeParse(problemSchema, answer);
      throw new CommandFault(problem.success ? problem.output.detail : `${url}${path}: ${response.status}`);
    },
  };
}

export interface CommandSpec {
  readonly words: readonly string[];
  readonly about: string;
  /** After the words: "USER COIN [--why TEXT]". */
  readonly usage?: string;
  /** Lines that explain the usage. */
  readonly options?: readonly string[];
  readonly flags?: Readonly<Record<string, { readonly type: "string" | "boolean" }>>;
  readonly positionals?: number;
  /** Says its answer through `say`; resolves with the exit code. */
  readonly run: (call: CommandCall) => Promise<number>;
}

export interface CommandCall {
  readonly client: ControlClient;
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly given: readonly string[];
  /** Of --env-file. */
  readonly envFile: string | undefined;
  /** The answer as JSON with --json, else what `text` makes of it. */
  readonly say: (answer: unknown, text: () => string) => void;
}

const COMMON = {
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  "env-file": { type: "string" },
} as const;

/** A user's number as it is typed. Throws UsageFault. */
export function userNumber(text: string, expected: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageFault(expected);
  return Number(text);
}

/** A coin as it is typed, in capitals. Throws UsageFault. */
export function coinName(text: string, expected: string): string {
  if (!/^[A-Za-z0-9]{1,20}$/.test(text)) throw new UsageFault(expected);
  return text.toUpperCase();
}

/** A command that asks the control port. Exit codes: 0 done, 1 refused or failed, 2 not understood. */
export function operatorCommand(spec: CommandSpec): Command {
  const { words, about } = spec;
  return {
    words,
    about,
    async run(args) {
      const complain = (text: string) => void process.stderr.write(`${text}\n`);
      let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
      try {
        parsed = parseArgs({
          args: [...args],
          options: { ...COMMON, ...spec.flags },
          allowPositionals: true,
        });
        const { length } = parsed.positionals;
        if (!parsed.values.help && length !== (spec.positionals ?? 0) && spec.positionals !== -1) {
          const expected = spec.positionals ?? 0;
          const some = expected === 0 ? "nothing" : expected === 1 ? "one word" : `${expected} words`;
          throw new UsageFault(`Expected ${some} after ${words.join(" ")}, not ${length}.`);
        }
      } catch (error) {
        complain(`${error instanceof UsageFault ? error.message : errorText(error)}\n\n${helpOf(spec)}`);
        return 2;
      }
      const { values, positionals } = parsed;
      if (values.help) {
        process.stdout.write(`${helpOf(spec)}\n`);
        return 0;
      }
      const say = (answer: unknown, text: () => string) =>
        void process.stdout.write(`${values.json ? JSON.stringify(answer, null, 2) : text()}\n`);
      try {
        const envFile = values["env-file"] as string | undefined;
        const client = controlClient(readEnvironment(controlFields, envFile));
        return await spec.run({ client, flags: values, given: positionals, envFile, say });
      } catch (error) {
        if (error instanceof UsageFault) {
          complain(`${error.message}\n\n${helpOf(spec)}`);
          return 2;
        }
        const isPlain = error instanceof CommandFault || error instanceof SettingsError;
        complain(isPlain ? error.message : errorText(error));
        return 1;
      }
    },
  };
}

function helpOf({ words, about, usage, options = [] }: CommandSpec): string {
  return [
    about,
    "",
    `Usage: schedulerx-scheduler ${words.join(" ")}${usage ? ` ${usage}` : ""} [--json] [--env-file FILE] [--help]`,
    "",
    ...options,
    ...(options.length > 0 ? [""] : []),
    "It asks the scheduler's control port: CONTROL_HOST (127.0.0.1), CONTROL_PORT (8090), CONTROL_TOKEN.",
    "Exit code 0: done; 1: refused or failed, with the reason; 2: not understood.",
  ].join("\n");
}

/** Columns as wide as their widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isNumeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** 3 s, 12 min, 5 h. */
export function ageText(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
