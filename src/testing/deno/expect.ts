// expect() as Bun has it, as far as the API's tests use it, for the same tests under Deno (deno.json maps "bun:test" to
// bun-test.ts). expect.test.ts runs under both, so that the two agree on what passes and what does not. What is not here
// is no function, and its test fails.

import { AssertionError } from "node:assert";
import { inspect } from "node:util";

/** A part of an expected value that accepts more than one value. */
class Pattern {
  constructor(
    readonly accepts: (actual: unknown) => boolean,
    readonly words: string,
  ) {}
  [inspect.custom]() {
    return this.words;
  }
}

type Keyed = Readonly<Record<string, unknown>>;
/** Values that are objects as one writes them, or of a class. */
const isKeyed = (value: unknown): value is Keyed => typeof value === "object" && value !== null;
const keysOf = (value: Keyed) => Object.keys(value).filter((key) => value[key] !== undefined);
const kindOf = (value: object) => Object.prototype.toString.call(value);

/** Equal in all that is defined; NaN equals NaN and 0 is not -0. `part`: the actual value may have further keys. */
function matches(actual: unknown, expected: unknown, part: boolean): boolean {
  if (expected instanceof Pattern) return expected.accepts(actual);
  if (Object.is(actual, expected)) return true;
  if (!isKeyed(actual) || !isKeyed(expected) || kindOf(actual) !== kindOf(expected)) return false;
  if (actual instanceof Date) return Object.is(actual.getTime(), (expected as unknown as Date).getTime());
  if (actual instanceof Error) return actual.message === (expected as unknown as Error).message;
  if (actual instanceof Map || actual instanceof Set) {
    const others = [...(expected as unknown as Iterable<unknown>)];
    return (
      actual.size === others.length &&
      others.every((other) => [...actual].some((own) => matches(own, other, false)))
    );
  }
  if (Array.isArray(actual) || ArrayBuffer.isView(actual)) {
    const [own, other] = [actual, expected] as unknown as [ArrayLike<unknown>, ArrayLike<unknown>];
    return (
      own.length === other.length &&
      Array.from(own).every((value, index) => matches(value, other[index], part))
    );
  }
  // An object that is part of another has also the keys it says are undefined.
  const keys = part ? Object.keys(expected) : keysOf(expected);
  if (!part && keysOf(actual).length !== keys.length) return false;
  return keys.every((key) => (part ? key in actual : true) && matches(actual[key], expected[key], part));
}

function contains(actual: unknown, item: unknown): boolean {
  if (typeof actual === "string") return actual.includes(String(item));
  return [...(actual as Iterable<unknown>)].includes(item);
}

function throws(work: unknown, expected: unknown): boolean {
  try {
    (work as () => unknown)();
  } catch (error) {
    return isError(error, expected);
  }
  return false;
}

/** Whether it was thrown as expected: a part of the message, a pattern for it, a class, or anything at all. */
function isError(error: unknown, expected: unknown): boolean {
  if (expected === undefined) return true;
  if (typeof expected === "function") return error instanceof expected;
  const message = error instanceof Error ? error.message : String(error);
  return expected instanceof RegExp ? expected.test(message) : message.includes(String(expected));
}

function hasProperty(actual: unknown, path: string): boolean {
  let value = actual;
  for (const key of path.split(".")) {
    if (!isKeyed(value) || !(key in value)) return false;
    value = value[key];
  }
  return true;
}

// biome-ignore lint/suspicious/noExplicitAny: what a matcher is given is what the test says it is.
type Matcher = (actual: any, ...expected: any[]) => boolean;

const MATCHERS = {
  toBe: (actual, expected) => Object.is(actual, expected),
  toEqual: (actual, expected) => matches(actual, expected, false),
  toMatchObject: (actual, expected) => isKeyed(actual) && matches(actual, expected, true),
  toContain: contains,
  toHaveLength: (actual, length) => actual.length === length,
  toHaveProperty: hasProperty,
  toMatch: (actual, pattern) => (pattern instanceof RegExp ? pattern.test(actual) : actual.includes(pattern)),
  toStartWith: (actual, start) => actual.startsWith(start),
  toEndWith: (actual, end) => actual.endsWith(end),
  toThrow: throws,
  toBeDefined: (actual) => actual !== undefined,
  toBeUndefined: (actual) => actual === undefined,
  toBeNull: (actual) => actual === null,
  toBeNaN: (actual) => Number.isNaN(actual),
  toBeNumber: (actual) => typeof actual === "number",
  toBeGreaterThan: (actual, bound) => actual > bound,
  toBeGreaterThanOrEqual: (actual, bound) => actual >= bound,
  toBeLessThan: (actual, bound) => actual < bound,
  toBeLessThanOrEqual: (actual, bound) => actual <= bound,
  toBeWithin: (actual, from, to) => actual >= from && actual < to,
} as const satisfies Record<string, Matcher>;

type Name = keyof typeof MATCHERS;
type Checks<R> = { readonly [K in Name]: (...expected: unknown[]) => R };
interface Expectation extends Checks<void> {
  readonly not: Checks<void>;
  readonly resolves: Checks<Promise<void>>;
  readonly rejects: Checks<Promise<void>>;
}

function checks<R>(check: (name: Name, expected: unknown[]) => R): Checks<R> {
  const entries = (Object.keys(MATCHERS) as Name[]).map((name) => [
    name,
    (...expected: unknown[]) => check(name, expected),
  ]);
  return Object.fromEntries(entries);
}

function check(actual: unknown, name: Name, expected: readonly unknown[], isMeant = true): void {
  if ((MATCHERS[name] as Matcher)(actual, ...expected) === isMeant) return;
  const not = isMeant ? "" : "not ";
  const [was, wanted] = [actual, expected.length === 1 ? expected[0] : expected].map((value) =>
    inspect(value),
  );
  throw new AssertionError({ message: `expected ${not}${name} ${wanted}, was ${was}`, stackStartFn: check });
}

async function checkRejected(actual: unknown, name: Name, expected: readonly unknown[]): Promise<void> {
  const reason = await Promise.resolve(actual).then(
    (value) => {
      throw new AssertionError({ message: `expected a rejection, was ${inspect(value)}` });
    },
    (error) => error,
  );
  const value = name === "toThrow" ? () => Promise.reject(reason) : reason;
  if (name !== "toThrow") check(value, name, expected);
  else if (!isError(reason, expected[0])) {
    throw new AssertionError({
      message: `expected to throw ${inspect(expected[0])}, was ${inspect(reason)}`,
    });
  }
}

export function expect(actual?: unknown): Expectation {
  return {
    ...checks((name, expected) => check(actual, name, expected)),
    not: checks((name, expected) => check(actual, name, expected, false)),
    resolves: checks(async (name, expected) => check(await actual, name, expected)),
    rejects: checks((name, expected) => checkRejected(actual, name, expected)),
  };
}

/** What typeof says of a value of these classes. */
const PRIMITIVES = new Map<unknown, string>([
  [String, "string"],
  [Number, "number"],
  [Boolean, "boolean"],
  [BigInt, "bigint"],
]);

expect.any = (kind: abstract new (...args: never[]) => unknown) =>
  new Pattern((actual) => {
    const primitive = PRIMITIVES.get(kind);
    return primitive ? typeof actual === primitive : actual instanceof kind;
  }, `any ${kind.name}`);
expect.stringContaining = (part: string) =>
  new Pattern(
    (actual) => typeof actual === "string" && actual.includes(part),
    `a text with ${inspect(part)}`,
  );
expect.objectContaining = (part: Keyed) =>
  new Pattern(
    (actual) => {
      return (
        isKeyed(actual) && Object.entries(part).every(([key, value]) => matches(actual[key], value, false))
      );
    },
    `an object with ${inspect(part)}`,
  );
expect.arrayContaining = (part: readonly unknown[]) =>
  new Pattern(
    (actual) => {
      return Array.isArray(actual) && part.every((one) => actual.some((own) => matches(own, one, false)));
    },
    `an array with ${inspect(part)}`,
  );
