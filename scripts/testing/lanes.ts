// In which order and beside what the test files of a whole run are played. Fleets start a dozen processes on wall-clock
// ticks and mostly wait: they are played beside everything else, which yields to them, and those that must have the
// machine to themselves after all else.

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
/**
 * The whole market, half a core on average: beside what yields no tick is lost, beside other fleets some are. One at a
 * time, the most delicate first, while what is played beside them only computes.
 */
const ONE_AT_A_TIME = ["kills.full", "rates.full", "fleet.integration"].map(
  (name) => `src/testing/e2e/${name}.test.ts`,
);
/** Long, but without a clock or a server: all they need is the processor, whenever it is free. */
const CLOCKLESS = ["src/testing/simulation/**", "src/testing/e2e/hour.full.test.ts"];
const WITH_SERVERS = /\.(integration|full)\.test\.ts$/;
/** Two cores, of which a test that waits for a server leaves a part. */
const PROCESSES = 3;

const matchesAny = (patterns: readonly string[], file: string) =>
  patterns.some((pattern) => new Bun.Glob(pattern).match(file));

const oneByOne = (files: readonly string[]): Run[] =>
  files.map((file) => ({ files: [file], processes: 1, nice: 0 }));

/**
 * Phases that follow each other: everything in two lanes, where in full the fleets of trading, with their small market,
 * follow the others; then, in full, who spends limits to the last or counts refusals, one after the other, alone.
 */
export function phasesOf(files: readonly string[], isFull: boolean): readonly Phase[] {
  const isClockless = (file: string) => matchesAny(CLOCKLESS, file);
  const fleets = files.filter((file) => matchesAny(FLEETS, file) && !isClockless(file));
  const others = files.filter((file) => !fleets.includes(file));
  const clockless = others.filter((file) => !WITH_SERVERS.test(file) || isClockless(file));
  const withServers = others.filter((file) => !clockless.includes(file));
  const apart = isFull ? fleets.filter((file) => !file.includes("/trading-e2e/")) : [];
  const together = fleets.filter((file) => !apart.includes(file));
  const yielded = ONE_AT_A_TIME.filter((file) => apart.includes(file));
  const alone = apart.filter((file) => !yielded.includes(file));
  const phases: Phase[] = [
    [
      [...oneByOne(yielded), { files: together, processes: together.length, nice: 0 }],
      [
        { files: clockless, processes: 2, nice: 19 },
        { files: withServers, processes: PROCESSES, nice: 10 },
      ],
    ],
    [oneByOne(alone)],
  ];
  return phases
    .map((lanes) => lanes.map((lane) => lane.filter((run) => run.files.length > 0)))
    .map((lanes) => lanes.filter((lane) => lane.length > 0))
    .filter((lanes) => lanes.length > 0);
}
