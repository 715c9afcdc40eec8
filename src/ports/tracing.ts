// Traces: what one tick went through in all processes, and one intent in all its lives. Off, there is no tracer at all,
// and whoever could make spans asks `tracer?.` first. A span costs its maker a few microseconds; nothing waits for where
// it goes.
//
// Attributes name things and count them. No secret, no body, no amount of money, no words of an exchange are put there.

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export type SpanKind = "internal" | "client" | "producer" | "consumer";

export interface ChildStart {
  /** The same words for all spans of one sort: what varies is an attribute. */
  readonly name: string;
  /** Default internal. */
  readonly kind?: SpanKind;
  /** Its word (SPANS), where somebody else names it as parent, perhaps in another process; default: none. */
  readonly id?: string;
  /** When it began, epoch ms; default now. */
  readonly startAtMs?: number;
  readonly attributes?: Attributes;
  /** Spans it goes on from without being a part of them. */
  readonly links?: readonly SpanLink[];
}

export interface SpanStart extends ChildStart {
  /** The word of the span it is a part of; left out: it is the trace's first. */
  readonly parent?: string;
}

export interface SpanLink {
  readonly trace: Trace;
  readonly id: string;
}

export interface Span {
  begin(child: ChildStart): Span;
  /** To be called once. `fault`: a short word for what went wrong, never a message from outside. */
  end(end?: { readonly attributes?: Attributes; readonly fault?: string | undefined }): void;
}

export interface Trace {
  readonly traceId: string;
  begin(start: SpanStart): Span;
}

/** Nothing of it throws, or waits for anything. */
export interface Tracer {
  /** Undefined for a tick that is not among those kept. All processes agree, as the id is a function of the instant. */
  tick(tickAtMs: number): Trace | undefined;
  /** Every intent's is kept. */
  intent(intentId: string): Trace;
}

/** Words of spans that are named by others. */
export const SPANS = {
  tick: "tick",
  task: (taskId: string) => `task ${taskId}`,
  report: (taskId: string, worker: string) => `report ${taskId} ${worker}`,
  frame: (frameId: string) => `frame ${frameId}`,
  intent: "intent",
  order: (clientOrderId: string) => `order ${clientOrderId}`,
} as const;

/** A message on the bus, by OpenTelemetry's conventions; `subject` names where it goes or comes from. */
export function messageSpan(
  operation: "send" | "process",
  subject: string,
  messageId: string,
): Pick<ChildStart, "name" | "kind"> & { readonly attributes: Attributes } {
  return {
    name: `${operation} ${subject}`,
    kind: operation === "send" ? "producer" : "consumer",
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.type": operation,
      "messaging.operation.name": operation === "send" ? "publish" : "process",
      "messaging.destination.name": subject,
      "messaging.message.id": messageId,
    },
  };
}

/** The decision an intent begins with: fresh books, accounts, the rates at the actual size. */
export function tellDecision(
  tracer: Tracer | undefined,
  { intentId }: { readonly intentId: string },
  startAtMs: number,
): void {
  tracer?.intent(intentId).begin({ name: "decide", parent: SPANS.intent, startAtMs }).end();
}

/** The name of an error's class: its message may hold what came from outside. */
export function faultOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

/** Ends the span as the work does. */
export function traced<T>(span: Span | undefined, work: Promise<T>): Promise<T> {
  return span ? endedWith(span, work) : work;
}

async function endedWith<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    const result = await work;
    span.end();
    return result;
  } catch (error) {
    span.end({ fault: faultOf(error) });
    throw error;
  }
}
