// drizzle-kit generate --config schema/migrations/karbit-create.config.ts --name what-changed
// For installations without Karbit. Then list the new file in src/adapters/store/migrations.ts.

import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./schema/tables/karbit.ts",
  out: "./schema/migrations/karbit-create",
});
