// What goes wrong in a simulated run, drawn one choice at a time, 0 being the good one: by an exhaustive search, or by
// a seed. Everything drawn is told, so that a run can be read and repeated.

import type { Fault, VenueRequest } from "../memory-venues/faults.ts";
import { lookupFault, type Menus, placeFault, placeMenu, SHORT_MENUS } from "./fault-menus.ts";
import type { LifeChances, SendChoice, StoreChoice } from "./life.ts";
import type { Polls } from "./polls.ts";

/** A venue's lists may lack an order for so long after it was placed; past that they are the truth. */
const ABSENT_MS_MAX = 2_000;

export type PickOf = (count: number, what: string) => number;

export class Chances implements LifeChances {
  /** How often each fault was drawn, by step: "place hedge refused". */
  readonly drawn = new Map<string, number>();
  readonly trace: string[] = [];
  crashes = 0;
  readonly #placedAtMs = new Map<string, number>();

  constructor(
    private readonly pick: PickOf,
    private readonly menus: Menus = SHORT_MENUS,
    private readonly onDrawn: (step: string, choice: string, detail: string) => void = () => undefined,
    /** Where given, look-ups like their neighbours go well. */
    private readonly polls?: Polls,
  ) {}

  /** `step` names what is counted, `detail` what is told. */
  #draw<T extends string>(step: string, detail: string, choices: readonly T[]): T {
    const choice = choices[this.pick(choices.length, step)]!;
    if (choice !== choices[0]) {
      const name = `${step} ${choice}`;
      this.drawn.set(name, (this.drawn.get(name) ?? 0) + 1);
      this.trace.push(`${detail}: ${choice}`);
      if (choice.startsWith("crash")) {
        this.crashes++;
        this.polls?.die();
      }
      this.onDrawn(step, choice, detail);
    }
    return choice;
  }

  store(call: string, clientOrderId = ""): StoreChoice {
    // Reads change nothing: a crash around one is a crash around its neighbours.
    if (["file", "unfinished", "openPositions", "closedSince", "dust"].includes(call)) return "ok";
    if (call.startsWith("recordOrder") && this.polls?.wasAlike(clientOrderId)) return "ok";
    return this.#draw(`store ${call}`, `store ${call}`, this.menus.store);
  }

  send({ clientOrderId }: { readonly clientOrderId: string }): SendChoice {
    return this.#draw(`send ${clientOrderId.at(24)}`, `send ${clientOrderId.slice(24)}`, this.menus.send);
  }

  readonly request = (request: VenueRequest): Fault | undefined => {
    const { call, venue, purpose, attempt, clientOrderId = "", atMs } = request;
    const name = `${venue} ${purpose ?? ""}-${attempt ?? ""}`;
    if (call === "place") {
      this.#placedAtMs.set(clientOrderId, this.#placedAtMs.get(clientOrderId) ?? atMs);
      const menu = placeMenu(this.menus.place, venue);
      return placeFault(this.#draw(`place ${purpose}`, `place ${name}`, menu), venue);
    }
    if (call === "lookup") {
      const placedAtMs = this.#placedAtMs.get(clientOrderId);
      if (this.polls?.isAlike(venue, clientOrderId, atMs, placedAtMs)) return undefined;
      const isYoung = atMs - (placedAtMs ?? atMs) < ABSENT_MS_MAX;
      const menu = this.menus.lookup.filter((view) => view !== "absent" || isYoung);
      return lookupFault(this.#draw("lookup", `lookup ${name}`, menu));
    }
    if (call === "balances" || call === "positions") {
      const read = this.#draw(`read ${call}`, `read ${call} of ${venue}`, this.menus.read);
      return read === "none" ? undefined : { read };
    }
    return undefined;
  };
}
