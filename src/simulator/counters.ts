// What the venues saw: requests per host and source, by HTTP status, and how many the limits refused.

import type { Delivery, SimHost } from "./dispatch.ts";

export interface SourceCounts {
  requests: number;
  /** Refused by a rate limit, Bybit's 10006 (HTTP 200) included. */
  limited: number;
  hung: number;
  reset: number;
  /** Answers sent, by HTTP status. */
  readonly byStatus: Record<number, number>;
}

export type CounterTable = Partial<Record<SimHost, Record<string, SourceCounts>>>;

export class SimCounters {
  private table: CounterTable = {};

  count(host: SimHost, source: string, limited: boolean, delivery: Delivery): void {
    const sources = (this.table[host] ??= {});
    const counts = (sources[source] ??= { requests: 0, limited: 0, hung: 0, reset: 0, byStatus: {} });
    counts.requests++;
    if (limited) counts.limited++;
    if (delivery.kind === "hang") counts.hung++;
    else if (delivery.kind === "reset") counts.reset++;
    else if (delivery.kind === "send")
      counts.byStatus[delivery.reply.status] = (counts.byStatus[delivery.reply.status] ?? 0) + 1;
  }

  snapshot(): CounterTable {
    return structuredClone(this.table);
  }

  /** All hosts and sources together. */
  total(): SourceCounts {
    const total: SourceCounts = { requests: 0, limited: 0, hung: 0, reset: 0, byStatus: {} };
    for (const sources of Object.values(this.table)) {
      for (const counts of Object.values(sources)) {
        total.requests += counts.requests;
        total.limited += counts.limited;
        total.hung += counts.hung;
        total.reset += counts.reset;
        for (const [status, count] of Object.entries(counts.byStatus)) {
          total.byStatus[Number(status)] = (total.byStatus[Number(status)] ?? 0) + count;
        }
      }
    }
    return total;
  }

  reset(): void {
    this.table = {};
  }
}
