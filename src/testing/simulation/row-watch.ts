// Sees every call of the journal from below the engine, and every order as it leaves: no order without its row, or
// without the planned row that allows it. Also what states and moves a run has been through.

import type { Decimal } from "../../domain/decimal.ts";
import {
  type IntentKind,
  type IntentState,
  preAuthoriseEntry,
  preAuthoriseExit,
} from "../../domain/intent.ts";
import type { ExitEnd, IntentRow, Journal, OrderRow } from "../../ports/journal.ts";

export class RowWatch {
  /** Promises seen broken, in words. */
  readonly broken: string[] = [];
  /** "entry planned > domestic-sending" and so on. */
  readonly moves = new Map<string, number>();
  readonly exits: { readonly intentId: string; readonly end: ExitEnd }[] = [];
  orders = 0;
  /** What the journal has confirmed: ids of orders, and intents past their first commit. */
  readonly #durable = new Set<string>();
  readonly #begun = new Map<string, IntentRow>();
  readonly #planned = new Map<string, IntentRow>();
  readonly #states = new Map<string, IntentState>();

  journal(journal: Journal): Journal {
    return new Proxy(journal, {
      get: (target, name) => {
        const method = (target as unknown as Record<string | symbol, unknown>)[name];
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          if (answer !== "busy") this.#note(String(name), args);
          return answer;
        };
      },
    });
  }

  #note(name: string, args: readonly unknown[]): void {
    if (name === "plan") {
      const intent = args[0] as IntentRow;
      this.#planned.set(intent.intentId, intent);
      this.#states.set(intent.intentId, "planned");
    } else if (name === "addOrders") {
      for (const { clientOrderId } of args[0] as readonly OrderRow[]) this.#durable.add(clientOrderId);
    } else if (name === "move") {
      const { order, intentId, to } = args[0] as Parameters<Journal["move"]>[0];
      if (order) this.#durable.add(order.clientOrderId);
      if (to === "domestic-sending" || to === "sending") {
        this.#begun.set(intentId, this.#planned.get(intentId)!);
      }
      this.#moved(intentId, to);
    } else if (name === "endEntry" || name === "endExit") {
      const [intentId, end] = args as Parameters<Journal["endExit"]>;
      if (name === "endExit" && this.#states.get(intentId) !== end.to) this.exits.push({ intentId, end });
      this.#moved(intentId, end.to);
    }
  }

  #moved(intentId: string, to: IntentState): void {
    const from = this.#states.get(intentId)!;
    if (from === to) return;
    const kind: IntentKind = this.#planned.get(intentId)!.kind;
    const move = `${kind} ${from} > ${to}`;
    this.moves.set(move, (this.moves.get(move) ?? 0) + 1);
    this.#states.set(intentId, to);
  }

  /** An order may reach a venue only with its row there, or allowed by the planned row. */
  onSend = (order: { readonly clientOrderId: string; readonly qty: Decimal }): void => {
    this.orders++;
    const { clientOrderId } = order;
    const intentId = clientOrderId.slice(3, 23);
    const intent = this.#begun.get(intentId);
    if (!intent) this.broken.push(`${clientOrderId}: sent before its intent was begun`);
    else if (!this.#durable.has(clientOrderId)) {
      const { kind, qtyCoin, qtyContracts } = intent;
      const allow = kind === "entry" ? preAuthoriseEntry : preAuthoriseExit;
      const allowed = allow(intentId, { qtyCoin, qtyContracts });
      const found = allowed.find((one) => one.clientOrderId === clientOrderId);
      if (!found || order.qty.above(found.qtyMax)) {
        this.broken.push(`${clientOrderId}: sent before its row`);
      }
    }
  };
}
