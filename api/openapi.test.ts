// The OpenAPI document by itself: nothing is told without an example, and every example fits what it is one of.

import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { JsonSchemas, type Schema } from "./json-schema-testing.ts";
import { openApiDocument } from "./openapi.ts";
import { PROBLEMS } from "./problem.ts";

interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
}
interface Parameter extends Media {
  readonly name: string;
  readonly required: boolean;
}

const HERE = { about: true, client: true, accounts: true, market: true, trading: true };
const DOCUMENTS = [
  openApiDocument("test", HERE),
  openApiDocument("test", { elsewhere: "redirect" }),
  openApiDocument("test", { elsewhere: "proxy" }),
] as const;
const schemas = new JsonSchemas(DOCUMENTS[0].components.schemas);

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
  for (const [path, operations] of DOCUMENTS.flatMap(({ paths }) => Object.entries(paths))) {
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
  expect(answers).toBeGreaterThan(600);
});

test("a refusal is shown with a code and words its own route may answer with", () => {
  const faults: string[] = [];
  for (const [path, operations] of DOCUMENTS.flatMap(({ paths }) => Object.entries(paths))) {
    for (const [method, { requestBody, responses, security }] of Object.entries(operations)) {
      for (const [status, response] of Object.entries(responses)) {
        const code = (contentsOf(response)[0]?.[1].example as { readonly code?: string } | undefined)?.code;
        const waits = status === "429" || (status === "503" && code !== "setting-missing");
        const { headers = {} } = response as { readonly headers?: Readonly<Record<string, unknown>> };
        const isKnown = code !== undefined && code !== "";
        if (isKnown && waits && !headers["Retry-After"])
          faults.push(`${method} ${path} ${status}: no Retry-After`);
        if (code === "body-unusable" && !requestBody) faults.push(`${method} ${path}: has no body`);
        if (code === "no-session" && !security) faults.push(`${method} ${path}: needs no session`);
      }
    }
  }
  expect(faults).toEqual([]);
});

test("ids, instants and lengths of time are whole numbers", () => {
  const floats: string[] = [];
  const walk = (of: unknown, name: string): void => {
    if (typeof of !== "object" || of === null) return;
    const { type } = of as { readonly type?: unknown };
    if (type === "number" && /(Ms|Id|S)$/.test(name)) floats.push(name);
    for (const [key, part] of Object.entries(of))
      walk(part, /^(anyOf|oneOf|items|\d+)$/.test(key) ? name : key);
  };
  // The table and the events are read from the bus by the same schemas, and are taken as they come.
  const { PremiumTable, UserEvent, Ready, ...others } = DOCUMENTS[0].components.schemas;
  for (const [name, schema] of Object.entries(others)) walk(schema, name);
  expect(floats).toEqual([]);
});

test("an edge's document lists what another server has, and how that is answered here", () => {
  const [here, redirecting, proxying] = DOCUMENTS;
  const paths = Object.keys(here.paths).filter((path) => path !== "/api/trading");
  for (const { paths: told, components } of [redirecting, proxying]) {
    expect(Object.keys(told).sort()).toEqual(paths.sort());
    const { schemas: _, ...others } = components;
    expect({ ...others, schemas: here.components.schemas }).toEqual(here.components);
  }
  const statuses = ({ paths }: typeof here, path: string) => Object.keys(paths[path]!.get!.responses);
  expect(statuses(redirecting, "/api/client.js")).toEqual(["200", "304", "307", "404", "429"]);
  expect(statuses(proxying, "/api/client.js")).toEqual(["200", "304", "404", "429", "503"]);
  expect(statuses(redirecting, "/api/premium")).not.toContain("307");
});

test("docs/api.md explains every code of a refusal, and none besides", async () => {
  const guide = await readFile(join(import.meta.dirname, "../docs/api.md"), "utf8");
  const table = guide.slice(guide.indexOf("| status | code |")).split("\n\n")[0]!;
  const told = table
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      const [, statuses, codes] = line.split("|");
      return [...codes!.matchAll(/`([\w-]+)`/g)].map(([, code]) => [code!, statuses!.trim()]);
    });
  const known = Object.entries(PROBLEMS).flatMap(([status, { codes }]) =>
    codes.map((code) => [code, status]),
  );
  const shared = (status: string) => (/^(408|413|415)$/.test(status) ? "408, 413, 415" : status);
  expect(told.sort()).toEqual(known.map(([code, status]) => [code!, shared(status!)]).sort());
});
