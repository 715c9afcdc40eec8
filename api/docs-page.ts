// The OpenAPI document as a page for people: plain HTML made once, without scripts, fonts or anything else from
// elsewhere, so it works on a network without a way out and under a strict content policy.

import type { OpenApiDocument, OpenApiOperation } from "./openapi.ts";

type Json = Record<string, unknown>;
type Contents = Record<string, { readonly schema: Json; readonly example?: unknown }>;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #0a7a55; }
body { font: 15px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } code { background: var(--soft); padding: .1em .35em; }
pre { background: var(--soft); padding: .8rem; overflow: auto; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
.method { color: var(--accent); font-weight: 700; } .where { opacity: .65; } a { color: var(--accent); }
summary { cursor: pointer; margin: .4rem 0; }
`;

/** The whole page as HTML. */
export function docsPage(document: OpenApiDocument): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => operationHtml(method, path, operation)),
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) => schemaHtml(name, schema));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} API</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>${escaped(info.title)} API</h1>
${info.description.split("\n\n").map(paragraphHtml).join("\n")}
<p>Version ${escaped(info.version)}. For machines: <a href="/api/openapi.json">openapi.json</a>.</p>
${operations.join("\n")}
<h2>Shapes</h2>
${schemas.join("\n")}
</body></html>
`;
}

function operationHtml(method: string, path: string, operation: OpenApiOperation): string {
  const parameters = operation.parameters.map(parameterHtml).join("");
  const responses = Object.entries(operation.responses).map(responseHtml).join("");
  const parameterTable =
    parameters && `<table><tr><th>Parameter<th>Value<th>Meaning</tr>${parameters}</table>`;
  const body = bodyHtml(operation.requestBody);
  return `<section><h2 id="${escaped(method)} ${escaped(path)}"><span class="method">${escaped(method.toUpperCase())}</span> <a href="${escaped(path)}">${escaped(path)}</a></h2>
<p><b>${escaped(operation.summary)}.</b> ${escaped(operation.description)}</p>
${parameterTable}${body}<table><tr><th>Answer<th>Type<th>Meaning</tr>${responses}</table></section>`;
}

/** What is between backticks as code. */
function paragraphHtml(text: string): string {
  return `<p>${escaped(text).replace(/`([^`]*)`/g, "<code>$1</code>")}</p>`;
}

function bodyHtml(body: Json | undefined): string {
  if (!body) return "";
  const [[type, { schema, example }]] = Object.entries(body.content as Contents) as [
    [string, Contents[string]],
  ];
  return `<p>Body: <code>${escaped(type)}</code> ${linkHtml(schema)}, as <code>${escaped(JSON.stringify(example))}</code></p>`;
}

function parameterHtml(parameter: Json): string {
  const place = parameter.in === "query" ? "" : ` <span class="where">${escaped(parameter.in)}</span>`;
  const value = escaped(shapeOf(parameter.schema as Json));
  return `<tr><td><code>${escaped(parameter.name)}</code>${place}<td>${value}<td>${escaped(parameter.description)}</tr>`;
}

function responseHtml([status, response]: [string, Json]): string {
  const types = Object.entries((response.content ?? {}) as Record<string, { schema: Json }>);
  const type = types
    .map(([name, { schema }]) => `<code>${escaped(name)}</code> ${linkHtml(schema)}`)
    .join("<br>");
  return `<tr><td><code>${escaped(status)}</code><td>${type}<td>${escaped(response.description)}</tr>`;
}

function linkHtml(schema: Json): string {
  if (typeof schema.$ref !== "string") return "";
  const name = schema.$ref.split("/").at(-1)!;
  return `<a href="#${escaped(name)}">${escaped(name)}</a>`;
}

function schemaHtml(name: string, schema: Json): string {
  const text = JSON.stringify(schema, null, 2);
  return `<details open id="${escaped(name)}"><summary><b>${escaped(name)}</b></summary><pre>${escaped(text)}</pre></details>`;
}

/** A schema in a few words, for a table's cell. */
function shapeOf(schema: Json): string {
  const choices = schema.enum as readonly unknown[] | undefined;
  if (choices) {
    const preset = schema.default === undefined ? "" : `; ${String(schema.default)} when left out`;
    return choices.join(" | ") + preset;
  }
  if (schema.type === "array") return `list of ${shapeOf(schema.items as Json)}`;
  if (schema.multipleOf !== undefined) {
    return `${String(schema.minimum)} to ${String(schema.maximum)} by ${String(schema.multipleOf)}`;
  }
  return String(schema.pattern ?? schema.type ?? "");
}

function escaped(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
