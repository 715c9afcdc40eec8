// What the operator can do: which request each action is, and what has to be known for it. Pure; asking is ask-dialog.ts.

import type { ActionId, ActionWords } from "./action-words.ts";
import type { Method } from "./client.ts";

export interface ActionCall {
  readonly id: ActionId;
  /** What it is about, for the title. */
  readonly about: readonly string[];
  /** Known already: not asked for. */
  readonly values?: Readonly<Record<string, string>>;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  /** Left out: a line of text. */
  readonly options?: readonly { readonly value: string; readonly text: string }[];
  readonly isRequired?: boolean;
  /** As of an input. */
  readonly pattern?: string;
  /** Asked for only while another field has one of these values. */
  readonly onlyWith?: { readonly name: string; readonly values: readonly string[] };
}

export interface ActionRequest {
  readonly method: Method;
  readonly path: string;
  readonly body: object;
}

type Values = Readonly<Record<string, string>>;
type Answer = Readonly<Record<string, unknown>>;

interface ActionSpec {
  /** May cost money or end something: its button is red, and it is not the one that Enter presses. */
  readonly isGrave?: true;
  readonly fields?: (words: ActionWords) => readonly Field[];
  readonly request: (values: Values) => ActionRequest;
  /** For the sentence that says it is done. */
  readonly done?: (values: Values, answer: Answer, words: ActionWords) => readonly string[];
}

const post = (path: string, body: object = {}): ActionRequest => ({ method: "POST", path, body });
const COIN = "[A-Za-z0-9]{1,20}";
const LEVELS = ["debug", "info", "warn", "error"];

const whyField = ({ why }: ActionWords): Field => ({ name: "why", label: why });
const scopeText = ({ scope = "", subject = "" }: Values, { scopes }: ActionWords) =>
  [scopes[scope as keyof typeof scopes] ?? scope, scope === "global" ? "" : subject.toUpperCase()]
    .join(" ")
    .trim();

/** Left out where it says nothing: the port has words of its own then. */
const reason = ({ why = "" }: Values) => (why.trim() ? { why: why.trim() } : {});

const switchBody = (values: Values) => {
  const { scope = "global", subject = "" } = values;
  return { scope, ...(scope !== "global" && { subject: subject.trim().toUpperCase() }), ...reason(values) };
};

export const ACTIONS: Readonly<Record<ActionId, ActionSpec>> = {
  entriesOff: {
    fields: (words) => [
      {
        name: "scope",
        label: words.scope,
        options: Object.entries(words.scopes).map(([value, text]) => ({ value, text })),
      },
      {
        name: "subject",
        label: words.subject,
        isRequired: true,
        pattern: COIN,
        onlyWith: { name: "scope", values: ["user", "coin"] },
      },
      whyField(words),
    ],
    request: (values) => post("trading/entries-off", switchBody(values)),
    done: (values, _, words) => [scopeText(values, words)],
  },
  entriesOn: {
    request: (values) => post("trading/entries-on", switchBody(values)),
    done: (values, _, words) => [scopeText(values, words)],
  },
  halt: {
    isGrave: true,
    fields: (words) => [whyField(words)],
    request: (values) => post("trading/halt", reason(values)),
  },
  unhalt: { request: () => post("trading/resume") },
  force: {
    isGrave: true,
    fields: (words) => [
      { name: "userId", label: words.user, isRequired: true, pattern: "[1-9][0-9]{0,8}" },
      { name: "coin", label: words.coin, isRequired: true, pattern: COIN },
    ],
    request: ({ userId = "", coin = "" }) =>
      post("trading/force", { userId: Number(userId), coin: coin.trim().toUpperCase() }),
    done: ({ userId = "", coin = "" }, { outcome }) => [`${userId} ${coin.toUpperCase()}`, String(outcome)],
  },
  reconcile: {
    request: () => post("trading/reconcile"),
    done: (_, { positions, incidents }) => [
      String(positions),
      String(Array.isArray(incidents) ? incidents.length : ""),
    ],
  },
  pause: { isGrave: true, request: () => post("ticks/pause") },
  resume: { request: () => post("ticks/resume") },
  refresh: { request: () => post("instruments/refresh") },
  logLevel: {
    fields: (words) => [
      { name: "level", label: words.level, options: LEVELS.map((value) => ({ value, text: value })) },
    ],
    request: ({ level = "info" }) => ({ method: "PUT", path: "log-level", body: { level } }),
    done: (_, { level }) => [String(level)],
  },
  drain: { isGrave: true, request: () => post("trading/drain") },
  close: {
    fields: (words) => [{ name: "note", label: words.note }],
    request: ({ incidentId = "", note = "" }) =>
      post(`incidents/${encodeURIComponent(incidentId)}/close`, note.trim() ? { note: note.trim() } : {}),
    done: ({ incidentId = "" }) => [incidentId],
  },
};
