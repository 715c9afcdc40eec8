// The migrations as the binaries carry them, in the journal's order. Applied ones are never edited: their texts are
// hashed in the database. A test compares this list with the folders.

import karbitTables from "../../../schema/migrations/karbit-create/0000_tables.sql" with { type: "text" };
import karbitSeeds from "../../../schema/migrations/karbit-create/0001_seeds.sql" with { type: "text" };
import schedulerxTables from "../../../schema/migrations/schedulerx/0000_tables.sql" with { type: "text" };
import schedulerxTrading from "../../../schema/migrations/schedulerx/0001_trading.sql" with { type: "text" };
import schedulerxPaper from "../../../schema/migrations/schedulerx/0002_paper.sql" with { type: "text" };
import schedulerxTradingState from "../../../schema/migrations/schedulerx/0003_trading-state.sql" with {
  type: "text",
};
import schedulerxAccounts from "../../../schema/migrations/schedulerx/0004_accounts.sql" with {
  type: "text",
};
import schedulerxLoginFailures from "../../../schema/migrations/schedulerx/0005_login-failures.sql" with {
  type: "text",
};
import schedulerxAuditRefs from "../../../schema/migrations/schedulerx/0006_audit-refs.sql" with {
  type: "text",
};

export interface Migration {
  readonly tag: string;
  readonly text: string;
}

export interface MigrationSet {
  /** The folder under schema/migrations, and the name kept in the database. */
  readonly name: "schedulerx" | "karbit-create";
  readonly migrations: readonly Migration[];
}

export const SCHEDULERX_SET: MigrationSet = {
  name: "schedulerx",
  migrations: [
    { tag: "0000_tables", text: schedulerxTables },
    { tag: "0001_trading", text: schedulerxTrading },
    { tag: "0002_paper", text: schedulerxPaper },
    { tag: "0003_trading-state", text: schedulerxTradingState },
    { tag: "0004_accounts", text: schedulerxAccounts },
    { tag: "0005_login-failures", text: schedulerxLoginFailures },
    { tag: "0006_audit-refs", text: schedulerxAuditRefs },
  ],
};

export const KARBIT_CREATE_SET: MigrationSet = {
  name: "karbit-create",
  migrations: [
    { tag: "0000_tables", text: karbitTables },
    { tag: "0001_seeds", text: karbitSeeds },
  ],
};
