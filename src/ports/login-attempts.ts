// Failed logins by address, so that guessing a password takes days and not minutes, through however many api processes.
// Body: adapters/store/login-attempts.ts. Operations fail with a StoreFault.

export interface LoginAttempts {
  /** Counts an attempt as failed until it is forgiven. Returns the ms to wait when the address is locked, else 0. */
  begin(address: string, atMs: number): Promise<number>;
  /** The attempt came to no verdict, by no fault of the caller. */
  forgiveOne(address: string): Promise<void>;
  /** The password was right. */
  forgiveAll(address: string): Promise<void>;
}
