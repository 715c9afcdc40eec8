// Exhaustive search: runs a scenario once for every sequence of choices it asks for, with a bound on how many of them
// may be faults (choices other than 0, the good one).

/** Picks one of `count` outcomes, 0 being the good one. */
export type Pick = (count: number) => number;

/** Returns how many runs there were. `run` gets the choices taken so far as well, to tell what led to a failure. */
export function searchAll(faultsMax: number, run: (pick: Pick, taken: readonly number[]) => void): number {
  let prefix: readonly number[] = [];
  for (let runs = 1; ; runs++) {
    const taken: number[] = [];
    const options: number[] = [];
    let faults = 0;
    run((count) => {
      const choice = prefix[taken.length] ?? 0;
      options.push(faults < faultsMax ? count : 1);
      taken.push(choice);
      if (choice > 0) faults++;
      return choice;
    }, taken);
    let at = taken.length - 1;
    while (at >= 0 && taken[at]! + 1 >= options[at]!) at--;
    if (at < 0) return runs;
    prefix = [...taken.slice(0, at), taken[at]! + 1];
  }
}
