import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { SIMULATOR_KEYS, type Simulator, startSimulator } from "./server.ts";
import { standInMarket } from "./stand-in-market.ts";
import { signed } from "./wire-harness.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 7, market: standInMarket(), sources: 2 });
});
afterEach(() => {
  simulator.control.clearFaults();
  simulator.control.resetLimits();
  simulator.control.resetCounters();
});
afterAll(() => simulator.stop());

const BOOK_PATHS = {
  upbit: "/v1/orderbook?markets=KRW-BTC",
  bithumb: "/v1/orderbook?markets=KRW-BTC",
  bybit: "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=5",
  binance: "/fapi/v1/depth?symbol=BTCUSDT&limit=5",
} as const;
type Venue = keyof typeof BOOK_PATHS;

function ask(venue: Venue, source = 0, init: RequestInit = {}): Promise<Response> {
  return fetch(simulator.urls[source]![venue] + BOOK_PATHS[venue], init);
}

describe("control port", () => {
  const control = async (method: string, path: string, body?: object) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    return await fetch(simulator.controlUrl + path, init);
  };

  test("says where everything is", async () => {
    const info = (await (await control("GET", "/")).json()) as object;
    expect(info).toMatchObject({ seed: 7, limits: true, urls: simulator.urls, recording: { on: false } });
  });

  test("records books as served, faults named, and hands them out once", async () => {
    await control("PUT", "/recording", { on: true });
    simulator.control.setFault({ kind: "truncated-json", venue: "bybit" });
    simulator.control.setFault({ kind: "reset", venue: "bithumb" });
    const upbit = await (await ask("upbit", 1)).text();
    const bybit = await (await ask("bybit")).text();
    // On a connection of its own: fetch tries again when a kept one closes before the first byte.
    await ask("bithumb", 0, { headers: { connection: "close" } }).catch(() => undefined);
    await fetch(`${simulator.urls[0]!.upbit}/v1/market/all`);
    const lines = (await (await control("GET", "/records")).text()).trim().split("\n");
    const records = lines.map((line) => JSON.parse(line));
    expect(records).toMatchObject([
      { venue: "upbit", symbols: ["KRW-BTC"], sourceIndex: 1, status: 200, body: upbit, faults: [] },
      {
        venue: "bybit",
        symbols: ["BTCUSDT"],
        source: "127.0.0.1#0",
        body: bybit,
        faults: ["truncated-json"],
      },
      { venue: "bithumb", status: 0, faults: ["reset"] },
    ]);
    expect(records[1].requestId).toBeGreaterThan(records[0].requestId);
    expect(await (await control("GET", "/records")).text()).toBe("");
    await control("PUT", "/recording", { on: false });
    await ask("upbit");
    expect(simulator.control.recording()).toMatchObject({ on: false, held: 0, dropped: 0 });
  });

  test("sets, lists and clears faults", async () => {
    const fault = (await (await control("POST", "/faults", { kind: "html", venue: "upbit" })).json()) as {
      id: number;
    };
    expect((await ask("upbit")).headers.get("content-type")).toStartWith("text/html");
    expect(await (await control("GET", "/faults")).json()).toMatchObject([{ id: fault.id, hits: 1 }]);
    expect(await (await control("DELETE", `/faults?id=${fault.id}`)).json()).toEqual({ cleared: 1 });
    expect((await ask("upbit")).headers.get("content-type")).toStartWith("application/json");
  });

  test("switches limits and counts what they refused, per source", async () => {
    for (let index = 0; index < 11; index++) await ask("upbit");
    await ask("upbit", 1);
    const counted = (await (await control("GET", "/counters")).json()) as { hosts: { upbit: object } };
    expect(counted.hosts.upbit).toMatchObject({
      "127.0.0.1#0": { requests: 11, limited: 1, byStatus: { "200": 10, "429": 1 } },
      "127.0.0.1#1": { requests: 1, limited: 0 },
    });
    const { usage } = (await (await control("GET", "/limits")).json()) as { usage: object[] };
    expect(usage).toContainEqual(expect.objectContaining({ host: "upbit", source: "127.0.0.1#0", peak: 10 }));
    await control("PUT", "/limits", { on: false });
    expect((await ask("upbit")).headers.get("remaining-req")).toBe("group=orderbook; min=600; sec=10");
    await control("PUT", "/limits", { on: true });
    expect((await ask("upbit")).status).toBe(429);
    await control("POST", "/limits/reset");
    expect((await ask("upbit")).status).toBe(200);
    await control("DELETE", "/counters");
    expect(simulator.control.totals().requests).toBe(0);
  });

  test("answers what it cannot use with 400 and what it does not know with 404", async () => {
    expect((await control("POST", "/faults", { kind: "nonsense" })).status).toBe(400);
    expect((await control("PUT", "/limits", { on: "yes" })).status).toBe(400);
    expect((await control("PUT", "/recording")).status).toBe(400);
    expect((await control("GET", "/elsewhere")).status).toBe(404);
  });
});

describe("accounts over the control port", () => {
  const { apiKey } = SIMULATOR_KEYS[0]!;
  const get = async (path: string) => (await fetch(simulator.controlUrl + path)).json();
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(simulator.controlUrl + path, { method, body: JSON.stringify(body) });
    // biome-ignore lint/suspicious/noExplicitAny: tests read JSON by whatever path they check
    return { status: answer.status, json: (await answer.json()) as any };
  };

  test("what a user does by hand, what a venue does to him, and everything that follows from it", async () => {
    const short = { apiKey, venue: "bybit", symbol: "BTCUSDT" };
    expect((await send("POST", "/accounts/trade", { ...short, side: "sell", qty: "0.1" })).status).toBe(200);
    expect((await send("POST", "/accounts/deleverage", { ...short, fraction: 0.5 })).json.filledQty).toBe(
      "0.05",
    );
    expect(await get(`/accounts/positions?apiKey=${apiKey}&venue=bybit`)).toMatchObject([{ size: "-0.05" }]);
    expect((await send("POST", "/accounts/liquidate", short)).json.fills).toMatchObject([
      { cause: "liquidation" },
    ]);
    const money = { apiKey, venue: "upbit", asset: "KRW", amount: "5" };
    expect((await send("POST", "/accounts/deposit", money)).json).toEqual({ done: true });
    expect(await get(`/accounts/balances?apiKey=${apiKey}&venue=upbit`)).toEqual({ KRW: "100000005" });
    const ledger = (await get(`/accounts/ledger?apiKey=${apiKey}&venue=bybit`)) as { reason: string }[];
    expect(ledger.map(({ reason }) => reason)).toContain("realised-pnl");
    for (const view of ["orders", "fills", "clientIds", "closedPnl", "funding"]) {
      expect(await get(`/accounts/${view}?apiKey=${apiKey}&venue=bybit`)).toBeInstanceOf(Array);
    }
  });

  test("opens accounts, changes keys and switches; says why not", async () => {
    const added = { apiKey: "by-port", secret: "s", balances: { upbit: { KRW: "7" } } };
    expect((await send("POST", "/accounts", added)).json.venues.upbit.balances).toEqual({ KRW: "7" });
    await send("POST", "/accounts/setKey", { apiKey: "by-port", venue: "upbit", revoked: true });
    const list = (await get("/accounts")) as { apiKey: string; venues: { upbit: { key: object } } }[];
    expect(list.find((each) => each.apiKey === "by-port")?.venues.upbit.key).toMatchObject({ revoked: true });
    expect((await send("POST", "/accounts", added)).status).toBe(400);
    expect((await send("POST", "/accounts/trade", { apiKey: "nobody" })).status).toBe(400);
    expect((await send("POST", "/accounts/steal", {})).status).toBe(404);
    expect((await get("/accounts/ledger?apiKey=by-port&venue=nowhere")) as object).toHaveProperty("error");
    expect((await send("PUT", "/switches", { bybit: { visibleAfterMs: 5 } })).json.bybit.visibleAfterMs).toBe(
      5,
    );
    expect((await send("PUT", "/switches", { bybit: { visibleAfterMs: "soon" } })).status).toBe(400);
    expect(((await get("/switches")) as { bybit: object }).bybit).toMatchObject({ visibleAfterMs: 5 });
    await send("PUT", "/switches", { bybit: { visibleAfterMs: 30 } });
  });

  test("a request that arrives late takes effect though its client has gone", async () => {
    simulator.control.setFault({ kind: "late-arrival", delayMs: 100, venue: "binance", count: 1 });
    const params = {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: "0.01",
      newClientOrderId: "late",
    };
    const { method, target, headers, body } = signed("binance", "POST /fapi/v1/order", params, {
      key: SIMULATOR_KEYS[0]!,
      nowMs: Date.now(),
    });
    const leaving = new AbortController();
    const url = simulator.urls[0]!.binance + target;
    const sent = fetch(url, { method: method!, headers: headers!, body: body!, signal: leaving.signal });
    const given = sent.then(String, () => "gone");
    // The fault is spent: the request is on its way. Nobody waits for it any more.
    while (simulator.control.faults().length > 0) await Bun.sleep(1);
    leaving.abort();
    expect(await given).toBe("gone");
    const known = () => simulator.control.accounts.clientIds(apiKey, "binance");
    while (known().length === 0) await Bun.sleep(1);
    expect(known()).toMatchObject([{ clientId: "late", executed: 1 }]);
  });
});

describe("starting and stopping", () => {
  test("stop ends hanging and delayed requests at once", async () => {
    const other = await startSimulator({ seed: 1, market: standInMarket() });
    other.control.setFault({ kind: "hang", venue: "upbit" });
    other.control.setFault({ kind: "delay", venue: "bybit", delayMs: 3_600_000 });
    const outcomes = (["upbit", "bybit"] as const).map((venue) =>
      fetch(other.urls[0]![venue] + BOOK_PATHS[venue]).then(
        () => "answered",
        (error) => error.code,
      ),
    );
    while (other.control.totals().requests < 2) await Bun.sleep(1);
    await other.stop();
    expect(await Promise.all(outcomes)).toEqual(["ECONNRESET", "ECONNRESET"]);
    await expect(fetch(other.controlUrl)).rejects.toThrow();
  });

  test("a port that is taken leaves nothing open", async () => {
    const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const base = taken.port! - 3;
    await expect(startSimulator({ seed: 1, market: standInMarket(), portBase: base })).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${base}/`)).rejects.toThrow();
    await taken.stop(true);
  });

  test("ports follow from the base: control, then five per source", async () => {
    const startAt = (base: number) =>
      startSimulator({ seed: 1, market: standInMarket(), portBase: base, sources: 2 });
    let base = 21_000 + (process.pid % 5_000);
    // Others may hold some port of a range: then the next one is tried.
    let other = await startAt(base).catch(() => undefined);
    while (other === undefined && base < 32_000) other = await startAt((base += 11)).catch(() => undefined);
    if (other === undefined) throw new Error("expected eleven free ports in a row below 32,000");
    const ports = [other.controlUrl, ...other.urls.flatMap((urls) => Object.values(urls))].map((url) =>
      Number(new URL(url).port),
    );
    expect(ports).toEqual(Array.from({ length: 11 }, (_, index) => base + index));
    await other.stop();
  });
});
