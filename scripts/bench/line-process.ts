// A child process that is told things line by line and answers line by line.

const ANSWER_MS_MAX = 20_000;

export class LineProcess {
  readonly #spawned: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(readonly command: readonly string[]) {
    this.#spawned = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    void this.#read();
  }

  get pid(): number {
    return this.#spawned.pid;
  }

  send(line: string): void {
    this.#spawned.stdin.write(`${line}\n`);
    this.#spawned.stdin.flush();
  }

  /** Takes the next line that fits; those before it are dropped. Rejects when none comes in time. */
  async next(pattern: RegExp, timeoutMs = ANSWER_MS_MAX): Promise<RegExpMatchArray> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        const match = line.match(pattern);
        if (match) return match;
      }
      const leftMs = untilMs - performance.now();
      if (this.#ended || leftMs <= 0) {
        throw new Error(`${this.command[0]}: ${this.#ended ? "ended" : "was silent"} before ${pattern}`);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, leftMs);
      await promise;
      clearTimeout(timer);
    }
  }

  async kill(): Promise<void> {
    this.#spawned.kill("SIGKILL");
    await this.#spawned.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.#spawned.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }
}
