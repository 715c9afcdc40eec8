// Positions somebody wants left, whatever the rate (schema/tables/accounts.ts). A wish is stored before it is answered,
// so that a restart or a takeover finds it, and holds until the position is gone. Body: adapters/store/forced-closes.ts.

import type { TradingMode } from "./journal.ts";

export interface ForcedClose {
  readonly positionId: number;
  readonly userId: number;
  readonly coin: string;
  readonly askedBy: "user" | "operator";
}

export interface ForcedCloses {
  /** Stores the wish for the user's open positions in a coin; who asked first is kept. Harmless when repeated. */
  ask(wish: {
    readonly mode: TradingMode;
    readonly userId: number;
    readonly coin: string;
    readonly by: "user" | "operator";
    readonly atMs: number;
  }): Promise<"asked" | "no-position">;
  /** Those whose position is still open. */
  open(mode: TradingMode): Promise<readonly ForcedClose[]>;
}
