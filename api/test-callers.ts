// What the tests of the private routes begin with: an app on a database of the file's own, users who are logged in, and
// requests in their name.

import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import type { AccountsDeps } from "./accounts.ts";
import { accountsApi, accountsDatabase, tokenFor } from "./test-accounts.ts";
import type { TestApi } from "./test-kit.ts";

type Context = Awaited<ReturnType<typeof accountsDatabase>>;
type Name = "kim" | "lee";

export interface AskOptions {
  /** "kim" by default. */
  readonly as?: Name;
  /** Another app on the same database. */
  readonly on?: TestApi;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Registers the beginning and the end; what it gives is there as soon as a test runs. */
export function callers({
  accountsOf = ({ accounts }) => accounts,
}: {
  readonly accountsOf?: (context: Context) => AccountsDeps;
} = {}) {
  setDefaultTimeout(60_000);
  let context: Context;
  let api: TestApi;
  const ids = {} as Record<Name, number>;
  const tokens = {} as Record<Name, string>;
  /** Everything that was answered to `ask`, headers included. */
  const answers: string[] = [];

  beforeAll(async () => {
    context = await accountsDatabase();
    api = await accountsApi(accountsOf(context), context.market);
    // Logins take their time: one each for the whole file.
    for (const name of ["kim", "lee"] as const) {
      ids[name] = await context.addUser(`${name}@mail.kr`);
      tokens[name] = await tokenFor(api, `${name}@mail.kr`);
    }
  });
  afterAll(async () => {
    await api?.close();
    await context?.database.close();
  });

  const bearer = (name: Name) => ({ Authorization: `Bearer ${tokens[name]}` });
  const send = (
    method: string,
    path: string,
    body: unknown,
    { as = "kim", on = api, headers = {} }: AskOptions,
  ) =>
    on.app.request(path, {
      method,
      headers: {
        ...bearer(as),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  return {
    ids,
    answers,
    bearer,
    get context() {
      return context;
    },
    get api() {
      return api;
    },
    send,
    /** No answer may be kept by anybody. `body`: undefined where there is none. */
    async ask(method: string, path: string, body?: unknown, options: AskOptions = {}) {
      const response = await send(method, path, body, options);
      const text = await response.text();
      answers.push(JSON.stringify([...response.headers]), text);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}
