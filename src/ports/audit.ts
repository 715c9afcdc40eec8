// The trail of every change somebody made to keys, strategies, switches and the like. Body: adapters/store/audit.ts.
// Whoever stores such a change stores its event in the same transaction.

export interface AuditEvent {
  readonly atMs: number;
  readonly actor: "user" | "operator" | "engine";
  /** Whose things were changed; undefined: nobody's in particular. */
  readonly userId: number | undefined;
  /** noun.verb: key.added, strategy.started, switch.set. */
  readonly action: string;
  /** To what: a venue, a strategy's id, a coin; may be empty. */
  readonly subject: string;
  /** Never a secret, nor the ciphertext of one. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AuditStore {
  /** Newest first; of everybody when no user is given. */
  read(userId: number | undefined, limit: number): Promise<readonly AuditEvent[]>;
  /** For changes that are stored elsewhere. */
  add(event: AuditEvent): Promise<void>;
}
