// What a worker reads.

import { type Fields, integer, type Settings, text } from "./field.ts";
import { logFields, metricsFields, natsFields, traceFields, venueFields } from "./shared.ts";

export const workerFields = {
  ...natsFields,
  ...venueFields,
  WORKER_ID: { about: "Name of this worker; host name and process id by default.", schema: text },
  BOOK_AGE_MS_MAX: {
    about:
      "Order books older than this when reported give no rate, by our receipt or by the venue's own time stamp. The host's clock must be right.",
    default: "5000",
    schema: integer(100, 60_000),
  },
  LEG_SKEW_MS_MAX: {
    about: "Two books received further apart than this give no rate.",
    default: "2000",
    schema: integer(50, 30_000),
  },
  ...metricsFields,
  ...traceFields,
  ...logFields,
} as const satisfies Fields;

export type WorkerSettings = Settings<typeof workerFields>;
