// What the demo reads.

import * as v from "valibot";
import { apiFields } from "./api.ts";
import { type Fields, integer, type Settings, text } from "./field.ts";
import { logFields, tickField } from "./shared.ts";

export const demoFields = {
  PORT: apiFields.PORT,
  CONTROL_PORT: {
    about: "Port of the operator's page on this machine; 0: any free one. The demo prints it with its token.",
    default: "0",
    schema: integer(0, 65_535),
  },
  DATA_DIR: { about: "Where the demo keeps its database.", default: "data/demo", schema: text },
  TICK_INTERVAL_MS: { ...tickField.TICK_INTERVAL_MS, default: "5000" },
  SIMULATOR_SEED: {
    about: "Seed of the simulated market: same seed, same market.",
    default: "1",
    schema: integer(0, 2 ** 31),
  },
  DEMO_TRADING: {
    about:
      "paper: the example strategies trade on paper. live: by signed orders at the simulated exchanges, all in memory.",
    default: "paper",
    schema: v.picklist(["paper", "live"], "expected paper or live"),
  },
  LOG_LEVEL: logFields.LOG_LEVEL,
  LOG_FORMAT: { ...logFields.LOG_FORMAT, default: "text" },
} as const satisfies Fields;

export type DemoSettings = Settings<typeof demoFields>;
