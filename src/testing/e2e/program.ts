// One of our binaries under a test's hand: started from source with settings of its own, killed, started again with the
// same ones. What it logged is kept over all its lives, so that a test can count how often something was said.

import { join } from "node:path";
import { type Child, startChild } from "../services.ts";

export const ROOT = join(import.meta.dir, "../../..");

export const MAINS = {
  worker: "worker/main.ts",
  scheduler: "src/scheduler/main.ts",
  api: "api/main.ts",
} as const;
export type MainName = keyof typeof MAINS;

export interface LogLine {
  readonly at: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly [field: string]: unknown;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Nothing of the developer's own environment may reach a program under test. */
const OURS =
  /^(NATS|REDIS|UPSTASH|DATABASE|KARBIT|KIMCHI|CONTROL|UPBIT|BITHUMB|BYBIT|BINANCE|SIMULATED|OTEL|TRACES)_?/;

function cleanEnv(env: Env): Record<string, string | undefined> {
  const cleared = Object.keys(process.env).filter((name) => OURS.test(name));
  return { ...Object.fromEntries(cleared.map((name) => [name, undefined])), LOG_FORMAT: "json", ...env };
}

function launch(name: string, main: MainName, args: readonly string[], env: Env): Child {
  const command = [process.execPath, "--no-install", MAINS[main], ...args];
  return startChild({ name, command, cwd: ROOT, env: cleanEnv(env) });
}

/** Runs a binary to its end, as with --check or with settings it refuses. */
export async function runToEnd(
  main: MainName,
  args: readonly string[],
  env: Env,
): Promise<{ code: number | null; text: string }> {
  const child = launch(`${main} ${args.join(" ")}`, main, args, env);
  const code = await child.exited;
  return { code, text: child.output() };
}

export class Program {
  #child: Child | undefined;
  readonly #past: string[] = [];

  constructor(
    readonly name: string,
    readonly main: MainName,
    private readonly env: Env,
  ) {}

  /** Starts it, with other settings where given, and resolves when it says that it runs. */
  async start(env: Env = {}): Promise<void> {
    this.launch(env);
    await this.running();
  }

  /** Starts it without waiting. */
  launch(env: Env = {}): void {
    if (this.#child) this.#past.push(this.#child.output());
    this.#child = launch(this.name, this.main, [], { ...this.env, ...env });
  }

  async running(): Promise<void> {
    await this.child.waitForLine(/"event":"running"/, 60_000);
  }

  get child(): Child {
    if (!this.#child) throw new Error(`expected ${this.name} to have been started`);
    return this.#child;
  }

  get pid(): number {
    return this.child.pid;
  }

  isRunning(): boolean {
    return this.#child?.isRunning() ?? false;
  }

  kill9(): Promise<void> {
    return this.child.kill9();
  }

  /** SIGTERM; resolves with the exit code, null when it had to be killed after `withinMs`. */
  stop(withinMs = 20_000): Promise<number | null> {
    return this.child.stop("SIGTERM", withinMs);
  }

  /** Everything it said so far over all lives, logged or not, oldest first. */
  output(): string {
    return [...this.#past, this.#child?.output() ?? ""].join("\n");
  }

  /** What of it are lines of the log. */
  lines(): LogLine[] {
    return this.output()
      .split("\n")
      .flatMap((line) => parsed(line) ?? []);
  }

  /** How often an event was logged, over all lives; for those who ask again and again. */
  timesSaid(event: string): number {
    return this.output().split(`"event":${JSON.stringify(event)}`).length - 1;
  }

  /** What was logged at warn or above, or said about a return, since a count of lines taken before. */
  since(lineCount: number): LogLine[] {
    return this.lines().slice(lineCount);
  }
}

function parsed(line: string): LogLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
