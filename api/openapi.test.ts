// The OpenAPI document by itself: nothing is told without an example, and every example fits what it is one of.

import { expect, test } from "bun:test";
import { JsonSchemas, type Schema } from "./json-schema-testing.ts";
import { openApiDocument } from "./openapi.ts";

interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
}
interface Parameter extends Media {
  readonly name: string;
  readonly required: boolean;
}

const document = openApiDocument("test", { accounts: true, market: true, trading: true });
const schemas = new JsonSchemas(document.components.schemas);

function faultsOf({ schema, example }: Media, type: string): string[] {
  if (example === undefined) return ["no example"];
  return type.endsWith("json") ? schemas.faults(schema, example, { closed: true }) : [];
}

const contentsOf = (of: unknown) =>
  Object.entries((of as { readonly content?: Readonly<Record<string, Media>> } | undefined)?.content ?? {});

test("every answer, body and required parameter has an example that fits", () => {
  const faults: Record<string, string[]> = {};
  const check = (name: string, found: readonly string[]) => {
    if (found.length > 0) faults[name] = [...found];
  };
  let answers = 0;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { parameters, requestBody, responses }] of Object.entries(operations)) {
      const name = `${method.toUpperCase()} ${path}`;
      for (const parameter of parameters as unknown as Parameter[]) {
        const isShown = parameter.required || parameter.example !== undefined;
        if (isShown) check(`${name} ${parameter.name}`, faultsOf(parameter, "json"));
      }
      for (const [type, media] of contentsOf(requestBody)) check(`${name} body`, faultsOf(media, type));
      for (const [status, response] of Object.entries(responses)) {
        for (const [type, media] of contentsOf(response)) check(`${name} ${status}`, faultsOf(media, type));
        answers++;
      }
    }
  }
  expect(faults).toEqual({});
  expect(answers).toBeGreaterThan(200);
});
