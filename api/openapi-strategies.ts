// Strategies and consent in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED } from "./openapi-parts.ts";
import {
  CONSENT_WORDS,
  consentChangeSchema,
  consentSchema,
  newStrategySchema,
  strategiesSchema,
  strategyChangeSchema,
  strategyStartedSchema,
} from "./routes/strategies.ts";

export const STRATEGY_SCHEMAS = {
  Strategies: strategiesSchema,
  NewStrategy: newStrategySchema,
  StrategyStarted: strategyStartedSchema,
  StrategyChange: strategyChangeSchema,
  Consent: consentSchema,
  ConsentChange: consentChangeSchema,
};

const NEW = {
  ...{ name: "Steady", seedAmountKrw: "30000000", seedDivision: 3, leverage: 2 },
  ...{
    tradeMode: "custom",
    entryRate: "1400",
    exitRate: "1425.5",
    coinMode: "custom",
    selectedCoins: ["BTC"],
  },
  ...{ allowAverageDown: true, allowAverageUp: false, stopRate: null, holdingMsMax: null },
};
const { stopRate, holdingMsMax, ...TERMS } = NEW;
const LIST = {
  activeStrategyId: 12,
  exitTerms: { stopRate, holdingMsMax },
  strategies: [{ strategyId: 12, isActive: true, createdAtMs: 1_780_000_000_000, ...TERMS }],
};
const CONSENT = { consent: true, atMs: 1_780_000_000_000, words: CONSENT_WORDS };
const tags = ["strategies"];
const secured = { tags, parameters: [], security: SECURED };
const NONE_ACTIVE = [404, "None is active.", "no-active-strategy", "No strategy is active."] as const;
const started = { strategyId: 12 };

export function strategyOperations(): OpenApiDocument["paths"] {
  return {
    "/api/strategies": {
      get: {
        summary: "Own strategies",
        description: "The newest hundred, newest first, with the one that is active and the exit terms.",
        ...secured,
        responses: {
          200: { description: "They.", ...content("Strategies", LIST) },
          ...problems(400, 401, 503),
        },
      },
      post: {
        summary: "Start a strategy",
        description:
          "Makes a strategy and starts it; the exit terms are set as given. Refused while another is active. Amounts and rates are decimal texts.",
        ...secured,
        requestBody: body("NewStrategy", NEW),
        responses: {
          201: { description: "Started.", ...content("StrategyStarted", started) },
          ...problems(400, 401, 413, 415, 503),
          ...problems([
            409,
            "Another one is active.",
            "strategy-active",
            "Strategy 12 is active. Stop it first.",
          ]),
        },
      },
    },
    "/api/strategies/active": {
      patch: {
        summary: "Change the active strategy",
        description:
          "What is left out stays. The active one is stopped and a new one started. Refused while there are positions or running orders.",
        ...secured,
        requestBody: body("StrategyChange", { exitRate: "1430" }),
        responses: {
          200: { description: "Changed; the id of the new one.", ...content("StrategyStarted", started) },
          ...problems(400, 401, 413, 415, 503, NONE_ACTIVE),
          ...problems([
            409,
            "There are positions.",
            "something-open",
            "There are positions or running orders in BTC.",
          ]),
        },
      },
      delete: {
        summary: "Stop the active strategy",
        description: "Nothing is entered any more; positions are left on the terms they were entered with.",
        ...secured,
        responses: {
          200: { description: "Stopped; its id.", ...content("StrategyStarted", started) },
          ...problems(400, 401, 503, NONE_ACTIVE),
        },
      },
    },
    "/api/consent": {
      get: {
        summary: "Consent to trading with real money",
        description: "Whether it was given, and the words that give it.",
        ...secured,
        responses: {
          200: { description: "It.", ...content("Consent", CONSENT) },
          ...problems(400, 401, 503),
        },
      },
      put: {
        summary: "Give or take back consent",
        description:
          "Giving it needs the literal words. Without it nothing is entered with real money; positions are still left.",
        ...secured,
        requestBody: body("ConsentChange", { consent: true, words: CONSENT_WORDS }),
        responses: {
          200: { description: "As it is now.", ...content("Consent", CONSENT) },
          ...problems(400, 401, 413, 415, 503),
        },
      },
    },
  };
}
