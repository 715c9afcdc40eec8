// Accounts on a database: what the api process and the demo hand to the app.

import { randomUUID } from "node:crypto";
import { createDesk } from "../../src/adapters/desk.ts";
import { createPasswords } from "../../src/adapters/passwords.ts";
import { createSecrets } from "../../src/adapters/secrets.ts";
import type { Database } from "../../src/adapters/store/database.ts";
import { createForcedCloses } from "../../src/adapters/store/forced-closes.ts";
import { createKeyStore } from "../../src/adapters/store/keys.ts";
import { createLoginAttempts } from "../../src/adapters/store/login-attempts.ts";
import { createOwnPositionStore } from "../../src/adapters/store/own-positions.ts";
import { createOwnSafety } from "../../src/adapters/store/own-safety.ts";
import { createPaperMoney } from "../../src/adapters/store/paper-money.ts";
import { createSessionStore } from "../../src/adapters/store/sessions.ts";
import { createStrategyStore } from "../../src/adapters/store/strategies.ts";
import { createTelegramLinkStore } from "../../src/adapters/store/telegram-links.ts";
import { createTradingStateStore } from "../../src/adapters/store/trading-state.ts";
import { createTradingViewStore } from "../../src/adapters/store/trading-view.ts";
import type { DecisionSettings } from "../../src/domain/strategy.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { TradingMode } from "../../src/ports/journal.ts";
import type { Log } from "../../src/ports/telemetry.ts";
import type { AccountsDeps } from "../accounts.ts";

export interface AccountsParts {
  readonly bus: Pick<Bus, "requests" | "userEvents">;
  readonly log: Log;
  readonly mode: TradingMode;
  readonly decision: DecisionSettings;
  readonly jwtSecret: string;
  readonly signUpOpen: boolean;
  /** Undefined: keys are not kept here. */
  readonly encryption: { readonly key: string; readonly format: "karbit" | "envelope" } | undefined;
  /** Undefined: chats are not linked here. */
  readonly telegramBotName: string | undefined;
}

export async function createAccounts(database: Database, parts: AccountsParts): Promise<AccountsDeps> {
  const { bus, log, mode, decision, jwtSecret, signUpOpen, encryption, telegramBotName } = parts;
  const trading = createTradingStateStore(database);
  const views = createTradingViewStore(database);
  return {
    sessions: createSessionStore(database),
    passwords: await createPasswords(),
    attempts: createLoginAttempts(database),
    positions: createOwnPositionStore(database, mode),
    openPositions: (userId) => views.open(mode, userId),
    decisions: (userId) => trading.decisions(mode, userId),
    keys: encryption && createKeyStore(database, createSecrets(encryption.key), encryption.format),
    strategies: createStrategyStore(database),
    events: bus.userEvents,
    desk: createDesk(bus.requests, log),
    safety: createOwnSafety(database),
    forcedCloses: createForcedCloses(database),
    telegram: createTelegramLinkStore(database),
    paper: createPaperMoney(database),
    newId: randomUUID,
    ...{ telegramBotName, jwtSecret, mode, decision, signUpOpen },
  };
}
