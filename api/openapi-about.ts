// What the server says of itself, and its client, in the OpenAPI document, with examples.

import { CLIENT_PATH } from "./client-route.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { content, problems } from "./openapi-parts.ts";
import { ABOUT_PATH, type About } from "./routes/about.ts";

const ABOUT: About = {
  ...{ version: "0.1.0", simulated: false, tickIntervalMs: 30_000, trading: false, charts: true },
  accounts: { mode: "paper", signUp: true },
};

export function aboutOperation(): OpenApiDocument["paths"] {
  return {
    [ABOUT_PATH]: {
      get: {
        summary: "What this server is",
        description: "Its version, whether its market is simulated, and what it has beside the rates.",
        ...{ tags: ["about"], parameters: [] },
        responses: { 200: { description: "It.", ...content("About", ABOUT) }, ...problems(400) },
      },
    },
  };
}

export function clientOperation(): OpenApiDocument["paths"] {
  const type = "text/javascript";
  return {
    [CLIENT_PATH]: {
      get: {
        summary: "The client of the stream",
        description: "One ES module that needs nothing, of the version that serves it.",
        tags: ["about"],
        parameters: [
          {
            ...{ name: "If-None-Match", in: "header", required: false, schema: { type: "string" } },
            description: "The ETag of the module at hand.",
          },
        ],
        responses: {
          200: {
            description: "The module.",
            headers: { ETag: { schema: { type: "string" } } },
            content: { [type]: { schema: { type: "string" }, example: "export { openPremiumStream };" } },
          },
          304: { description: "It has not changed." },
        },
      },
    },
  };
}
