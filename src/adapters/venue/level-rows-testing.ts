// Random sides of a book as rows, [[price, quantity], ...], and their plain reading: shared by the tests of the
// scanners of Bybit and Binance.

import {
  cutSide,
  numberIn,
  numberText,
  type Printer,
  type Random,
  type ScanOptions,
} from "./scan-testing.ts";

export function rowsText(random: Random, printer: Printer): string {
  const count = random.pick([0, 1, 2, 4, 8, 40]);
  const extra = random.chance(0.1);
  const rows = Array.from({ length: count }, () => {
    const items = [printer.number(numberText(random)), printer.number(numberText(random))];
    if (extra && random.chance(0.3)) items.push(printer.anything(3));
    return printer.array(items);
  });
  return printer.array(rows);
}

/** Throws when `value` is not an array of rows. */
export function rowsIn(value: unknown, qtyEnough: number, options: Required<ScanOptions>) {
  const levels = (value as unknown[][]).map(
    (row) => [numberIn(row[0]), numberIn(row[1])] as [number, number],
  );
  return cutSide(levels, qtyEnough, options.levelsMax);
}
