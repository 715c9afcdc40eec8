// What the processes say while a server is away: told once when it goes and once when it is back, never per request.

import type { LogLine, Program } from "./program.ts";

/** Said about every tick that lacks something, or about rates: no word on a server. */
const ABOUT_RATES =
  /^(tick closed incomplete|rates .*|identity not confirmed.*|no reference price.*|reference price is back|coins .*|beat skipped.*)/;

export interface Said {
  readonly program: string;
  /** Lines at warn or above, rates left out, by event. */
  readonly warnings: Readonly<Record<string, number>>;
  /** Lines at info that are about a server's return. */
  readonly returns: Readonly<Record<string, number>>;
}

export class LogWatch {
  readonly #marks: Map<Program, number>;

  constructor(private readonly programs: readonly Program[]) {
    this.#marks = new Map(programs.map((program) => [program, program.lines().length]));
  }

  /** What was said since this watch was made. */
  said(): Said[] {
    return this.programs.map((program) => {
      const lines = program.lines().slice(this.#marks.get(program)!);
      const aboutServers = lines.filter(({ event }) => !ABOUT_RATES.test(event));
      const loud = aboutServers.filter(({ level }) => /warn|error/.test(level));
      const back = aboutServers.filter(
        ({ level, event }) => level === "info" && /is back|answers again/.test(event),
      );
      return { program: program.name, warnings: counted(loud), returns: counted(back) };
    });
  }

  /** Ticks the scheduler itself listed as incomplete. */
  incomplete(scheduler: Program): LogLine[] {
    return scheduler
      .lines()
      .slice(this.#marks.get(scheduler)!)
      .filter(({ event }) => event === "tick closed incomplete");
  }
}

function counted(lines: readonly LogLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event } of lines) counts[event] = (counts[event] ?? 0) + 1;
  return counts;
}
