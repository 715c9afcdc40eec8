// The part of JSON Schema the OpenAPI document uses: whether a value fits, and values that do, nearly do, or are meant
// to do harm. A keyword that is not known throws, so that no schema is taken for weaker than it is.

import fc from "fast-check";
import { EMAIL_REGEX } from "valibot";

export type Schema = Readonly<Record<string, unknown>>;
type Schemas = Readonly<Record<string, Schema>>;

const KNOWN = new Set(
  "$ref type properties required additionalProperties items anyOf oneOf enum const minLength maxLength pattern minimum maximum multipleOf minItems maxItems format default description".split(
    " ",
  ),
);
const REF = "#/components/schemas/";

export class JsonSchemas {
  readonly #schemas: Schemas;

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** What is wrong with the value, in words. `closed`: properties that are not described are faults, too. */
  faults(schema: Schema, value: unknown, { closed = false, at = "$" } = {}): string[] {
    const { $ref, type, anyOf, oneOf, enum: options, ...rest } = this.#resolved(schema);
    const choices = (anyOf ?? oneOf) as Schema[] | undefined;
    if (choices) {
      const found = choices.map((one) => this.faults(one, value, { closed, at }));
      return found.some(({ length }) => length === 0) ? [] : (found.at(-1) ?? []);
    }
    if (options && !(options as unknown[]).includes(value)) return [`${at}: not one of ${options}`];
    if ("const" in rest && value !== rest.const) return [`${at}: not ${rest.const}`];
    if (type !== undefined && !isOfType(value, type as string)) return [`${at}: not of type ${type}`];
    if (typeof value === "string") return textFaults(rest, value).map((fault) => `${at}: ${fault}`);
    if (typeof value === "number") return numberFaults(rest, value).map((fault) => `${at}: ${fault}`);
    if (Array.isArray(value)) {
      const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = rest;
      if (value.length < Number(minItems) || value.length > Number(maxItems)) return [`${at}: its length`];
      return value.flatMap((one, index) =>
        items ? this.faults(items as Schema, one, { closed, at: `${at}[${index}]` }) : [],
      );
    }
    if (typeof value === "object" && value !== null) {
      return this.#objectFaults(rest, value as Record<string, unknown>, { closed, at });
    }
    return [];
  }

  /** Where in the value lists are, with `[]` for all items of those above, and whether any there has an item. */
  lists(schema: Schema, value: unknown, at = "$", found = new Map<string, boolean>()): Map<string, boolean> {
    const { anyOf, oneOf, items, properties = {} } = this.#resolved(schema);
    for (const choice of ((anyOf ?? oneOf) as Schema[] | undefined) ?? []) {
      if (this.faults(choice, value).length === 0) return this.lists(choice, value, at, found);
    }
    if (items && Array.isArray(value)) {
      found.set(at, (found.get(at) ?? false) || value.length > 0);
      for (const one of value) this.lists(items as Schema, one, `${at}[]`, found);
    } else if (typeof value === "object" && value !== null) {
      for (const [name, one] of Object.entries(properties as Schemas)) {
        this.lists(one, (value as Record<string, unknown>)[name], `${at}.${name}`, found);
      }
    }
    return found;
  }

  /** Values that fit. */
  fitting(schema: Schema): fc.Arbitrary<unknown> {
    const { type, anyOf, oneOf, enum: options, ...rest } = this.#resolved(schema);
    const choices = (anyOf ?? oneOf) as Schema[] | undefined;
    if (choices) return fc.oneof(...choices.map((one) => this.fitting(one)));
    if (options) return fc.constantFrom(...(options as unknown[]));
    if ("const" in rest) return fc.constant(rest.const);
    if (type === "string") return texts(rest);
    if (type === "integer" || type === "number")
      return fc.oneof(fc.constantFrom(...edges(rest)), wholes(rest));
    if (type === "boolean") return fc.boolean();
    if (type === "null") return fc.constant(null);
    if (type === "array") {
      const [minLength, maxLength] = [Number(rest.minItems ?? 0), Math.min(Number(rest.maxItems ?? 5), 5)];
      return fc.array(this.fitting(rest.items as Schema), { minLength, maxLength });
    }
    const properties = Object.entries((rest.properties ?? {}) as Schemas);
    const entries = properties.map(([name, one]) => [name, this.fitting(one)] as const);
    const requiredKeys = (rest.required ?? []) as string[];
    return fc.record(Object.fromEntries(entries), { requiredKeys, noNullPrototype: true });
  }

  /** Values one step beside those that fit: a limit overstepped, a name missing or unknown, another type. */
  beside(schema: Schema): fc.Arbitrary<unknown> {
    const resolved = this.#resolved(schema);
    const choices = (resolved.anyOf ?? resolved.oneOf) as Schema[] | undefined;
    if (choices) return fc.oneof(...choices.map((one) => this.beside(one)));
    if (resolved.type !== "object") return fc.oneof(fc.constantFrom(...beyond(resolved)), HOSTILE);
    const properties = Object.entries((resolved.properties ?? {}) as Schemas);
    const unknown = fc.record({ name: HOSTILE_TEXT, value: HOSTILE });
    const withUnknown = fc.tuple(this.fitting(schema), unknown).map(([value, { name, value: odd }]) => {
      return Object.fromEntries([...Object.entries(value as object), [name, odd]]);
    });
    const changed = properties.map(([name, one]) =>
      fc
        .tuple(this.fitting(schema), this.beside(one))
        .map(([value, odd]) => ({ ...(value as object), [name]: odd })),
    );
    const without = properties.map(([name]) =>
      this.fitting(schema).map((value) => {
        const { [name]: _, ...left } = value as Record<string, unknown>;
        return left;
      }),
    );
    return fc.oneof(withUnknown, ...changed, ...without);
  }

  #resolved(schema: Schema): Schema {
    for (const keyword of Object.keys(schema)) {
      if (!KNOWN.has(keyword)) throw new Error(`the keyword ${keyword} is not known here`);
    }
    if (schema.$ref === undefined) return schema;
    const found = this.#schemas[String(schema.$ref).slice(REF.length)];
    if (!found) throw new Error(`${schema.$ref} is described nowhere`);
    return this.#resolved(found);
  }

  #objectFaults(
    schema: Schema,
    value: Record<string, unknown>,
    { closed, at }: { closed: boolean; at: string },
  ): string[] {
    const { properties = {}, required = [], additionalProperties } = schema;
    const missing = (required as string[]).filter((name) => !Object.hasOwn(value, name));
    return [
      ...missing.map((name) => `${at}.${name}: missing`),
      ...Object.entries(value).flatMap(([name, one]) => {
        if (Object.hasOwn(properties as object, name)) {
          return this.faults((properties as Schemas)[name]!, one, { closed, at: `${at}.${name}` });
        }
        return closed || additionalProperties === false ? [`${at}.${name}: not described`] : [];
      }),
    ];
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (["string", "number", "boolean"].includes(type)) return typeof value === type;
  throw new Error(`the type ${type} is not known here`);
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  email: EMAIL_REGEX,
  date: /^20\d\d-\d\d-\d\d$/,
};

function textFaults(schema: Schema, text: string): string[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  const faults: string[] = [];
  if (text.length < Number(minLength) || text.length > Number(maxLength)) faults.push("its length");
  if (pattern !== undefined && !new RegExp(String(pattern), "u").test(text)) faults.push(`not ${pattern}`);
  if (format !== undefined) {
    const form = FORMATS[String(format)];
    if (!form) throw new Error(`the format ${format} is not known here`);
    if (!form.test(text)) faults.push(`no ${format}`);
  }
  return faults;
}

function numberFaults(schema: Schema, value: number): string[] {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, multipleOf = 0 } = schema;
  const isOut = value < Number(minimum) || value > Number(maximum);
  return isOut || (multipleOf !== 0 && value % Number(multipleOf) !== 0) ? ["out of range"] : [];
}

function texts(schema: Schema): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 40, pattern, format } = schema;
  const fits = (text: string) => textFaults(schema, text).length === 0;
  if (format === "email") return fc.stringMatching(/^[a-z]{1,10}@[a-z]{1,8}\.kr$/);
  if (format === "date") return fc.stringMatching(/^20[2-3]\d-0[1-9]-[12]\d$/);
  const length = { minLength: Number(minLength), maxLength: Math.min(Number(maxLength), 300) };
  const free = fc.string({ ...length, unit: "grapheme" });
  if (pattern === undefined) return free;
  // What no generator is made from: classes of characters, and a look ahead, which the filter does.
  const bare = String(pattern).replace(/\(\?=.*?\)/g, "");
  return (/\\p/i.test(bare) ? free : fc.stringMatching(new RegExp(bare, "u"))).filter(fits);
}

function wholes({ minimum = 0, maximum = 2_000_000_000_000, multipleOf = 1 }: Schema): fc.Arbitrary<number> {
  const step = Number(multipleOf);
  const range = { min: Math.ceil(Number(minimum) / step), max: Math.floor(Number(maximum) / step) };
  return fc.integer(range).map((value) => value * step);
}

const edges = ({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema) => [
  Number(minimum),
  Number(maximum),
];

/** Just outside, by type. */
function beyond(schema: Schema): unknown[] {
  const { type, minLength = 0, maxLength = 3_000, maxItems = 100 } = schema;
  if (type === "string") {
    return ["", "0".repeat(Math.max(0, Number(minLength) - 1)), "0".repeat(Number(maxLength) + 1), "0"];
  }
  if (type === "array") return [[], new Array(Number(maxItems) + 1).fill("BTC"), [null], [[]]];
  const [low = 0, high = 0] = edges(schema);
  return [low - 1, high + 1, low + 0.5, -0, 2 ** 53, 1e300, String(low)];
}

export const HOSTILE_TEXTS = [
  ...["", " ", "0", "-1", "1e9", "NaN", "Infinity", "0x10", "１２３", "9".repeat(400), "1.".padEnd(60, "0")],
  ...["'; drop table users; --", "' or '1'='1", "$1", "%", "%s%n", "{{7*7}}", "$" + "{jndi:ldap://x}"],
  ...[
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udc00x",
    "\u202e",
    "\ufeff",
    "😀",
    "é".repeat(300),
    "\r\nSet-Cookie: a=b",
  ],
  ...["../../etc/passwd", "__proto__", "constructor", "toString", "hasOwnProperty", "<script>1</script>"],
  ...["null", "undefined", "true", "[]", "{}", "0 ", " 0", "1,1", ",", "BTC,BTC,,", "a".repeat(3_000)],
] as const;
export const HOSTILE_TEXT = fc.constantFrom<string>(...HOSTILE_TEXTS);
const HOSTILE: fc.Arbitrary<unknown> = fc.oneof(
  HOSTILE_TEXT,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 0.1, 1e21, [], {}, [null], { $ne: null }),
  fc.constantFrom<unknown>({ toString: "x" }, { length: 9 }, [[[[[[[]]]]]]], [{ a: { b: { c: {} } } }]),
  fc.jsonValue({ maxDepth: 2 }),
);
