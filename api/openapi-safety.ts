// Forced closes, the own entry switch and incidents in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";
import {
  closeAskedSchema,
  emptySchema,
  entriesChangeSchema,
  entriesSchema,
  incidentsSchema,
} from "./routes/safety.ts";

export const SAFETY_SCHEMAS = {
  Empty: emptySchema,
  CloseAsked: closeAskedSchema,
  Entries: entriesSchema,
  EntriesChange: entriesChangeSchema,
  Incidents: incidentsSchema,
};

const COIN = {
  ...{ name: "coin", in: "path", required: true, description: "The ticker in Korea.", example: "BTC" },
  schema: { type: "string", pattern: "^[0-9A-Z]{1,20}$" },
};
const ID = {
  ...{ name: "id", in: "path", required: true, description: "The incident's number.", example: 4 },
  schema: { type: "integer", minimum: 1, maximum: 2_147_483_647 },
};
const ENTRIES = {
  ...{ off: true, by: "user", why: "on holiday", atMs: 1_780_000_000_000, everybodysOff: false },
};
const INCIDENT = {
  ...{ incidentId: 4, kind: "key", coin: "", intentId: "", openedAtMs: 1_780_000_000_000, closable: true },
  meaning: "A key of yours does not do any more. Close this when it has been replaced.",
  detail: "upbit: the key has expired",
};
const tags = ["safety"];
const secured = { tags, parameters: [], security: SECURED };

export function safetyOperations(): OpenApiDocument["paths"] {
  return {
    "/api/positions/{coin}/close": {
      post: {
        summary: "Leave a position whatever the rate",
        description:
          "Stored before it is answered, holds until the position is gone, and cannot be taken back. Harmless when repeated.",
        ...{ ...secured, parameters: [COIN], requestBody: body("Empty", {}) },
        responses: {
          202: { description: "It will be left.", ...content("CloseAsked", { asked: true }) },
          ...problems(400, 401, 413, 415, 503),
          ...problems([
            404,
            "Nothing is open.",
            "no-open-position",
            "No position in BTC is open that was entered here.",
          ]),
        },
      },
    },
    "/api/entries": {
      get: {
        summary: "Whether entries are off",
        description: "Your own switch, who set it and why.",
        ...secured,
        responses: {
          200: { description: "It.", ...content("Entries", ENTRIES) },
          ...problems(400, 401, 503),
        },
      },
      put: {
        summary: "Stop entries or let them go on",
        description:
          "Effective within a second; exits go on. What the operator or the engine has switched off stays off.",
        ...{ ...secured, requestBody: body("EntriesChange", { off: true, why: "on holiday" }) },
        responses: {
          200: { description: "As it is now.", ...content("Entries", ENTRIES) },
          ...problems(400, 401, 413, 415, 503),
          ...problems([
            409,
            "Somebody else's.",
            "entries-off",
            "Your entries are off already, by the operator.",
          ]),
        },
      },
    },
    "/api/incidents": {
      get: {
        summary: "Open incidents",
        description: "What stopped your entries until somebody has looked, oldest first.",
        ...secured,
        responses: {
          200: { description: "They.", ...content("Incidents", [INCIDENT]) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/incidents/{id}/close": {
      post: {
        summary: "Close an incident",
        description: "Of the kinds key and unknown-difference; entries go on when none is left open.",
        ...{ ...secured, parameters: [ID], requestBody: body("Empty", {}) },
        responses: {
          204: { description: "Closed." },
          ...problems(400, 401, 413, 415, 503),
          ...problems([404, "None open.", "no-open-incident", "You have no open incident of this number."]),
          ...problems([
            409,
            "The operator's.",
            "not-yours-to-close",
            "Only the operator closes an incident of this kind.",
          ]),
        },
      },
    },
  };
}
