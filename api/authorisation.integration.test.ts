// Who may call what: every route of the app with the status each kind of caller gets. A route that is missing fails.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { accountsApi, accountsDatabase, tokenFor } from "./test-accounts.ts";
import type { TestApi } from "./test-kit.ts";

setDefaultTimeout(60_000);

const CALLERS = ["anonymous", "other", "owner", "operator"] as const;
type Caller = (typeof CALLERS)[number];

const everybody = (status: number) => [status, status, status, status] as const;
const usersOnly = (status: number) => [401, status, status, 401] as const;

/** In the order of CALLERS. Without a frame, a query or a body: 503, 400 and 415 are what gets past the question of who it is. */
const TABLE: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "GET /api/premium/stream": everybody(200),
  "GET /api/premium": everybody(503),
  "GET /api/venues": everybody(200),
  "GET /api/coins": everybody(200),
  "GET /api/rates/history": everybody(400),
  "GET /api/kline": everybody(400),
  "GET /health/live": everybody(200),
  "GET /health/ready": everybody(503),
  "GET /api/openapi.json": everybody(200),
  "GET /api/docs": everybody(200),
  "POST /api/session": everybody(415),
  "POST /api/account": everybody(415),
  "GET /api/me": usersOnly(200),
  "GET /api/positions/active": usersOnly(200),
  "GET /api/positions/open": usersOnly(200),
  "GET /api/events": usersOnly(200),
  "GET /api/telegram": usersOnly(200),
  "PUT /api/telegram": usersOnly(415),
  "DELETE /api/telegram": usersOnly(404),
  "POST /api/telegram/link": usersOnly(201),
  "GET /api/keys": usersOnly(200),
  "PUT /api/keys/:venue": usersOnly(404),
  "DELETE /api/keys/:venue": usersOnly(404),
  "POST /api/keys/:venue/test": usersOnly(404),
  "GET /api/balances": usersOnly(503),
  "GET /api/strategies": usersOnly(200),
  "POST /api/strategies": usersOnly(415),
  "PATCH /api/strategies/active": usersOnly(415),
  "DELETE /api/strategies/active": usersOnly(404),
  "GET /api/consent": usersOnly(200),
  "PUT /api/consent": usersOnly(415),
  "GET /api/positions/history": usersOnly(200),
  "GET /api/positions/statistics": usersOnly(200),
  "GET /api/positions/daily": usersOnly(200),
  "GET /api/positions/export.csv": usersOnly(200),
  "GET /api/strategies/decisions": usersOnly(200),
  "POST /api/positions/:coin/close": usersOnly(415),
  "GET /api/entries": usersOnly(200),
  "PUT /api/entries": usersOnly(415),
  "GET /api/incidents": usersOnly(200),
  "POST /api/incidents/:id/close": usersOnly(415),
  "GET /api/paper": usersOnly(200),
  "POST /api/paper/reset": usersOnly(415),
  "POST /api/paper/top-up": usersOnly(415),
  "DELETE /api/session": usersOnly(204),
};

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let api: TestApi;
const userIds: Partial<Record<Caller, number>> = {};

beforeAll(async () => {
  context = await accountsDatabase();
  api = await accountsApi(context.accounts, context.market);
  for (const caller of ["other", "owner"] as const) {
    userIds[caller] = await context.addUser(`${caller}@mail.kr`);
  }
});
afterAll(async () => {
  await api.close();
  await context.database.close();
});

async function headersOf(caller: Caller): Promise<Record<string, string>> {
  if (caller === "anonymous") return {};
  // The token of the scheduler's control port.
  if (caller === "operator") return { Authorization: "Bearer an-operators-control-token" };
  return { Authorization: `Bearer ${await tokenFor(api, `${caller}@mail.kr`)}` };
}

test("the table has every route of the app and no other", () => {
  const routes = api.app.routes.filter(({ method }) => method !== "ALL");
  const names = routes.map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(names)].sort()).toEqual(Object.keys(TABLE).sort());
});

for (const [route, statuses] of Object.entries(TABLE)) {
  test(`${route} answers each caller as the table says`, async () => {
    const [method = "", path = ""] = route.split(" ");
    for (const [index, caller] of CALLERS.entries()) {
      const response = await api.app.request(path, { method, headers: await headersOf(caller) });
      await response.body?.cancel();
      expect([caller, response.status]).toEqual([caller, statuses[index]!]);
    }
  });
}

test("each user is shown himself", async () => {
  for (const caller of ["other", "owner"] as const) {
    const response = await api.app.request("/api/me", { headers: await headersOf(caller) });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    expect(await response.json()).toEqual({
      userId: userIds[caller],
      email: `${caller}@mail.kr`,
      name: null,
    });
  }
});
