// Telling people what happens to their money, and operators what happens to the service.

import type { Notice } from "../domain/notice.ts";

export type { Notice } from "../domain/notice.ts";

/** A user, as far as they want notices, or those who run the service. */
export type Audience = { readonly userId: number } | "operator";

export interface Notifier {
  /**
   * Returns at once whatever the way out is doing: never throws, never waits, and keeps only so much. Nothing may
   * depend on a notice's arrival. Of notices with the same `dedupeKey` to the same audience one is sent now, and the
   * rest of the next ten minutes as one, with their number.
   */
  tell(message: {
    readonly audience: Audience;
    readonly notice: Notice;
    /** When it happened, epoch ms; shown to the reader. */
    readonly atMs: number;
    readonly dedupeKey?: string;
  }): void;
}
