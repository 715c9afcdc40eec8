// Why a storage operation failed, in the one distinction callers act upon.

/**
 * - "passing": the store is away, overloaded or was restarted; the same call may succeed later. Every operation of
 *   src/ports/store.ts may be repeated.
 * - "defect": the call, the settings or the schema is wrong; repeating does not help.
 */
export type StoreFaultKind = "passing" | "defect";

export class StoreFault extends Error {
  override readonly name = "StoreFault";

  constructor(
    readonly kind: StoreFaultKind,
    /** The driver's code or SQLSTATE, e.g. "ECONNREFUSED" or "23505"; "" where there is none. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function isPassing(error: unknown): boolean {
  return error instanceof StoreFault && error.kind === "passing";
}
