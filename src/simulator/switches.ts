// What the venues' documents leave open, as switches: each default is a guess, the other values are what else it
// might be. One object per simulator, changed while running.

export interface Switches {
  readonly upbit: {
    /** error.name of an `identifier` used before. */
    duplicateIdentifierName: string;
  };
  readonly bithumb: {
    /** A used client_order_id gets the order made first ("existing") or an error ("refuse"). */
    duplicateClientId: "existing" | "refuse";
    duplicateClientIdName: string;
    /** Lookups of a new order that get 422 order_not_ready first. */
    notReadyLookups: number;
    /** State of a market buy with money left over. */
    residueState: "done" | "cancel";
    /** error.name of an order below the minimum, before _bid or _ask. */
    minimumName: "under_price_limit" | "under_min_total";
  };
  readonly bybit: {
    /** From the acknowledgement until /v5/order/realtime and the execution list show an order. */
    visibleAfterMs: number;
    /** From the acknowledgement until /v5/order/history shows an order that has ended. */
    historyAfterMs: number;
  };
  readonly binance: {
    /** True: the reply to a new order has avgPrice and cumQuote (as before July 2026). */
    averageInReply: boolean;
    /** True: userTrades print what was paid as a negative commission (as older versions did). */
    negativeCommission: boolean;
    /** False: a user stream whose key stands in the path stays silent (as reported of production in 2026). */
    listenKeyInPath: boolean;
    /** True: a user stream without `events=` stays silent (reported likewise). */
    eventsNeeded: boolean;
  };
  readonly market: {
    /** How long what an order took stays missing from the book. */
    refillMs: number;
    /** Share of a position's value that must be left as margin. */
    maintenanceRatio: number;
    /** Worst price of a market order on the perpetual venues, from the best, as a ratio. */
    marketBandRatio: number;
  };
}

export function defaultSwitches(): Switches {
  return {
    upbit: { duplicateIdentifierName: "identifier_already_used" },
    bithumb: {
      duplicateClientId: "existing",
      duplicateClientIdName: "duplicated_client_order_id",
      notReadyLookups: 1,
      residueState: "done",
      minimumName: "under_price_limit",
    },
    bybit: { visibleAfterMs: 30, historyAfterMs: 300 },
    binance: {
      averageInReply: false,
      negativeCommission: false,
      listenKeyInPath: true,
      eventsNeeded: false,
    },
    market: { refillMs: 1_000, maintenanceRatio: 0.005, marketBandRatio: 0.05 },
  };
}

export type SwitchChanges = { readonly [Group in keyof Switches]?: Partial<Switches[Group]> };

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  duplicateClientId: ["existing", "refuse"],
  residueState: ["done", "cancel"],
  minimumName: ["under_price_limit", "under_min_total"],
};

/** Throws RangeError on a switch that does not exist or a value it cannot take; then nothing is changed. */
export function changeSwitches(switches: Switches, changes: SwitchChanges): void {
  const groups = switches as unknown as Record<string, Record<string, unknown>>;
  const accepted: [Record<string, unknown>, string, unknown][] = [];
  for (const [groupName, members] of Object.entries(changes)) {
    for (const [name, value] of Object.entries(members ?? {})) {
      const group = groups[groupName];
      if (group === undefined || !Object.hasOwn(group, name)) {
        throw new RangeError(`expected a switch, was ${groupName}.${name}`);
      }
      const choices = CHOICES[name];
      const fits = choices?.includes(value) ?? typeof value === typeof group[name];
      if (!fits || (typeof value === "number" && !(value >= 0))) {
        const wanted = choices?.join(" or ") ?? `a ${typeof group[name]} (not below 0)`;
        throw new RangeError(`${groupName}.${name}: expected ${wanted}, was ${String(value)}`);
      }
      accepted.push([group, name, value]);
    }
  }
  for (const [group, name, value] of accepted) group[name] = value;
}
