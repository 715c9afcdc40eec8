// The life of one test server: start until it says it is ready, kill, start again on the same port and data, stop.
// Readiness is read from the server's own log, never guessed by waiting.

import { type Child, startChild } from "./child-process.ts";
import { removeTempDir } from "./temp-dir.ts";

export interface TestServer {
  /** What a client is given. */
  readonly url: string;
  readonly port: number;
  /** Where its data lives; removed by `stop`. */
  readonly dir: string;
  /** Of the running process; changes with `restart`. */
  readonly pid: number;
  /** kill -9: no goodbye to clients, nothing flushed. Resolves when the process is gone. */
  kill9(): Promise<void>;
  /** Starts it again (stopping it first when it runs) with the same data on the same port; resolves when ready. */
  restart(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
  /** The server's log since the last start. */
  output(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ServerRecipe {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly command: readonly string[];
  readonly readyLine: RegExp;
  readonly user?: string;
  /** The polite, quick way to end it. */
  readonly stopSignal?: NodeJS.Signals;
  readonly deathSignal?: "KILL" | "QUIT" | "TERM";
}

const START_TIMEOUT_MS = 30_000;

/** Starts the server; rejects with its log when it is not ready in 30 s. */
export async function startServer(recipe: ServerRecipe): Promise<TestServer> {
  let child = await launch(recipe);
  const server: TestServer = {
    url: recipe.url,
    port: recipe.port,
    dir: recipe.dir,
    get pid() {
      return child.pid;
    },
    kill9: () => child.kill9(),
    restart: async () => {
      await child.stop(recipe.stopSignal);
      child = await launch(recipe);
    },
    stop: async () => {
      await child.stop(recipe.stopSignal);
      removeTempDir(recipe.dir);
    },
    output: () => child.output(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

/** Tries again while a killed predecessor's port, lock or shared memory is still being given back. */
async function launch(recipe: ServerRecipe): Promise<Child> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const child = startChild({ ...recipe, cwd: "/" });
    const leftMs = Math.max(1, deadlineMs - performance.now());
    try {
      await child.waitForLine(recipe.readyLine, leftMs);
      return child;
    } catch (error) {
      const endedByItself = !child.isRunning();
      await child.kill9();
      if (!endedByItself || performance.now() > deadlineMs || !PASSING.test(child.output())) throw error;
      await Bun.sleep(50);
    }
  }
}

const PASSING =
  /address already in use|shared memory block|lock file .* already exists|is another postmaster/i;
