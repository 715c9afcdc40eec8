// What the page knows of the account: parts that are read from the api, each by one request at a time, and kept until the
// next reading. A part that cannot be read keeps what it had.

import type * as v from "valibot";
import type { balancesSchema } from "../../routes/balances.ts";
import type { ownKeysSchema } from "../../routes/keys.ts";
import type { openPositionsSchema } from "../../routes/open-positions.ts";
import type { paperAccountsSchema } from "../../routes/paper.ts";
import type {
  activePositionsSchema,
  dailyProfitSchema,
  decisionsSchema,
  positionHistorySchema,
  positionStatisticsSchema,
} from "../../routes/positions.ts";
import type { entriesSchema, incidentsSchema } from "../../routes/safety.ts";
import type { consentSchema, strategiesSchema } from "../../routes/strategies.ts";
import type { telegramSchema } from "../../routes/telegram.ts";
import { ask, type Refusal } from "./ask.ts";

export interface Parts {
  readonly open: v.InferOutput<typeof openPositionsSchema>;
  readonly active: v.InferOutput<typeof activePositionsSchema>;
  readonly statistics: v.InferOutput<typeof positionStatisticsSchema>;
  readonly daily: v.InferOutput<typeof dailyProfitSchema>;
  readonly history: v.InferOutput<typeof positionHistorySchema>;
  readonly strategies: v.InferOutput<typeof strategiesSchema>;
  readonly decisions: v.InferOutput<typeof decisionsSchema>;
  readonly entries: v.InferOutput<typeof entriesSchema>;
  readonly incidents: v.InferOutput<typeof incidentsSchema>;
  readonly paper: v.InferOutput<typeof paperAccountsSchema>;
  readonly balances: v.InferOutput<typeof balancesSchema>;
  readonly keys: v.InferOutput<typeof ownKeysSchema>;
  readonly telegram: v.InferOutput<typeof telegramSchema>;
  readonly consent: v.InferOutput<typeof consentSchema>;
}
export type PartName = keyof Parts;

export const HISTORY_ROWS = 20;

export interface DataOptions {
  /** Days of the profit over time, and the page of the history that are shown. */
  readonly wanted: () => { readonly daily: string; readonly historyPage: number };
  readonly onChange: () => void;
  /** The session has ended. */
  readonly onSignedOut: () => void;
}

export class AccountData {
  readonly #options: DataOptions;
  #parts: Partial<Parts> = {};
  readonly #refusals = new Map<PartName, Refusal>();
  /** Being read; true: it is to be read once more. */
  readonly #reading = new Map<PartName, boolean>();
  /** Grows with every account: answers for an earlier one are passed over. */
  #turn = 0;

  constructor(options: DataOptions) {
    this.#options = options;
  }

  get<Name extends PartName>(name: Name): Parts[Name] | undefined {
    return this.#parts[name];
  }

  /** Why the last reading of the part failed; undefined: it did not. */
  refusal(name: PartName): Refusal | undefined {
    return this.#refusals.get(name);
  }

  /** Takes what an answer to a change already tells. */
  put<Name extends PartName>(name: Name, value: Parts[Name]): void {
    this.#parts = { ...this.#parts, [name]: value };
    this.#refusals.delete(name);
    this.#options.onChange();
  }

  /** Reads them anew. Never rejects. */
  async load(...names: readonly PartName[]): Promise<void> {
    await Promise.all(names.map((name) => this.#load(name)));
  }

  forget(): void {
    this.#turn++;
    this.#parts = {};
    this.#refusals.clear();
    this.#reading.clear();
  }

  async #load(name: PartName): Promise<void> {
    if (this.#reading.has(name)) return void this.#reading.set(name, true);
    this.#reading.set(name, false);
    const turn = this.#turn;
    const answer = await ask<Parts[PartName]>("GET", this.#path(name));
    if (turn !== this.#turn) return;
    const isOld = this.#reading.get(name) === true;
    this.#reading.delete(name);
    if ("refusal" in answer && answer.refusal.status === 401) return this.#options.onSignedOut();
    if (isOld) return await this.#load(name);
    if ("value" in answer) return this.put(name, answer.value as never);
    this.#refusals.set(name, answer.refusal);
    this.#options.onChange();
  }

  #path(name: PartName): string {
    const { daily, historyPage } = this.#options.wanted();
    const paths: Readonly<Record<PartName, string>> = {
      open: "api/positions/open",
      active: "api/positions/active",
      statistics: "api/positions/statistics",
      daily: `api/positions/daily?${daily}`,
      history: `api/positions/history?page=${historyPage}&size=${HISTORY_ROWS}`,
      strategies: "api/strategies",
      decisions: "api/strategies/decisions",
      entries: "api/entries",
      incidents: "api/incidents",
      paper: "api/paper",
      balances: "api/balances",
      keys: "api/keys",
      telegram: "api/telegram",
      consent: "api/consent",
    };
    return paths[name];
  }
}
