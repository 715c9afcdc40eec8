// A collector for tests: takes traces as OTLP/HTTP with JSON on a port of this machine and keeps the spans, decoded by the
// names of the protocol. It can stand still, or refuse.

import type { Server } from "bun";
import * as v from "valibot";

const Value = v.union([
  v.pipe(
    v.object({ stringValue: v.string() }),
    v.transform(({ stringValue }): string | number | boolean => stringValue),
  ),
  v.pipe(
    v.object({ intValue: v.union([v.number(), v.string()]) }),
    v.transform(({ intValue }): string | number | boolean => Number(intValue)),
  ),
  v.pipe(
    v.object({ doubleValue: v.number() }),
    v.transform(({ doubleValue }): string | number | boolean => doubleValue),
  ),
  v.pipe(
    v.object({ boolValue: v.boolean() }),
    v.transform(({ boolValue }): string | number | boolean => boolValue),
  ),
]);
const AttributeList = v.pipe(
  v.array(v.object({ key: v.string(), value: Value })),
  v.transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]))),
);
const traceId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const spanId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const nanoseconds = v.pipe(v.string(), v.regex(/^\d+$/));
const Span = v.object({
  traceId,
  spanId,
  parentSpanId: v.optional(spanId),
  name: v.pipe(v.string(), v.minLength(1)),
  kind: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: AttributeList,
  status: v.object({ code: v.picklist([0, 1, 2]) }),
  links: v.array(v.object({ traceId, spanId })),
});
const Request = v.object({
  resourceSpans: v.array(
    v.object({
      resource: v.object({ attributes: AttributeList }),
      scopeSpans: v.array(v.object({ scope: v.object({ name: v.string() }), spans: v.array(Span) })),
    }),
  ),
});

export interface ReceivedSpan extends v.InferOutput<typeof Span> {
  /** service.name and its like. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Headers and bodies as they came. */
  readonly texts: string[] = [];
  readonly faults: string[] = [];
  /** "hang": no answer before it is stopped. A number: every batch is refused with this status. */
  mood: "take" | "hang" | number = "take";
  readonly #server: Server<undefined>;
  #changed = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 255,
      fetch: (request) => this.#take(request),
    });
  }

  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async stop(): Promise<void> {
    this.#stopped.resolve();
    await this.#server.stop(true);
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.text();
    this.texts.push([...request.headers].map((pair) => pair.join(": ")).join("\n"), body);
    if (this.mood === "hang") {
      this.#tell();
      await this.#stopped.promise;
    }
    if (typeof this.mood === "number") {
      this.#tell();
      return new Response("no", { status: this.mood });
    }
    const where = `${request.method} ${new URL(request.url).pathname} ${request.headers.get("content-type")}`;
    if (where !== "POST /v1/traces application/json") this.faults.push(where);
    const parsed = v.safeParse(Request, JSON.parse(body));
    if (!parsed.success) this.faults.push(v.summarize(parsed.issues));
    for (const { resource, scopeSpans } of parsed.success ? parsed.output.resourceSpans : []) {
      for (const { spans } of scopeSpans) {
        for (const span of spans) this.spans.push({ ...span, resource: resource.attributes });
      }
    }
    this.#tell();
    return Response.json({});
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves once `isTrue` is, looked at after every request. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.faults.length > 0) throw new Error(this.faults.join("\n"));
      await this.#changed.promise;
    }
  }

  /** Spans of one name, oldest first. */
  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name).sort((a, b) => startMsOf(a) - startMsOf(b));
  }

  parentOf(span: ReceivedSpan): ReceivedSpan | undefined {
    return this.spans.find((one) => one.traceId === span.traceId && one.spanId === span.parentSpanId);
  }

  /** The names from a span up to the first of its trace; "?" stands for one that did not come. */
  lineOf(span: ReceivedSpan): string[] {
    const names: string[] = [];
    for (let at: ReceivedSpan | undefined = span; at && names.length < 20; ) {
      names.push(at.name);
      const parent = this.parentOf(at);
      if (!parent && at.parentSpanId !== undefined) names.push("?");
      at = parent;
    }
    return names;
  }
}

export function startMsOf(span: ReceivedSpan): number {
  return Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000;
}

export function endMsOf(span: ReceivedSpan): number {
  return Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000;
}
