// What every store promises, in one place, for each of the two databases to be held to.

import type { Database } from "./database.ts";
import { forcedClosesSuite } from "./forced-closes-suite.ts";
import { holdingsSuite } from "./holdings-suite.ts";
import { instrumentsSuite } from "./instruments-suite.ts";
import { journalKarbitSuite } from "./journal-karbit-suite.ts";
import { journalModelSuite } from "./journal-model-suite.ts";
import { journalSuite } from "./journal-suite.ts";
import { karbitTablesSuite } from "./karbit-tables-suite.ts";
import { keyRotationSuite } from "./key-rotation-suite.ts";
import { keysSuite } from "./keys-suite.ts";
import { leaseSuite } from "./lease-suite.ts";
import { loginAttemptsSuite } from "./login-attempts-suite.ts";
import { ownPositionsPaperSuite } from "./own-positions-paper-suite.ts";
import { ownPositionsSuite } from "./own-positions-suite.ts";
import { ownSafetySuite } from "./own-safety-suite.ts";
import { paperAccountsSuite } from "./paper-accounts-suite.ts";
import { paperMoneySuite } from "./paper-money-suite.ts";
import { rateHistorySuite } from "./rate-history-suite.ts";
import { sessionsSuite } from "./sessions-suite.ts";
import { strategiesSuite } from "./strategies-suite.ts";
import { telegramLinksSuite } from "./telegram-links-suite.ts";
import { tradersRevisionSuite } from "./traders-revision-suite.ts";
import { tradersSuite } from "./traders-suite.ts";
import { tradingLossesSuite } from "./trading-losses-suite.ts";
import { tradingStateSuite } from "./trading-state-suite.ts";
import { tradingViewSuite } from "./trading-view-suite.ts";

const SUITES = {
  /** What the embedded form lives by. */
  embedded: [
    ...[karbitTablesSuite, instrumentsSuite, leaseSuite, journalSuite, paperAccountsSuite, tradersSuite],
  ],
  trading: [
    ...[holdingsSuite, rateHistorySuite, journalKarbitSuite, journalModelSuite, tradersRevisionSuite],
    ...[tradingStateSuite, tradingLossesSuite, tradingViewSuite, forcedClosesSuite],
  ],
  /** Which the embedded form does not have. */
  accounts: [
    ...[sessionsSuite, ownPositionsSuite, ownPositionsPaperSuite, keysSuite, strategiesSuite],
    ...[keyRotationSuite, ownSafetySuite, paperMoneySuite, telegramLinksSuite, loginAttemptsSuite],
  ],
};
/** Of those that use Karbit's tables. */
const KARBIT_SUITES = [
  ...[
    karbitTablesSuite,
    instrumentsSuite,
    journalSuite,
    journalKarbitSuite,
    tradersSuite,
    tradersRevisionSuite,
  ],
  ...[sessionsSuite, ownPositionsSuite, keysSuite, keyRotationSuite, strategiesSuite, telegramLinksSuite],
  ...[paperMoneySuite, tradingViewSuite, holdingsSuite],
];
export type StoreSuites = keyof typeof SUITES;

/** Registers the suites of the stores that use Karbit's tables. */
export function karbitStoresSuite(database: () => Database): void {
  for (const suite of KARBIT_SUITES) suite(database);
}

/** Registers the suites of these kinds; all by default. */
export function allStoresSuite(
  database: () => Database,
  kinds: readonly StoreSuites[] = ["embedded", "trading", "accounts"],
): void {
  for (const kind of kinds) for (const suite of SUITES[kind]) suite(database);
}
