// A child process under a test's hand: its output line by line, its end, and the promise that it dies with us.
// Invariant: every child started here is in `living` until it has exited, and the kernel ends it when this
// process dies in any way (Linux: parent death signal by setpriv), so that no test run leaves servers behind.

import { findProgram } from "./programs.ts";

const LINES_KEPT = 2_000;

export interface ChildOptions {
  /** For messages only. */
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Added to (undefined: taken out of) this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Run as this user; only root can. */
  readonly user?: string;
  /** Sent by the kernel when this process dies. Default KILL. */
  readonly deathSignal?: "KILL" | "QUIT" | "TERM";
  /** Text for its standard input, which is closed after it; default: no input. */
  readonly input?: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  isRunning(): boolean;
  /** The last lines of standard output and error, in the order they came. */
  output(): string;
  /**
   * Resolves with the match of the first line, past or future, that fits. Rejects with the output so far when
   * the process ends first or `timeoutMs` (default 20 s) passes.
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  signal(signal: NodeJS.Signals): void;
  /** kill -9, and waits for the end. */
  kill9(): Promise<void>;
  /** Asks with `signal` (default SIGTERM), kills after `timeoutMs` (default 10 s), and waits for the end. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<number | null>;
}

const living = new Set<Child>();

/** Ends every child of this process that still runs. The test preload calls it when a file's tests are over. */
export async function stopAllChildren(): Promise<void> {
  await Promise.all([...living].map((child) => child.kill9()));
}

// Scripts end through "exit"; `bun test` does not fire it, there the preload and the death signal do the work.
process.on("exit", () => {
  for (const child of living) child.signal("SIGKILL");
});

/** Starts a program. Throws at once when it cannot be executed. */
export function startChild(options: ChildOptions): Child {
  const lines: string[] = [];
  const waiters = new Set<(line: string | undefined) => void>();
  const spawned = Bun.spawn([...wrapper(options), ...options.command], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  let ended = false;
  /** undefined: no further line will come. */
  const wake = (line: string | undefined) => {
    for (const waiter of waiters) waiter(line);
  };
  const pump = (stream: ReadableStream<Uint8Array>) =>
    readLines(stream, (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      wake(line);
    });
  const pumped = Promise.all([pump(spawned.stdout), pump(spawned.stderr)]);
  const exited = spawned.exited.then(async () => {
    living.delete(child);
    // A grandchild may hold the pipes open: give what is already written a moment, not for ever.
    await Promise.race([pumped, Bun.sleep(200)]);
    ended = true;
    wake(undefined);
    return spawned.signalCode ? null : spawned.exitCode;
  });

  const child: Child = {
    name: options.name,
    pid: spawned.pid,
    exited,
    isRunning: () => spawned.exitCode === null && spawned.signalCode === null,
    output: () => lines.join("\n"),
    waitForLine: (pattern, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(timer);
          waiters.delete(look);
          finish();
        };
        const fail = (what: string) =>
          settle(() =>
            reject(new Error(`${options.name}: ${what} before a line like ${pattern}:\n${child.output()}`)),
          );
        const look = (line: string | undefined) => {
          const match = line?.match(pattern);
          if (match) settle(() => resolve(match));
          else if (line === undefined) fail("ended");
        };
        const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
        const already = lines.find((line) => pattern.test(line));
        if (already !== undefined) look(already);
        else if (ended) fail("ended");
        else waiters.add(look);
      }),
    signal: (signal) => {
      if (child.isRunning()) spawned.kill(signal);
    },
    kill9: async () => {
      child.signal("SIGKILL");
      await exited;
    },
    stop: async (signal = "SIGTERM", timeoutMs = 10_000) => {
      child.signal(signal);
      const timer = setTimeout(() => child.signal("SIGKILL"), timeoutMs);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
  living.add(child);
  return child;
}

/** setpriv executes the program in its own place, so the child's pid is the program's. */
function wrapper(options: ChildOptions): string[] {
  const setpriv = process.platform === "linux" ? findProgram("setpriv") : undefined;
  if (!setpriv) {
    if (options.user)
      throw new Error(`expected setpriv (package util-linux) to run ${options.name} as ${options.user}`);
    return [];
  }
  const as = options.user ? ["--reuid", options.user, "--regid", options.user, "--init-groups"] : [];
  return [setpriv, ...as, "--pdeathsig", options.deathSignal ?? "KILL", "--"];
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
  }
  if (rest) take(rest);
}
