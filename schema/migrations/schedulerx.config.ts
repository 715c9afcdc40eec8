// drizzle-kit generate --config schema/migrations/schedulerx.config.ts --name what-changed
// Then list the new file in src/adapters/store/migrations.ts.

import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: [
    "./schema/tables/schedulerx.ts",
    "./schema/tables/trading.ts",
    "./schema/tables/paper.ts",
    "./schema/tables/trading-state.ts",
    "./schema/tables/accounts.ts",
  ],
  out: "./schema/migrations/schedulerx",
});
