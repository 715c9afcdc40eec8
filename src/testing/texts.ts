// Random texts for property tests.

import fc from "fast-check";

/**
 * Any text of up to `lengthMax` characters: of one to four bytes in UTF-8, control characters too, whole surrogate pairs
 * only. fast-check's own units "binary" and "grapheme" mean the same, but take a second to set up in every file.
 */
export function anyText(lengthMax: number): fc.Arbitrary<string> {
  const point = fc.oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10_ffff }),
  );
  return fc.array(point, { maxLength: lengthMax }).map((points) => String.fromCodePoint(...points));
}
