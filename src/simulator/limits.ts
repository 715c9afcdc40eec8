// Rate limits as pure state: rolling windows and what follows an excess. Time comes in with every call, so a test
// can run an hour in a millisecond. A window is strict: at no instant do the last `windowMs` hold more than `limit`.
// Refused requests spend nothing.

export interface WindowRule {
  /** Units (requests or weight) allowed in any `windowMs`. */
  readonly limit: number;
  readonly windowMs: number;
}

/** Units spent in the last `windowMs`; an entry made at t counts for t <= now < t + windowMs. */
export class RollingWindow {
  readonly rule: WindowRule;
  /** Most units ever held at once. */
  peak = 0;
  private atMs: number[] = [];
  private costs: number[] = [];
  private head = 0;
  private sum = 0;

  constructor(rule: WindowRule) {
    this.rule = rule;
  }

  used(nowMs: number): number {
    while (this.head < this.atMs.length && this.atMs[this.head]! + this.rule.windowMs <= nowMs) {
      this.sum -= this.costs[this.head++]!;
    }
    if (this.head > 1024 && this.head * 2 > this.atMs.length) {
      this.atMs = this.atMs.slice(this.head);
      this.costs = this.costs.slice(this.head);
      this.head = 0;
    }
    return this.sum;
  }

  /** Spends `cost` if it fits; false, and nothing spent, if not. */
  take(nowMs: number, cost: number): boolean {
    if (this.used(nowMs) + cost > this.rule.limit) return false;
    if (cost > 0) {
      this.atMs.push(nowMs);
      this.costs.push(cost);
      this.sum += cost;
      if (this.sum > this.peak) this.peak = this.sum;
    }
    return true;
  }

  /** Earliest instant at which `cost` fits if nothing else is spent. */
  freeAtMs(nowMs: number, cost: number): number {
    let over = this.used(nowMs) + cost - this.rule.limit;
    if (over <= 0) return nowMs;
    for (let index = this.head; index < this.atMs.length; index++) {
      over -= this.costs[index]!;
      if (over <= 0) return this.atMs[index]! + this.rule.windowMs;
    }
    return nowMs + this.rule.windowMs;
  }
}

/**
 * What an excess leads to.
 * - "refuse": only that request is refused
 * - "refuse-then-ban": `refusalsMax` refusals within `refusalMemoryMs` are let off, the next one bans the whole
 *   source for `banMs`, doubled with every further ban up to `banMsMax`
 * - "suspend-group": the group is closed to the source for `banMs`
 * - "ban": the whole source is banned for `banMs` at once
 */
export type ExcessRule =
  | { readonly kind: "refuse" }
  | {
      readonly kind: "refuse-then-ban";
      readonly refusalsMax: number;
      readonly refusalMemoryMs: number;
      readonly banMs: number;
      readonly banMsMax: number;
    }
  | { readonly kind: "suspend-group"; readonly banMs: number }
  | { readonly kind: "ban"; readonly banMs: number };

export interface LimitRules {
  readonly groups: Readonly<Record<string, WindowRule>>;
  readonly excess: ExcessRule;
}

/** "over": this request was one too many. "banned": refused because of what happened before (or the ban begins). */
export interface LimitVerdict {
  readonly kind: "pass" | "over" | "banned";
  readonly limit: number;
  /** Units in the window, this request included when it passed. */
  readonly used: number;
  readonly remaining: number;
  /** pass: now; over: when it would fit; banned: the ban's end. */
  readonly untilMs: number;
}

export interface LimitUsage {
  readonly source: string;
  readonly group: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly used: number;
  readonly peak: number;
}

interface SourceState {
  readonly windows: Map<string, RollingWindow>;
  readonly suspendedUntilMs: Map<string, number>;
  refusalsAtMs: number[];
  bannedUntilMs: number;
  banCount: number;
}

/** Budgets of one venue, kept per source (an address, or an account where the venue counts accounts). */
export class Limiter {
  private readonly rules: LimitRules;
  private readonly banScale: number;
  private readonly sources = new Map<string, SourceState>();

  /** `banScale` multiplies every ban, so that a test need not wait ten minutes. */
  constructor(rules: LimitRules, banScale = 1) {
    this.rules = rules;
    this.banScale = banScale;
  }

  /** Spends `cost` units of a group, or says why not. Throws on a group the rules do not name. */
  take(source: string, group: string, cost: number, nowMs: number): LimitVerdict {
    const rule = this.rules.groups[group];
    if (rule === undefined) throw new RangeError(`expected a limit group, was ${group}`);
    const state = this.stateOf(source);
    const window = windowOf(state, group, rule);
    const bannedUntilMs = Math.max(state.bannedUntilMs, state.suspendedUntilMs.get(group) ?? 0);
    if (nowMs < bannedUntilMs) return verdict("banned", window, nowMs, bannedUntilMs);
    if (window.take(nowMs, cost)) return verdict("pass", window, nowMs, nowMs);
    const untilMs = this.punish(state, group, nowMs);
    if (untilMs !== undefined) return verdict("banned", window, nowMs, untilMs);
    return verdict("over", window, nowMs, window.freeAtMs(nowMs, cost));
  }

  limitOf(group: string): number {
    return this.rules.groups[group]?.limit ?? 0;
  }

  /** What is in a window now, without spending. */
  used(source: string, group: string, nowMs: number): number {
    return this.sources.get(source)?.windows.get(group)?.used(nowMs) ?? 0;
  }

  usage(nowMs: number): LimitUsage[] {
    const rows: LimitUsage[] = [];
    for (const [source, state] of this.sources) {
      for (const [group, window] of state.windows) {
        rows.push({ source, group, ...window.rule, used: window.used(nowMs), peak: window.peak });
      }
    }
    return rows;
  }

  /** Forgets everything spent and every ban. */
  reset(): void {
    this.sources.clear();
  }

  private stateOf(source: string): SourceState {
    let state = this.sources.get(source);
    if (state === undefined) {
      state = {
        windows: new Map(),
        suspendedUntilMs: new Map(),
        refusalsAtMs: [],
        bannedUntilMs: 0,
        banCount: 0,
      };
      this.sources.set(source, state);
    }
    return state;
  }

  /** The end of the ban this excess brings, undefined when it brings none. */
  private punish(state: SourceState, group: string, nowMs: number): number | undefined {
    const excess = this.rules.excess;
    switch (excess.kind) {
      case "refuse":
        return undefined;
      case "suspend-group": {
        const untilMs = nowMs + excess.banMs * this.banScale;
        state.suspendedUntilMs.set(group, untilMs);
        return untilMs;
      }
      case "ban":
        return (state.bannedUntilMs = nowMs + excess.banMs * this.banScale);
      case "refuse-then-ban": {
        state.refusalsAtMs = state.refusalsAtMs.filter((atMs) => atMs > nowMs - excess.refusalMemoryMs);
        state.refusalsAtMs.push(nowMs);
        if (state.refusalsAtMs.length <= excess.refusalsMax) return undefined;
        const banMs = Math.min(excess.banMs * 2 ** state.banCount, excess.banMsMax);
        state.banCount++;
        state.refusalsAtMs = [];
        return (state.bannedUntilMs = nowMs + banMs * this.banScale);
      }
    }
  }
}

function windowOf(state: SourceState, group: string, rule: WindowRule): RollingWindow {
  let window = state.windows.get(group);
  if (window === undefined) state.windows.set(group, (window = new RollingWindow(rule)));
  return window;
}

function verdict(
  kind: LimitVerdict["kind"],
  window: RollingWindow,
  nowMs: number,
  untilMs: number,
): LimitVerdict {
  const used = window.used(nowMs);
  return { kind, limit: window.rule.limit, used, remaining: Math.max(0, window.rule.limit - used), untilMs };
}
