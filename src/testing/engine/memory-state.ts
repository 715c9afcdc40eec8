// Who trades and under which switches, limits and rests, in memory: the rules of src/ports/traders.ts as far as the
// engine needs them. What is set here survives every process of a test.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { RiskLimits } from "../../domain/risk.ts";
import type { ForcedClose, ForcedCloses } from "../../ports/forced-closes.ts";
import { type Fence, Fenced, type OpenPosition, type TradingMode } from "../../ports/journal.ts";
import type { HandHoldingStore } from "../../ports/store.ts";
import type {
  CoolingRow,
  DecisionRow,
  FundingRow,
  Incident,
  Trader,
  TraderStore,
  TradingStateStore,
  TradingSwitch,
} from "../../ports/traders.ts";

export class MemoryTraders implements TraderStore {
  #traders: readonly Trader[] = [];
  #revision = 0;
  /** Keys that are not to be had, as "user venue". */
  readonly keysOff = new Set<string>();
  /** Switched off and still there. */
  readonly keysSwitchedOff = new Set<string>();

  set(traders: readonly Trader[]): void {
    this.#traders = traders;
    this.#revision++;
  }

  async traders() {
    return { traders: this.#traders, faults: [] };
  }

  async revision() {
    return String(this.#revision);
  }

  async keysOf(userId: number) {
    const of = (venue: Venue) => (this.keysOff.has(`${userId} ${venue}`) ? "switched-off" : "usable");
    return {
      upbit: of("upbit"),
      bithumb: of("bithumb"),
      bybit: of("bybit"),
      binance: of("binance"),
    } as const;
  }

  async credentials(): Promise<undefined> {
    return undefined;
  }

  async setConsent(): Promise<void> {
    throw new Error("expected consent to be set with the traders");
  }

  async setExitTerms(): Promise<void> {
    throw new Error("expected exit terms to be set with the traders");
  }
}

export class MemoryState implements TradingStateStore {
  readonly switchRows = new Map<string, TradingSwitch>();
  readonly limitRows = new Map<number, Partial<RiskLimits>>();
  readonly incidents: Incident[] = [];
  readonly rests = new Map<string, CoolingRow>();
  readonly fundings = new Map<string, FundingRow>();
  readonly decisionRows: DecisionRow[] = [];
  /** What is read as lost since any instant, by user. */
  losses = new Map<number, Decimal>();

  constructor(private readonly fenceNow: () => Fence) {}

  #check(fence: Fence): void {
    if (fence !== this.fenceNow()) throw new Fenced(`expected fence ${fence}, was ${this.fenceNow()}`);
  }

  async switches() {
    return [...this.switchRows.values()];
  }

  async setSwitch(change: TradingSwitch) {
    const key = `${change.scope} ${change.subject}`;
    if (change.entriesOff || change.halted) this.switchRows.set(key, change);
    else this.switchRows.delete(key);
  }

  async limits(defaults: RiskLimits) {
    const everybody = { ...defaults, ...this.limitRows.get(0) };
    const own = [...this.limitRows].map(([userId, limits]) => [userId, { ...everybody, ...limits }] as const);
    return new Map([...own, [0, everybody] as const]);
  }

  async setLimits(userId: number, limits: Partial<RiskLimits>) {
    this.limitRows.set(userId, limits);
  }

  async openIncident(incident: Omit<Incident, "incidentId" | "closedAtMs">, fence: Fence) {
    this.#check(fence);
    const { mode, userId, kind, coin, intentId } = incident;
    const known = this.incidents.find(
      (one) =>
        one.closedAtMs === undefined &&
        one.mode === mode &&
        one.userId === userId &&
        one.kind === kind &&
        one.coin === coin &&
        one.intentId === intentId,
    );
    if (known) return { incidentId: known.incidentId, isNew: false };
    const incidentId = this.incidents.length + 1;
    this.incidents.push({ ...incident, incidentId, closedAtMs: undefined });
    return { incidentId, isNew: true };
  }

  async closeIncident(incidentId: number, _by: "user" | "operator" | "engine", atMs: number) {
    const at = this.incidents.findIndex((one) => one.incidentId === incidentId);
    const known = this.incidents[at];
    if (!known || known.closedAtMs !== undefined) return false;
    this.incidents[at] = { ...known, closedAtMs: atMs };
    return true;
  }

  async openIncidents(mode: TradingMode) {
    return this.incidents.filter((one) => one.mode === mode && one.closedAtMs === undefined);
  }

  async cooling() {
    return [...this.rests.values()];
  }

  async setCooling(_mode: TradingMode, row: CoolingRow, fence: Fence) {
    this.#check(fence);
    this.rests.set(`${row.userId} ${row.coin}`, row);
  }

  async addFunding(rows: readonly FundingRow[], fence: Fence) {
    this.#check(fence);
    const fresh = rows.filter(({ venue, eventId }) => !this.fundings.has(`${venue} ${eventId}`));
    for (const row of fresh) this.fundings.set(`${row.venue} ${row.eventId}`, row);
    return fresh.length;
  }

  async fundingUsdt(positionId: number) {
    const own = [...this.fundings.values()].filter((row) => row.positionId === positionId && !row.late);
    return Decimal.sum(own.map(({ amountUsdt }) => amountUsdt));
  }

  async lossesSince() {
    return this.losses;
  }

  async keepDecisions(rows: readonly DecisionRow[]) {
    this.decisionRows.push(...rows);
  }

  async decisions(_mode: TradingMode, userId: number) {
    return this.decisionRows.filter((row) => row.userId === userId).reverse();
  }
}

/** What users have done in Karbit by hand, as users and coins. */
export class MemoryHandHoldings implements HandHoldingStore {
  readonly held: { readonly userId: number; readonly coin: string }[] = [];
  readonly closed: { readonly userId: number; readonly coin: string }[] = [];

  async heldByHand() {
    return this.held;
  }

  async closedByHand() {
    return this.closed;
  }
}

export class MemoryForcedCloses implements ForcedCloses {
  readonly #asked = new Map<number, ForcedClose["askedBy"]>();

  /** Of one mode, as the journal in memory is. */
  constructor(private readonly openPositions: () => readonly OpenPosition[]) {}

  async ask({ userId, coin, by }: Parameters<ForcedCloses["ask"]>[0]) {
    const own = this.openPositions().filter((one) => one.userId === userId && one.coin === coin);
    for (const { positionId } of own) if (!this.#asked.has(positionId)) this.#asked.set(positionId, by);
    return own.length === 0 ? "no-position" : "asked";
  }

  async open(): Promise<readonly ForcedClose[]> {
    return this.openPositions().flatMap(({ positionId, userId, coin }) => {
      const askedBy = this.#asked.get(positionId);
      return askedBy ? [{ positionId, userId, coin, askedBy }] : [];
    });
  }
}
