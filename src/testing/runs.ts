// How often a random test tries: few times in the ordinary run, often in the long one.

/** `short` in the ordinary run, which is to end in seconds, and `long` under FULL (`bun run test:full`). */
export function runsOf(short: number, long: number): number {
  return process.env.FULL ? long : short;
}
