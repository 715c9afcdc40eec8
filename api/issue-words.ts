// What a schema expected, in words for whoever sent something else. Schemas may say it themselves, by a message that begins
// with "expected"; the library's own words ("<=200", "never", a missing field's name in quotes) tell a reader little.

import * as v from "valibot";

const MARK = "expected ";
const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  strict_object: "an object",
  integer: "a whole number",
};

/**
 * A noun phrase, to stand after "expected". Holds nothing of what was received. `schema` is what the whole was read by: it
 * knows what a missing field should have been.
 */
export function expectedWords(issue: v.BaseIssue<unknown>, schema?: v.GenericSchema): string {
  const { type, message, requirement, expected, input } = issue;
  if (message.startsWith(MARK)) return message.slice(MARK.length);
  // Issues of a whole object at one of its fields: there is none, or nobody knows it.
  if (type === "strict_object" && issue.path) {
    if (expected === "never") return "no such field";
    return missingWords(schema, String(issue.path[0]!.key)) ?? "a value";
  }
  const items = Array.isArray(input) ? "entries" : "characters";
  switch (type) {
    case "min_length":
      return requirement === 1 ? "something, not nothing" : `at least ${requirement} ${items}`;
    case "max_length":
      return `at most ${requirement} ${items}`;
    case "min_value":
      return `at least ${requirement}`;
    case "max_value":
      return `at most ${requirement}`;
    default:
      return KINDS[type] ?? choices(expected) ?? "another value";
  }
}

interface Form {
  readonly entries?: Readonly<Record<string, v.GenericSchema>>;
  readonly options?: readonly Form[];
}

/** Of a field of the whole, or of the first of its forms that has it. */
function missingWords(schema: v.GenericSchema | undefined, field: string): string | undefined {
  const form = (schema ?? {}) as Form;
  const [entry] = (form.options ?? [form]).flatMap(({ entries }) => entries?.[field] ?? []);
  const [issue] = (entry && v.safeParse(entry, undefined).issues) ?? [];
  return issue && expectedWords(issue);
}

/** Of `("a" | "b")`: a or b. */
function choices(expected: string | null): string | undefined {
  if (expected === null) return undefined;
  if (expected === "Object") return KINDS.object;
  const named = expected.replace(/^\((.*)\)$/, "$1").split(" | ");
  return named.map((one) => one.replace(/^"(.*)"$/, "$1")).join(" or ");
}
