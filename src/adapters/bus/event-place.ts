// A place in the stream of events, as clients keep it: when the stream was made, so that a number is not taken for the
// same number of a stream made anew, and the sequence number in it.

export function placeOf(madeAtMs: number, sequence: number): string {
  return `${madeAtMs.toString(36)}-${sequence}`;
}

/** Undefined for whatever is no place. */
export function parsePlace(
  text: string,
): { readonly madeAtMs: number; readonly sequence: number } | undefined {
  const [, made, sequence] = /^([0-9a-z]{1,10})-(\d{1,15})$/.exec(text) ?? [];
  if (made === undefined || sequence === undefined) return undefined;
  return { madeAtMs: Number.parseInt(made, 36), sequence: Number(sequence) };
}
