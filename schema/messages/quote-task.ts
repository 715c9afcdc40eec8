// A task: up to four coins whose books one worker fetches together. JSON on the work queue; id = `tickAtMs.shard`.

import * as v from "valibot";
import { VENUES } from "../vocabulary.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Longer names are not quoted: one of them would make a whole task unreadable. */
export const COIN_LENGTH_MAX = 20;
export const SYMBOL_LENGTH_MAX = 40;

const Leg = v.object({
  venue: v.picklist(VENUES),
  symbol: v.pipe(v.string(), v.minLength(1), v.maxLength(SYMBOL_LENGTH_MAX)),
  multiplier: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Levels to ask for; venues without a choice ignore it. */
  depth: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
});
export type QuoteLeg = v.InferOutput<typeof Leg>;

const TaskCoin = v.object({
  coin: v.pipe(v.string(), v.minLength(1), v.maxLength(COIN_LENGTH_MAX)),
  legs: v.pipe(v.array(Leg), v.maxLength(4)),
});
export type TaskCoin = v.InferOutput<typeof TaskCoin>;

export const COINS_PER_TASK_MAX = 4;

export const QuoteTask = v.object({
  version: v.literal(1),
  taskId: v.pipe(v.string(), v.regex(/^\d+\.\d+$/)),
  tickAtMs: count,
  deadlineAtMs: count,
  coins: v.pipe(v.array(TaskCoin), v.minLength(1), v.maxLength(COINS_PER_TASK_MAX)),
});
export type QuoteTask = v.InferOutput<typeof QuoteTask>;

export function taskIdOf(tickAtMs: number, shard: number): string {
  return `${tickAtMs}.${shard}`;
}

export function encodeQuoteTask(task: QuoteTask): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(task));
}

/** Throws MessageError naming what was expected and what was found. */
export function parseQuoteTask(bytes: Uint8Array): QuoteTask {
  return parseJson(QuoteTask, bytes, "quote task");
}

/** A message of the bus that is not what its subject promises: nobody can act on it. */
export class MessageError extends Error {
  override name = "MessageError";
}

export function parseJson<T extends v.GenericSchema>(
  schema: T,
  bytes: Uint8Array,
  what: string,
): v.InferOutput<T> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new MessageError(`expected a ${what} as JSON`, { cause });
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const issues = result.issues.slice(0, 5).map((issue) => `${v.getDotPath(issue) ?? "."}: ${issue.message}`);
  throw new MessageError(`expected a ${what}: ${issues.join("; ")}`);
}
