/** Time as everything in the system sees it. The only implementations are adapters/clock.ts and the manual clock. */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  nowMs(): number;
  /** Monotonic milliseconds since an arbitrary start, for measuring lengths. */
  monotonicMs(): number;
  /** Resolves after `lengthMs`, or at once when the signal aborts. */
  sleep(lengthMs: number, signal?: AbortSignal): Promise<void>;
}
