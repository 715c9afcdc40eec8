// Events in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { problems, SECURED } from "./openapi-parts.ts";
import { PLACE_CHARS_MAX } from "./routes/events.ts";

const place = { type: "string", maxLength: PLACE_CHARS_MAX };
const EXAMPLE = `retry: 3000
id: mioqaf5h-17

id: mioqaf5h-18
event: position
data: {"kind":"position","mode":"paper","userId":7,"atMs":1780000000000,"intentId":"0f2k5s3j8m1q4w6z9x7c","strategyId":12,"coin":"XRP","pair":"upbit-bybit","state":"opened","qtyCoin":"358.1","profitKrw":null}

`;

export function eventOperations(): OpenApiDocument["paths"] {
  return {
    "/api/events": {
      get: {
        summary: "What happens to one's trading, as it happens",
        description:
          "Server-sent events of the session's user, named decision, order, fill, position, alert or reset; each one's data is a UserEvent. reset: some were missed, read the lists again. Kept for a day, the newest thousand; with the id of the last event seen the stream goes on behind it. A comment comes at least every 15 seconds. It ends with the session; of four streams of one user the oldest is closed.",
        tags: ["events"],
        parameters: [
          {
            ...{ name: "Last-Event-ID", in: "header", required: false, schema: place },
            description: "Id of the last event seen. One that is not known any more begins with reset.",
          },
          {
            ...{ name: "lastEventId", in: "query", required: false, schema: place },
            description: "The same, for clients that cannot set the header; the header counts before it.",
          },
        ],
        security: SECURED,
        responses: {
          200: {
            description: "The stream.",
            content: { "text/event-stream": { schema: { type: "string" }, example: EXAMPLE } },
          },
          ...problems(400, 401, [
            503,
            "Not available now.",
            "places-taken",
            "All streams of events are taken.",
          ]),
        },
      },
    },
  };
}
