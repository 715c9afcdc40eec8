// What the server says of itself: whether its market is simulated, how often it ticks, what it shows beside the rates. A server without this
// route (404) is taken for a real one; any other trouble leaves the question open for the next try.

import type { BrowserClock } from "./clock.ts";

export interface About {
  readonly version: string | undefined;
  readonly simulated: boolean;
  readonly tickIntervalMs: number;
  readonly trading: boolean;
  /** Whether it has the rates of the past. */
  readonly charts: boolean;
  /** Undefined: nobody can log in. */
  readonly accounts: { readonly mode: "paper" | "live"; readonly signUp: boolean } | undefined;
}

/** The scheduler's own default. */
export const TICK_INTERVAL_MS_DEFAULT = 30_000;
const TIMEOUT_MS = 5_000;

/** Undefined when the server gave no usable answer. Never throws. */
export async function fetchAbout(url: string, clock: BrowserClock): Promise<About | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    clock.learn(response.headers.get("date"));
    if (response.status === 404) return parseAbout({});
    return response.ok ? parseAbout(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}

export function parseAbout(value: unknown): About {
  const stated = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const { version, simulated, tickIntervalMs, trading, charts, accounts } = stated;
  return {
    version: typeof version === "string" ? version : undefined,
    simulated: simulated === true,
    tickIntervalMs:
      typeof tickIntervalMs === "number" && tickIntervalMs > 0 ? tickIntervalMs : TICK_INTERVAL_MS_DEFAULT,
    trading: trading === true,
    charts: charts === true,
    accounts: parseAccounts(accounts),
  };
}

function parseAccounts(value: unknown): About["accounts"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { mode, signUp } = value as Record<string, unknown>;
  return mode === "paper" || mode === "live" ? { mode, signUp: signUp === true } : undefined;
}
