// What a user sets on a perpetual account: position mode, margin mode and leverage, for all symbols or for one.

import { type Exact, exact } from "./exact.ts";

export class PerpSettings {
  /** Mode of symbols without one of their own. */
  hedgeMode = false;
  isolatedByDefault = false;
  private readonly hedgeBySymbol = new Map<string, boolean>();
  private readonly isolatedBySymbol = new Map<string, boolean>();
  private readonly leverages = new Map<string, Exact>();
  private readonly leverageDefault: Exact;
  private readonly tell: (symbol: string, atMs: number) => void;

  /** `tell`: told of a symbol whose leverage was set. */
  constructor(leverageDefault: number, tell: (symbol: string, atMs: number) => void) {
    this.leverageDefault = exact(leverageDefault);
    this.tell = tell;
  }

  isHedge(symbol: string): boolean {
    return this.hedgeBySymbol.get(symbol) ?? this.hedgeMode;
  }

  /** Without a symbol: everywhere. */
  setHedge(on: boolean, symbol?: string): void {
    if (symbol !== undefined) this.hedgeBySymbol.set(symbol, on);
    else {
      this.hedgeMode = on;
      this.hedgeBySymbol.clear();
    }
  }

  isIsolated(symbol: string): boolean {
    return this.isolatedBySymbol.get(symbol) ?? this.isolatedByDefault;
  }

  setIsolated(on: boolean, symbol?: string): void {
    if (symbol !== undefined) this.isolatedBySymbol.set(symbol, on);
    else this.isolatedByDefault = on;
  }

  leverageOf(symbol: string): Exact {
    return this.leverages.get(symbol) ?? this.leverageDefault;
  }

  setLeverage(symbol: string, leverage: Exact, atMs: number): void {
    this.leverages.set(symbol, leverage);
    this.tell(symbol, atMs);
  }
}
