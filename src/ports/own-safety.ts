// What a user may do himself when something is wrong: stop entries, and close what he has looked after. Body:
// adapters/store/own-safety.ts. Every change is in the audit trail.

import type { TradingMode } from "./journal.ts";
import type { Incident, IncidentKind, TradingSwitch } from "./traders.ts";

export interface OwnEntries {
  /** This user's entries; exits go on. */
  readonly off: boolean;
  /** Who switched them off; null: nobody. */
  readonly by: TradingSwitch["by"] | null;
  readonly why: string | null;
  readonly atMs: number | null;
  /** Besides, everybody's are off. */
  readonly everybodysOff: boolean;
}

/** The others say that somebody has to look, and that is not the user. */
export const USER_CLOSABLE: ReadonlySet<IncidentKind> = new Set(["key", "unknown-difference"] as const);

export type OwnIncident = Omit<Incident, "mode" | "userId" | "closedAtMs">;

export interface OwnSafety {
  entries(userId: number): Promise<OwnEntries>;
  /** Held: by the operator or the engine, and left as it is, whatever is asked. Off again takes the newer words. */
  setEntries(
    userId: number,
    wish: { readonly off: true; readonly why: string } | { readonly off: false },
    atMs: number,
  ): Promise<"set" | "held">;
  /** Those that are open, oldest first. */
  incidents(mode: TradingMode, userId: number): Promise<readonly OwnIncident[]>;
  /** "none": this user has no such open incident; "not-his": open, and of a kind the operator closes. */
  closeIncident(
    mode: TradingMode,
    userId: number,
    incidentId: number,
    atMs: number,
  ): Promise<"closed" | "none" | "not-his">;
}
