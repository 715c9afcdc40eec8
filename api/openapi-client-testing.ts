// A client made from nothing but the OpenAPI document: it asks every operation what the document allows, nearly allows or
// never would, and holds each answer against it.

import fc from "fast-check";
import { HOSTILE_TEXT, JsonSchemas, type Schema } from "./json-schema-testing.ts";
import type { OpenApiDocument, OpenApiOperation } from "./openapi.ts";

export interface Route {
  /** As GET /api/keys/{venue}. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
  readonly isPrivate: boolean;
}

export interface Asked {
  readonly path: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  /** False: the body does not fit its schema, and must not be taken. Undefined: no word on that. */
  readonly bodyFits?: boolean;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}
interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
}
type Contents = Readonly<Record<string, Media>>;
interface Documented {
  readonly content?: Contents;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What a client may have to do something about. */
const TOLD_HEADERS = ["ETag", "Retry-After", "Set-Cookie", "Content-Disposition"];
const ANSWER_MS_MAX = 20_000;
const JSON_TYPE = { "Content-Type": "application/json" };

export class OpenApiClient {
  readonly routes: readonly Route[];
  readonly #schemas: JsonSchemas;
  readonly #url: string;

  constructor(document: OpenApiDocument, url: string) {
    this.#url = url;
    this.#schemas = new JsonSchemas(document.components.schemas);
    this.routes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({
        ...{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, operation },
        isPrivate: operation.security !== undefined,
      })),
    );
  }

  /** What the document shows as an example; `path` replaces parameters of the path. */
  example({ operation }: Route, path: Readonly<Record<string, string>> = {}): Asked {
    const inPath = parametersOf(operation, "path").map(({ name, example }) => [
      name,
      path[name] ?? String(example),
    ]);
    const inQuery = parametersOf(operation, "query").filter(({ required }) => required);
    const media = bodyOf(operation);
    return {
      path: Object.fromEntries(inPath),
      query: inQuery.map(({ name, example }) => [name, String(example)] as const),
      headers: media ? JSON_TYPE : {},
      body: media && JSON.stringify(media.example),
    };
  }

  asking({ operation }: Route): fc.Arbitrary<Asked> {
    const media = bodyOf(operation);
    const body = media ? this.#bodies(media.schema) : fc.constant({ headers: {}, body: undefined });
    return fc
      .record({
        path: this.#paths(operation),
        query: this.#queries(operation),
        headers: this.#headers(operation),
        body,
      })
      .map(({ path, query, headers, body: { headers: ofBody, ...rest } }) => ({
        ...{ path, query, headers: { ...headers, ...ofBody } },
        ...rest,
      }));
  }

  async send(route: Route, asked: Asked, headers: Readonly<Record<string, string>>): Promise<Response> {
    const path = route.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(asked.path[name]!));
    const query = asked.query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
    return await fetch(`${this.#url}${path}${query && "?"}${query}`, {
      ...{ method: route.method, redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS_MAX) },
      // Packed, a stream's beginning is held back until there is more of it.
      headers: { "Accept-Encoding": "identity", ...headers, ...asked.headers },
      ...(asked.body !== undefined && { body: asked.body }),
    });
  }

  /** Whatever in the answer the document does not say, in words; `text` is its body. */
  faults({ operation, isPrivate }: Route, asked: Asked, response: Response, text: string): string[] {
    const type = typeOf(response);
    const { status, headers } = response;
    const faults: string[] = [];
    if (headers.get("X-Content-Type-Options") !== "nosniff") faults.push("no nosniff");
    if (/^\s+at .*[.:]\d+|\.ts:\d+|node_modules/m.test(text)) faults.push(`a stack: ${text.slice(0, 200)}`);
    if (isPrivate && !headers.get("Cache-Control")?.includes("no-store")) faults.push("may be stored");
    if (isPrivate && headers.has("Access-Control-Allow-Origin")) faults.push("may be read by other sites");
    if (asked.bodyFits === false && response.ok) faults.push(`${asked.body} was taken and does not fit`);
    const documented = operation.responses[status] as Documented | undefined;
    for (const name of TOLD_HEADERS) {
      if (documented && headers.has(name) && !documented.headers?.[name])
        faults.push(`the header ${name} of ${status} is not documented`);
    }
    if (status === 429 && !(Number(headers.get("Retry-After")) > 0)) faults.push("429 does not say how long");
    if (!documented) return [...faults, `the status ${status} is not documented: ${text.slice(0, 200)}`];
    const { content } = documented;
    if (!content) return text === "" ? faults : [...faults, `a body where none is documented: ${text}`];
    const media = content[type];
    if (!media) return [...faults, `the type ${type} is not documented for ${status}`];
    if (!type.endsWith("json")) return faults;
    const found = this.#schemas.faults(media.schema, JSON.parse(text), { closed: true });
    if (type === "application/problem+json" && JSON.parse(text).status !== status)
      found.push("another status");
    return [...faults, ...found.slice(0, 5)];
  }

  /** What the document shows of a refusal of that status. */
  shown({ operation }: Route, status: number): unknown {
    const { content } = operation.responses[status] as { readonly content?: Contents };
    return content?.["application/problem+json"]?.example;
  }

  /** The lists of an answer that has been found to fit, and whether each has an item. */
  lists({ operation }: Route, status: number, text: string): Map<string, boolean> {
    const { content } = operation.responses[status] as { readonly content?: Contents };
    const media = content?.["application/json"];
    return media ? this.#schemas.lists(media.schema, JSON.parse(text)) : new Map();
  }

  /** What of the events in a stream does not fit the schema of that name, in words; and their kinds, in their order. */
  eventFaults(name: string, text: string): { readonly kinds: string[]; readonly faults: string[] } {
    const kinds: string[] = [];
    const faults: string[] = [];
    for (const [, kind, data] of text.matchAll(/^event: (.*)\ndata: (.*)$/gm)) {
      const event = JSON.parse(data!);
      kinds.push(kind!);
      if (event.kind !== kind) faults.push(`an event ${kind} says it is ${event.kind}`);
      const schema = { $ref: `#/components/schemas/${name}` };
      faults.push(...this.#schemas.faults(schema, event, { closed: true }));
    }
    return { kinds, faults };
  }

  #paths(operation: OpenApiOperation): fc.Arbitrary<Record<string, string>> {
    const values = parametersOf(operation, "path").map(({ name, schema }) => {
      // An empty one is another route.
      return [name, this.#texts(schema).filter((text) => text !== "" && text.isWellFormed())] as const;
    });
    return fc.record(Object.fromEntries(values));
  }

  /** Mostly what fits, else what nearly does. */
  #texts(schema: Schema): fc.Arbitrary<string> {
    const fitting = this.#schemas.fitting(schema);
    const any = fc.oneof({ weight: 2, arbitrary: fitting }, this.#schemas.beside(schema));
    return any.map((value) => {
      if (typeof value === "string") return value;
      // Lists travel with commas between.
      return Array.isArray(value)
        ? value
            .map((one) => JSON.stringify(one))
            .join(",")
            .replaceAll('"', "")
        : JSON.stringify(value);
    });
  }

  /** Mostly each once where it is required; now and then one twice, or one nobody knows. */
  #queries(operation: OpenApiOperation): fc.Arbitrary<(readonly [string, string])[]> {
    const given = parametersOf(operation, "query").map(({ name, schema, required }) => {
      const one = this.#texts(schema).map((value) => [name, value] as const);
      const [least, most] = [required ? 1 : 0, 1];
      return fc.oneof(
        { weight: 9, arbitrary: fc.array(one, { minLength: least, maxLength: most }) },
        fc.array(one, { maxLength: 3 }),
      );
    });
    const unknown = fc
      .tuple(HOSTILE_TEXT, HOSTILE_TEXT)
      .map((pair) => [pair] as (readonly [string, string])[]);
    const none = fc.constant<(readonly [string, string])[]>([]);
    return fc.tuple(...given, fc.oneof({ weight: 9, arbitrary: none }, unknown)).map((parts) => parts.flat());
  }

  #headers(operation: OpenApiOperation): fc.Arbitrary<Record<string, string>> {
    const inHeader = HOSTILE_TEXT.map((text) => text.replace(/[^\x20-\x7e]/g, "?"));
    const given = parametersOf(operation, "header").map(({ name }) => [name, inHeader] as const);
    const more = ["Accept", "If-None-Match", "Range", "X-Forwarded-For", "Accept-Language"] as const;
    const all = [...given, ...more.map((name) => [name, inHeader] as const)];
    const some = fc.record(Object.fromEntries(all), { requiredKeys: [], noNullPrototype: true });
    const none = fc.constant<Record<string, string>>({});
    return fc.oneof({ weight: 3, arbitrary: none }, some as fc.Arbitrary<Record<string, string>>);
  }

  #bodies(schema: Schema): fc.Arbitrary<Pick<Asked, "headers" | "body" | "bodyFits">> {
    const asJson = (value: unknown) => {
      const text = JSON.stringify(value);
      return {
        headers: JSON_TYPE,
        body: text,
        bodyFits: this.#schemas.faults(schema, JSON.parse(text)).length === 0,
      };
    };
    const raw = fc.oneof(
      fc.constantFrom(
        "",
        "{",
        "[]",
        "null",
        '"',
        '{"a":1,}',
        "\ufeff{}",
        "[".repeat(4_000),
        "{}".padEnd(5_000),
      ),
      fc.constantFrom(
        Uint8Array.of(0xff, 0xfe),
        Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d),
      ),
      HOSTILE_TEXT,
    );
    const types = fc.constantFrom<Record<string, string>>(
      ...[
        JSON_TYPE,
        { "Content-Type": "text/plain" },
        { "Content-Type": "application/json; charset=utf-16" },
      ],
      ...[{ "Content-Type": "application/x-www-form-urlencoded" }, { "Content-Type": "application/jsonx" }],
    );
    return fc.oneof(
      { weight: 4, arbitrary: this.#schemas.fitting(schema).map(asJson) },
      { weight: 5, arbitrary: this.#schemas.beside(schema).map(asJson) },
      fc.record({ headers: types, body: raw }),
    );
  }
}

const parametersOf = ({ parameters }: OpenApiOperation, place: Parameter["in"]) =>
  (parameters as unknown as Parameter[]).filter((one) => one.in === place);

function bodyOf({ requestBody }: OpenApiOperation): Media | undefined {
  return (requestBody as { readonly content: Contents } | undefined)?.content["application/json"];
}

const encode = (text: string) => encodeURIComponent(text.toWellFormed());

const typeOf = (response: Response) => response.headers.get("Content-Type")?.split(";")[0] ?? "";

/** The body as text; of a stream its beginning, and then it is closed. */
export async function textOf(response: Response): Promise<string> {
  if (typeOf(response) !== "text/event-stream") return await response.text();
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}
