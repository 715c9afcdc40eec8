// An app with accounts on a database of its own, for the tests of the private routes.

import { InProcessBus } from "../src/adapters/bus/in-process.ts";
import { systemClock } from "../src/adapters/clock.ts";
import { createDesk } from "../src/adapters/desk.ts";
import { createPasswords } from "../src/adapters/passwords.ts";
import { createSecrets } from "../src/adapters/secrets.ts";
import { createCoinListingStore } from "../src/adapters/store/coin-listings.ts";
import { createForcedCloses } from "../src/adapters/store/forced-closes.ts";
import { createKeyStore } from "../src/adapters/store/keys.ts";
import { createLoginAttempts } from "../src/adapters/store/login-attempts.ts";
import { createOwnPositionStore } from "../src/adapters/store/own-positions.ts";
import { createOwnSafety } from "../src/adapters/store/own-safety.ts";
import { createPaperMoney } from "../src/adapters/store/paper-money.ts";
import { createHistoryStore } from "../src/adapters/store/rate-history.ts";
import { createSessionStore } from "../src/adapters/store/sessions.ts";
import { createStrategyStore } from "../src/adapters/store/strategies.ts";
import { createTelegramLinkStore } from "../src/adapters/store/telegram-links.ts";
import { createTradingStateStore } from "../src/adapters/store/trading-state.ts";
import { createTradingViewStore } from "../src/adapters/store/trading-view.ts";
import { openSharedDatabase } from "../src/testing/test-database.ts";
import type { AccountsDeps } from "./accounts.ts";
import type { MarketDeps } from "./routes/market.ts";
import { KeptLog, type TestApi, testApi } from "./test-kit.ts";

export const JWT_SECRET = "a-text-of-this-test-only";
export const ENCRYPTION_KEY = "a-text-to-encrypt-with";
export const PASSWORD = "correct horse battery";

/**
 * Karbit's tables, and an api with the rights that Karbit's operator gives it; `database` may do everything. Passwords are
 * hashed at low cost, for speed alone.
 */
export async function accountsDatabase() {
  const { owner, guest: database } = await openSharedDatabase();
  const sessions = createSessionStore(database);
  const passwords = await createPasswords({ bcryptRounds: 4, argonMemoryKib: 8, argonPasses: 1 });
  const positions = createOwnPositionStore(database, "paper");
  const keys = createKeyStore(database, createSecrets(ENCRYPTION_KEY), "envelope");
  const bus = new InProcessBus(systemClock);
  await bus.ensureStreams({ tickPeriodMs: 1_000 });
  let count = 0;
  const accounts: AccountsDeps = {
    ...{
      sessions,
      passwords,
      attempts: createLoginAttempts(database),
      positions,
      keys,
      strategies: createStrategyStore(database),
      openPositions: (userId) => createTradingViewStore(database).open("paper", userId),
      decisions: (userId) => createTradingStateStore(database).decisions("paper", userId),
      events: bus.userEvents,
      desk: createDesk(bus.requests, new KeptLog()),
      safety: createOwnSafety(database),
      forcedCloses: createForcedCloses(database),
      telegram: createTelegramLinkStore(database),
      telegramBotName: "stand_in_bot",
      paper: createPaperMoney(database),
      mode: "paper",
      jwtSecret: JWT_SECRET,
      signUpOpen: true,
      newId: () => `id-${++count}`,
    },
  };
  const addUser = async (email: string) => {
    const passwordHash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
    return (await sessions.addUser({ email, passwordHash, name: null, atMs: 0 }))!.userId;
  };
  const market: MarketDeps = {
    listings: createCoinListingStore(database),
    history: createHistoryStore(database),
    candles: { candles: async () => [] },
  };
  return { database: owner, accounts, market, addUser, events: bus.userEvents, requests: bus.requests };
}

export const accountsApi = (accounts: AccountsDeps, market?: MarketDeps): Promise<TestApi> =>
  testApi({ deps: { accounts, market } });

export function send(api: TestApi, path: string, body: unknown, headers: Record<string, string> = {}) {
  return api.app.request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Logs in; the token of the session. */
export async function tokenFor(api: TestApi, email: string): Promise<string> {
  const response = await send(api, "/api/session", { email, password: PASSWORD });
  if (response.status !== 200) throw new Error(`expected a session, was ${response.status}`);
  return (await response.json()).token;
}
