// In which order and beside what the test files of a whole run are played. Two lanes at once: the fleets, which start a
// dozen processes on wall-clock ticks and mostly wait, and everything else, which yields to them.

/** One run of bun's test runner; the runs of a lane follow each other. */
export interface Run {
  readonly files: readonly string[];
  /** How many files are played at once. */
  readonly processes: number;
  /** Added to the priority of everything the run starts: 0 as we are, 19 only when nobody else wants the processor. */
  readonly nice: number;
}

/** Tests of the whole fleet and of an installation: what they see must not depend on what is tested beside them. */
const FLEETS = [
  "src/testing/{e2e,trading-e2e}/*.{integration,full}.test.ts",
  "scripts/deploy/whole.full.test.ts",
];
/** Long, but without a clock or a server: all they need is the processor, whenever it is free. */
const CLOCKLESS = ["src/testing/simulation/**"];
const WITH_SERVERS = /\.(integration|full)\.test\.ts$/;
/** Two cores, of which a test that waits for a server leaves a part. */
const PROCESSES = 3;

const matchesAny = (patterns: readonly string[], file: string) =>
  patterns.some((pattern) => new Bun.Glob(pattern).match(file));

/**
 * Lanes to be run at once. The short forms of the fleets are played side by side, and so are the long ones of trading,
 * which have a small market; the other long ones, where limits are met, one after the other.
 */
export function lanesOf(files: readonly string[], isFull: boolean): readonly (readonly Run[])[] {
  const fleets = files.filter((file) => matchesAny(FLEETS, file));
  const others = files.filter((file) => !fleets.includes(file));
  const clockless = others.filter((file) => !WITH_SERVERS.test(file) || matchesAny(CLOCKLESS, file));
  const withServers = others.filter((file) => !clockless.includes(file));
  const trading = fleets.filter((file) => file.includes("/trading-e2e/"));
  const fleetRuns = isFull
    ? [trading, ...fleets.filter((file) => !trading.includes(file)).map((file) => [file])]
    : [fleets];
  const lanes: Run[][] = [
    fleetRuns.map((files) => ({ files, processes: files.length, nice: 0 })),
    [
      { files: clockless, processes: 2, nice: 19 },
      { files: withServers, processes: PROCESSES, nice: 10 },
    ],
  ];
  return lanes.map((lane) => lane.filter(({ files }) => files.length > 0)).filter(({ length }) => length > 0);
}
