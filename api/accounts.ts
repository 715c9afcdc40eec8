// Who a caller is: sessions begun, recognised and ended (docs/accounts.md). A token is believed when its signature is
// ours or Karbit's and the store holds it as a live login; either alone is nothing.

import * as v from "valibot";
import type { StoredPosition } from "../src/domain/position-view.ts";
import type { DecisionSettings } from "../src/domain/strategy.ts";
import type { UserEventStream } from "../src/ports/bus.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Desk } from "../src/ports/desk.ts";
import type { ForcedCloses } from "../src/ports/forced-closes.ts";
import type { TradingMode } from "../src/ports/journal.ts";
import type { KeyStore } from "../src/ports/keys.ts";
import type { LoginAttempts } from "../src/ports/login-attempts.ts";
import type { OwnSafety } from "../src/ports/own-safety.ts";
import type { PaperMoney } from "../src/ports/paper-money.ts";
import type { Account, Passwords, SessionStore } from "../src/ports/sessions.ts";
import type { StrategyStore } from "../src/ports/strategies.ts";
import type { TelegramLinkStore } from "../src/ports/telegram-links.ts";
import type { PositionDeps } from "./routes/positions.ts";
import { Tokens } from "./token.ts";

export interface AccountsDeps extends PositionDeps {
  readonly sessions: SessionStore;
  readonly passwords: Passwords;
  readonly attempts: LoginAttempts;
  /** Undefined: there is no ENCRYPTION_KEY to keep them with. */
  readonly keys: KeyStore | undefined;
  readonly desk: Desk;
  readonly strategies: StrategyStore;
  readonly events: Pick<UserEventStream, "subscribe">;
  readonly safety: OwnSafety;
  readonly forcedCloses: ForcedCloses;
  /** What the engine holds for the user, oldest first. */
  readonly openPositions: (userId: number) => Promise<readonly StoredPosition[]>;
  readonly telegram: TelegramLinkStore;
  /** Undefined: chats are not linked here. */
  readonly telegramBotName: string | undefined;
  readonly paper: PaperMoney;
  /** Whose strategies, positions and decisions are meant where the two are kept apart. */
  readonly mode: TradingMode;
  /** The scheduler's, for the rates that open positions wait for. Left out: the default. */
  readonly decision?: DecisionSettings;
  /** Karbit's JWT_SECRET where the database is shared. */
  readonly jwtSecret: string;
  /** Whether strangers may make an account: not where Karbit does. */
  readonly signUpOpen: boolean;
  /** A text never given before. */
  readonly newId: () => string;
}

export interface Session {
  readonly account: Account;
  readonly token: string;
  readonly expiresAtMs: number;
}

export type SignIn =
  | { readonly session: Session }
  | { readonly refused: "wrong" }
  | { readonly refused: "busy" }
  | { readonly refused: "locked"; readonly waitMs: number };

/** As Karbit's: the row ends first. */
const SESSION_MS = 2 * 3_600_000;
const TOKEN_MS = 7 * 86_400_000;
const TOKEN_CHARS_MAX = 2_000;
/** Hashes at a time; each takes a core for some 0.3 s, and the streams need theirs. */
const CHECKS_AT_ONCE_MAX = 2;

const claimsSchema = v.object({ userId: v.number(), exp: v.optional(v.number()) });

export class Accounts {
  readonly #deps: AccountsDeps;
  readonly #clock: Clock;
  readonly #tokens: Tokens;
  #checks = 0;

  constructor(deps: AccountsDeps, clock: Clock) {
    this.#deps = deps;
    this.#clock = clock;
    this.#tokens = new Tokens(deps.jwtSecret);
  }

  get signUpOpen(): boolean {
    return this.#deps.signUpOpen;
  }

  /** Whose token this is now; undefined: nobody's. Rejects with StoreFault. */
  async accountOf(token: string): Promise<Account | undefined> {
    const userId = await this.#userIdIn(token);
    if (userId === undefined) return undefined;
    const account = await this.#deps.sessions.accountOf(token, this.#clock.nowMs());
    return account?.userId === userId ? account : undefined;
  }

  /** An unknown address and a wrong password are one answer, and take the same time. */
  async signIn(email: string, password: string): Promise<SignIn> {
    const address = email.toLowerCase();
    const { attempts } = this.#deps;
    const outcome = await this.#checked(async (): Promise<SignIn> => {
      const waitMs = await attempts.begin(address, this.#clock.nowMs());
      if (waitMs > 0) return { refused: "locked", waitMs };
      try {
        const found = await this.#deps.sessions.credentialsOf(email);
        // A database's locale may find more alike than we do, and then each way to write it would have attempts of its own.
        const credentials = found?.email.toLowerCase() === address ? found : undefined;
        const fits = await this.#deps.passwords.fits(password, credentials?.passwordHash);
        if (!credentials || !fits) return { refused: "wrong" };
        const { passwordHash: _, ...account } = credentials;
        const session = await this.#begin(account);
        if (!session) return { refused: "wrong" };
        await attempts.forgiveAll(address);
        return { session };
      } catch (error) {
        // With the database away the attempt counts until it is over: better than a way around the lock.
        await attempts.forgiveOne(address).catch(() => {});
        throw error;
      }
    });
    return outcome ?? { refused: "busy" };
  }

  signOut(token: string): Promise<boolean> {
    return this.#deps.sessions.end(token);
  }

  async signUp(user: {
    readonly email: string;
    readonly password: string;
    readonly name: string | null;
  }): Promise<Session | "taken" | "busy"> {
    const { email, password, name } = user;
    const outcome = await this.#checked(async () => {
      const passwordHash = await this.#deps.passwords.hash(password);
      const atMs = this.#clock.nowMs();
      const account = await this.#deps.sessions.addUser({ email, passwordHash, name, atMs });
      const session = account && (await this.#begin(account));
      return session ?? "taken";
    });
    return outcome ?? "busy";
  }

  async #begin(account: Account): Promise<Session | undefined> {
    const { userId, email } = account;
    const nowMs = this.#clock.nowMs();
    const seconds = (ms: number) => Math.floor(ms / 1000);
    const claims = { userId, email, iat: seconds(nowMs), exp: seconds(nowMs + TOKEN_MS) };
    const token = await this.#tokens.signed({ ...claims, jti: this.#deps.newId() });
    const expiresAtMs = nowMs + SESSION_MS;
    const begun = await this.#deps.sessions.begin({ userId, token, expiresAtMs });
    return begun ? { account, token, expiresAtMs } : undefined;
  }

  async #userIdIn(token: string): Promise<number | undefined> {
    if (token.length > TOKEN_CHARS_MAX) return undefined;
    const claims = v.safeParse(claimsSchema, await this.#tokens.claimsOf(token));
    if (!claims.success) return undefined;
    const { userId, exp } = claims.output;
    return exp !== undefined && exp * 1000 <= this.#clock.nowMs() ? undefined : userId;
  }

  /** Undefined when all places are taken. */
  async #checked<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#checks >= CHECKS_AT_ONCE_MAX) return undefined;
    this.#checks++;
    try {
      return await work();
    } finally {
      this.#checks--;
    }
  }
}
