// Why something could not be put on the bus, in the one distinction callers act upon.

/**
 * - "passing": the link or the server is away, or it did not confirm in time. Whether the message was stored is not
 *   known; publishing it again under the same id is harmless.
 * - "defect": the message, the settings or the server's set-up is wrong; repeating does not help.
 */
export type BusFaultKind = "passing" | "defect";

export class BusFault extends Error {
  override readonly name = "BusFault";

  constructor(
    readonly kind: BusFaultKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function isPassingBusFault(error: unknown): boolean {
  return error instanceof BusFault && error.kind === "passing";
}
