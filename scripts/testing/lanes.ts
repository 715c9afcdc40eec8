// In which order and beside what the test files of a whole run are played. Fleets start a dozen processes on wall-clock
// ticks and mostly wait: small ones are played beside everything else, which yields to them, and those that must have
// the machine to themselves after all else.

/** One run of bun's test runner; the runs of a lane follow each other. */
export interface Run {
  readonly files: readonly string[];
  /** How many files are played at once. */
  readonly processes: number;
  /** Added to the priority of everything the run starts: 0 as we are, 19 only when nobody else wants the processor. */
  readonly nice: number;
}

/** Lanes are played at once. */
export type Phase = readonly (readonly Run[])[];

/** Tests of the whole fleet and of an installation. */
const FLEETS = [
  "src/testing/{e2e,trading-e2e}/*.{integration,full}.test.ts",
  "scripts/deploy/whole.full.test.ts",
];
/** Long, but without a clock or a server: all they need is the processor, whenever it is free. */
const CLOCKLESS = ["src/testing/simulation/**", "src/testing/e2e/hour.full.test.ts"];
const WITH_SERVERS = /\.(integration|full)\.test\.ts$/;
/** Two cores, of which a test that waits for a server leaves a part. */
const PROCESSES = 3;

const matchesAny = (patterns: readonly string[], file: string) =>
  patterns.some((pattern) => new Bun.Glob(pattern).match(file));

/**
 * Phases that follow each other. In full the fleets of trading have a small market and are played with the rest; the
 * others meet limits, or lose ticks when somebody else wants the processor: one after the other, alone.
 */
export function phasesOf(files: readonly string[], isFull: boolean): readonly Phase[] {
  const isClockless = (file: string) => matchesAny(CLOCKLESS, file);
  const fleets = files.filter((file) => matchesAny(FLEETS, file) && !isClockless(file));
  const others = files.filter((file) => !fleets.includes(file));
  const clockless = others.filter((file) => !WITH_SERVERS.test(file) || isClockless(file));
  const withServers = others.filter((file) => !clockless.includes(file));
  const alone = isFull ? fleets.filter((file) => !file.includes("/trading-e2e/")) : [];
  const together = fleets.filter((file) => !alone.includes(file));
  const phases: Phase[] = [
    [
      [{ files: together, processes: together.length, nice: 0 }],
      [
        { files: clockless, processes: 2, nice: 19 },
        { files: withServers, processes: PROCESSES, nice: 10 },
      ],
    ],
    [alone.map((file) => ({ files: [file], processes: 1, nice: 0 }))],
  ];
  return phases
    .map((lanes) => lanes.map((lane) => lane.filter((run) => run.files.length > 0)))
    .map((lanes) => lanes.filter((lane) => lane.length > 0))
    .filter((lanes) => lanes.length > 0);
}
