// Who has what at the simulated venues: one user per API key, with an account on each of the four. A key that the
// simulator was told to accept opens with plenty of money unless told otherwise.

import { createHash } from "node:crypto";
import type { AccountEvent, AccountWatchers } from "./account-events.ts";
import { exact } from "./exact.ts";
import type { Matching } from "./matching.ts";
import { PerpAccount, USDT } from "./perp-account.ts";
import { KRW, SpotAccount } from "./spot-account.ts";
import type { Switches } from "./switches.ts";
import type { SimVenue } from "./types.ts";

/** Amounts by asset, as decimal texts. */
export type Amounts = Readonly<Record<string, string>>;

export interface AccountSpec {
  readonly apiKey: string;
  readonly secret: string;
  /** Per venue; a venue left out opens with DEFAULT_BALANCES. */
  readonly balances?: Partial<Record<SimVenue, Amounts>>;
  /** Perpetual venues open in hedge mode. Default one-way. */
  readonly hedgeMode?: boolean;
  /** Bithumb's fee coupon: 0.04 % instead of 0.25 %. */
  readonly bithumbCoupon?: boolean;
  /** Binance fees in BNB while there is some. */
  readonly feesInBnb?: boolean;
}

/** How one key stands at one venue. */
export interface KeyState {
  revoked: boolean;
  expired: boolean;
  /** What the venue prints as the key's end. */
  expiresAtMs: number;
  /** Addresses it may be used from, with or without "#" and the pretended source; undefined: any. */
  addresses: string[] | undefined;
  canRead: boolean;
  canTrade: boolean;
  /** Told by Bybit alone; nobody withdraws here by API. */
  canWithdraw: boolean;
}

export const DEFAULT_BALANCES: Readonly<Record<SimVenue, Amounts>> = {
  upbit: { KRW: "100000000" },
  bithumb: { KRW: "100000000" },
  bybit: { USDT: "100000" },
  binance: { USDT: "100000" },
};
export const BITHUMB_LIST_FEE = "0.0025";
export const BITHUMB_COUPON_FEE = "0.0004";
const KEY_LIFE_MS = 365 * 86_400_000;

export interface SimUser {
  readonly apiKey: string;
  readonly secret: string;
  /** A number the venues print where they print one. */
  readonly uid: number;
  readonly openedAtMs: number;
  readonly upbit: SpotAccount;
  readonly bithumb: SpotAccount;
  readonly bybit: PerpAccount;
  readonly binance: PerpAccount;
  readonly keys: Readonly<Record<SimVenue, KeyState>>;
}

export interface AccountBookParts {
  readonly matching: Matching;
  readonly switches: Switches;
  readonly watchers: AccountWatchers;
  nowMs(): number;
}

export class AccountBook {
  private readonly users = new Map<string, SimUser>();
  private readonly parts: AccountBookParts;

  constructor(specs: readonly AccountSpec[], parts: AccountBookParts) {
    this.parts = parts;
    for (const spec of specs) this.add(spec);
  }

  /** Keys every venue knows, for checking signatures. */
  all(): readonly SimUser[] {
    return [...this.users.values()];
  }

  find(apiKey: string): SimUser | undefined {
    return this.users.get(apiKey);
  }

  /** Throws RangeError when nobody has that key. */
  get(apiKey: string): SimUser {
    const user = this.users.get(apiKey);
    if (user === undefined) throw new RangeError(`expected the API key of an account, was ${apiKey}`);
    return user;
  }

  /** Throws RangeError on a key that is taken or an amount that is no decimal. */
  add(spec: AccountSpec): SimUser {
    if (this.users.has(spec.apiKey)) throw new RangeError(`expected a new API key, was ${spec.apiKey}`);
    const user = open(spec, this.parts);
    this.users.set(spec.apiKey, user);
    return user;
  }
}

function open(spec: AccountSpec, { matching, switches, watchers, nowMs }: AccountBookParts): SimUser {
  const { apiKey, secret } = spec;
  const openedAtMs = nowMs();
  const shared = { apiKey, matching };
  const told = (venue: SimVenue) => (event: AccountEvent) => watchers.tell(apiKey, venue, event);
  const perp = { ...shared, switches, makerRate: "0.0002", openedAtMs };
  const user: SimUser = {
    apiKey,
    secret,
    uid: 1_000_000 + (createHash("sha256").update(apiKey).digest().readUInt32BE(0) % 900_000_000),
    openedAtMs,
    upbit: new SpotAccount({
      ...shared,
      venue: "upbit",
      feeRate: "0.0005",
      orderId: (_, uuid) => uuid,
      tell: told("upbit"),
    }),
    bithumb: new SpotAccount({
      ...shared,
      venue: "bithumb",
      feeRate: spec.bithumbCoupon === true ? BITHUMB_COUPON_FEE : BITHUMB_LIST_FEE,
      orderId: (sequence) => `C0101${String(3_152_000_000 + sequence).padStart(15, "0")}`,
      tell: told("bithumb"),
    }),
    bybit: new PerpAccount({
      ...perp,
      venue: "bybit",
      takerRate: "0.00055",
      leverageDefault: 10,
      orderId: (_, uuid) => uuid,
      fillId: (_, uuid) => uuid,
      tell: told("bybit"),
    }),
    binance: new PerpAccount({
      ...perp,
      venue: "binance",
      takerRate: "0.0005",
      leverageDefault: 20,
      orderId: (sequence) => String(8_389_000_000 + sequence),
      fillId: (sequence) => String(698_000_000 + sequence),
      tell: told("binance"),
    }),
    keys: {
      upbit: freshKey(openedAtMs),
      bithumb: freshKey(openedAtMs),
      bybit: freshKey(openedAtMs),
      binance: freshKey(openedAtMs),
    },
  };
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) {
    const amounts = Object.entries(spec.balances?.[venue] ?? DEFAULT_BALANCES[venue]);
    for (const [asset, amount] of amounts)
      user[venue].ledger.book(asset, exact(amount), "opening", openedAtMs);
  }
  user.bybit.settings.setHedge(spec.hedgeMode === true);
  user.binance.settings.setHedge(spec.hedgeMode === true);
  user.binance.feesInBnb = spec.feesInBnb === true;
  return user;
}

function freshKey(openedAtMs: number): KeyState {
  return {
    revoked: false,
    expired: false,
    expiresAtMs: openedAtMs + KEY_LIFE_MS,
    addresses: undefined,
    canRead: true,
    canTrade: true,
    canWithdraw: false,
  };
}

/** The asset accounts of a venue are kept in. */
export function moneyOf(venue: SimVenue): string {
  return venue === "upbit" || venue === "bithumb" ? KRW : USDT;
}

export type KeyProblem = "revoked" | "expired" | "address" | "permission";

/** What is wrong with using a key for this, in the order venues look. */
export function keyProblem(
  state: KeyState,
  use: { readonly source: string; readonly trades: boolean; readonly nowMs: number },
): KeyProblem | undefined {
  if (state.revoked) return "revoked";
  if (state.expired || use.nowMs >= state.expiresAtMs) return "expired";
  const bare = use.source.split("#")[0]!;
  const { addresses } = state;
  if (addresses !== undefined && !addresses.includes(bare) && !addresses.includes(use.source))
    return "address";
  return (use.trades ? state.canTrade : state.canRead) ? undefined : "permission";
}
