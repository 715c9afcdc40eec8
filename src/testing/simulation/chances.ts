// What may go wrong in a simulated run, drawn one choice at a time, 0 being the good one: by an exhaustive search, or by
// a seed. Everything drawn is noted, so that a run can be told and repeated.

import type { Fault, VenueRequest } from "../memory-venues/faults.ts";
import type { Pick } from "../search-all.ts";
import { type LifeChances, SEND_CHOICES, STORE_CHOICES, type StoreChoice } from "./life.ts";

/** As late as a venue would still take the request. */
const LATE_MS = { upbit: 60_000, bithumb: 15_000, bybit: 2_500, binance: 2_500 } as const;

const PLACE_FAULTS = [
  "none",
  "part",
  "nothing",
  "refused",
  "limited",
  "reply-lost",
  "request-lost",
  "late",
  "twice",
] as const;
export type PlaceFault = (typeof PLACE_FAULTS)[number];

const LOOKUP_FAULTS = ["none", "absent", "open", "fails"] as const;

export class Chances implements LifeChances {
  readonly drawn = new Map<string, number>();
  readonly trace: string[] = [];
  crashes = 0;

  constructor(
    private readonly pick: Pick,
    /** Also a store that is away for longer, and answers that are lost after the commit. */
    private readonly storeChoices: readonly StoreChoice[] = STORE_CHOICES,
  ) {}

  #draw<T extends string>(what: string, choices: readonly T[]): T {
    const choice = choices[this.pick(choices.length)]!;
    if (choice !== choices[0]) {
      const kind = what.split(" ")[0]!;
      this.drawn.set(`${kind} ${choice}`, (this.drawn.get(`${kind} ${choice}`) ?? 0) + 1);
      this.trace.push(`${what}: ${choice}`);
      if (choice.startsWith("crash")) this.crashes++;
    }
    return choice;
  }

  store(call: string): StoreChoice {
    // Reads change nothing: a crash around one is a crash around its neighbours.
    if (["file", "unfinished", "openPositions", "dust"].includes(call)) return "ok";
    return this.#draw(`store ${call}`, this.storeChoices);
  }

  send({ clientOrderId }: { readonly clientOrderId: string }) {
    return this.#draw(`send ${clientOrderId.slice(24)}`, SEND_CHOICES);
  }

  readonly request = (request: VenueRequest): Fault | undefined => {
    const { call, venue, purpose, attempt } = request;
    const name = `${venue} ${purpose ?? ""}-${attempt ?? ""}`;
    if (call === "place") return this.#placeFault(request, this.#draw(`place ${name}`, placeFaults(venue)));
    if (call === "lookup") return lookupFault(this.#draw(`lookup ${name}`, LOOKUP_FAULTS));
    if (call === "balances" || call === "positions") {
      return this.#draw(`read ${call}`, ["none", "fails"] as const) === "fails"
        ? { read: "fails" }
        : undefined;
    }
    return undefined;
  };

  #placeFault({ venue }: VenueRequest, fault: PlaceFault): Fault | undefined {
    switch (fault) {
      case "none":
        return undefined;
      case "part":
        return { fillRatio: 0.5 };
      case "nothing":
        return { fillRatio: 0 };
      case "refused":
        return { refuse: "funds" };
      case "limited":
        return { refuse: "limited" };
      case "reply-lost":
        return { reply: "lost" };
      case "request-lost":
        return { request: "lost" };
      case "late":
        return { lateMs: LATE_MS[venue] };
      case "twice":
        return { twiceAfterMs: 1_200 };
    }
  }
}

/**
 * Binance's ids are unique among open orders only: a request its network delivered twice executes twice, whatever a
 * client does. It is left out there, and found by reconciliation.
 */
function placeFaults(venue: string): readonly PlaceFault[] {
  return venue === "binance" ? PLACE_FAULTS.slice(0, -1) : PLACE_FAULTS;
}

function lookupFault(view: (typeof LOOKUP_FAULTS)[number]): Fault | undefined {
  if (view === "none") return undefined;
  if (view === "fails") return { read: "fails" };
  return { view };
}
