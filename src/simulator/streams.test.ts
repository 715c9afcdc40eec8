// Private streams over real sockets: who may listen, what he is told of, and what faults do to it.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Simulator, startSimulator } from "./server.ts";
import { standInMarket } from "./stand-in-market.ts";
import { bybitAuth, connect, listen, listenKeyOf, type Message, type TestStream } from "./stream-testing.ts";
import { bearer, KEY, type Params, signed } from "./wire-harness.ts";

const VENUES = ["upbit", "bithumb", "bybit", "binance"] as const;
type Venue = (typeof VENUES)[number];
const { apiKey } = KEY;

let simulator: Simulator;
const streams: TestStream[] = [];
beforeAll(async () => {
  simulator = await startSimulator({ seed: 7, market: standInMarket() });
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
  simulator.control.clearFaults();
  simulator.control.resetLimits();
});
afterAll(() => simulator.stop());

const kept = <Stream extends TestStream>(stream: Stream): Stream => {
  streams.push(stream);
  return stream;
};
const listenTo = async (venue: Venue) => kept(await listen(simulator, venue));

async function call(venue: Venue, route: string, params: Params): Promise<Message> {
  const { target, ...sent } = signed(venue, route, params, { key: KEY, nowMs: Date.now() });
  return (await fetch(simulator.urls[0]![venue] + target, sent as RequestInit)).json();
}

/** Crosses the book; the perpetual venues go short. */
function order(venue: Venue, clientId: string): Promise<Message> {
  const perp = { symbol: "BTCUSDT" };
  switch (venue) {
    case "upbit": {
      const buy = { market: "KRW-BTC", side: "bid", ord_type: "price", price: "100000" };
      return call(venue, "POST /v1/orders", { ...buy, identifier: clientId });
    }
    case "bithumb": {
      const buy = { market: "KRW-BTC", side: "bid", order_type: "price", price: "100000" };
      return call(venue, "POST /v2/orders", { ...buy, client_order_id: clientId });
    }
    case "bybit": {
      const sell = { category: "linear", ...perp, side: "Sell", orderType: "Market", qty: "0.01" };
      return call(venue, "POST /v5/order/create", { ...sell, orderLinkId: clientId });
    }
    case "binance": {
      const sell = { ...perp, side: "SELL", type: "MARKET", quantity: "0.01" };
      return call(venue, "POST /fapi/v1/order", { ...sell, newClientOrderId: clientId });
    }
  }
}

/** What an order's message says, in words of our own. */
function saidOf(message: Message): { id: string; state: string } | undefined {
  if (message.type === "myOrder") {
    return { id: message.identifier ?? message.client_order_id, state: message.state };
  }
  if (message.topic === "order") {
    return { id: message.data[0].orderLinkId, state: message.data[0].orderStatus };
  }
  return message.e === "ORDER_TRADE_UPDATE" ? { id: message.o.c, state: message.o.X } : undefined;
}

const END: Readonly<Record<Venue, string>> = {
  upbit: "cancel",
  bithumb: "done",
  bybit: "Filled",
  binance: "FILLED",
};
const ended = (stream: TestStream, venue: Venue, id: string) =>
  stream.find((message) => saidOf(message)?.id === id && saidOf(message)?.state === END[venue]);

/** Everything sent before has come when this returns. */
async function settled(stream: TestStream, venue: Venue): Promise<void> {
  const mark = String(stream.messages.length);
  if (venue === "bybit") {
    stream.send({ op: "ping", req_id: mark });
    await stream.find(({ req_id }) => req_id === mark);
  } else if (venue === "binance") {
    stream.send({ method: "SUBSCRIBE", params: [], id: mark });
    await stream.find(({ id }) => id === mark);
  } else {
    const before = stream.messages.filter(({ status }) => status === "UP").length;
    stream.send("PING");
    await stream.find(() => stream.messages.filter(({ status }) => status === "UP").length > before);
  }
}

describe.each(VENUES)("%s", (venue) => {
  test("tells an order placed over REST from its acceptance to its end, under the client's id", async () => {
    const stream = await listenTo(venue);
    await order(venue, `told-${venue}`);
    await ended(stream, venue, `told-${venue}`);
    const states = stream.messages.flatMap((message) => saidOf(message)?.state ?? []);
    expect(states).toEqual(
      {
        upbit: ["wait", "trade", "cancel"],
        bithumb: ["wait", "trade", "done"],
        bybit: ["New", "Filled"],
        binance: ["NEW", "FILLED"],
      }[venue],
    );
  });

  test("cut: the connection is gone without a word, and the next one works", async () => {
    const stream = await listenTo(venue);
    const answer = await fetch(`${simulator.controlUrl}/streams/cut`, {
      method: "POST",
      body: JSON.stringify({ venue }),
    });
    expect(await answer.json()).toEqual({ cut: 1 });
    expect(await stream.closed).toBe(1006);
    expect(simulator.control.streams()).toEqual([]);
    const again = await listenTo(venue);
    await order(venue, `cut-${venue}`);
    await ended(again, venue, `cut-${venue}`);
    expect(simulator.control.streams()).toMatchObject([{ venue, apiKey, source: "127.0.0.1#0" }]);
  });

  test("silent: connected, answering, and telling nothing until it ends", async () => {
    const stream = await listenTo(venue);
    const { id } = simulator.control.setFault({ kind: "stream-silent", venue });
    await order(venue, `silent-${venue}`);
    await settled(stream, venue);
    expect(stream.messages.map(saidOf).filter(Boolean)).toEqual([]);
    simulator.control.clearFaults(id);
    await order(venue, `loud-${venue}`);
    await ended(stream, venue, `loud-${venue}`);
  });

  test("duplicate: every message comes twice", async () => {
    const stream = await listenTo(venue);
    simulator.control.setFault({ kind: "stream-duplicate", venue });
    await order(venue, `twice-${venue}`);
    await ended(stream, venue, `twice-${venue}`);
    await settled(stream, venue);
    const texts = stream.messages.filter(saidOf).map((message) => JSON.stringify(message));
    expect(texts.length).toBe(2 * new Set(texts).size);
  });

  test("refused: the handshake is answered in the venue's words for a 5xx", async () => {
    simulator.control.setFault({ kind: "stream-refused", venue, count: 1 });
    await expect(listen(simulator, venue)).rejects.toThrow("was closed with");
    await listenTo(venue);
  });
});

describe("who may listen", () => {
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const handshake = (url: string, headers: Record<string, string>) =>
    fetch(url, { headers: { ...upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", ...headers } });

  test.each([
    ["upbit", "/websocket/v1/private"],
    ["bithumb", "/websocket/v2/private"],
  ] as const)("%s checks the token as REST does and refuses with 401", async (venue, path) => {
    const url = simulator.urls[0]![venue] + path;
    const claims = venue === "bithumb" ? { timestamp: Date.now() } : {};
    const nameOf = async (headers: Record<string, string>) => {
      const answer = await handshake(url, headers);
      return [answer.status, ((await answer.json()) as { error: { name: string } }).error.name];
    };
    expect(await nameOf(bearer(claims, "not the secret"))).toEqual([401, "jwt_verification"]);
    expect(await nameOf({})).toEqual([401, "no_authorization_token"]);
    const token = bearer(claims);
    kept(await connect(simulator.streamUrls[0]![venue] + path, token));
    expect(await nameOf(token)).toEqual([401, "nonce_used"]);
    if (venue === "bithumb") expect(await nameOf(bearer())).toEqual([401, "jwt_verification"]);
    expect((await fetch(url, { headers: bearer(claims) })).status).toBe(426);
  });

  test("bybit: whoever is not signed in, or by a wrong signature, is told nothing", async () => {
    const stream = kept(await connect(`${simulator.streamUrls[0]!.bybit}/v5/private`));
    const subscribe = { op: "subscribe", args: ["order", "execution"], req_id: "early" };
    stream.send(subscribe);
    expect(await stream.find(({ req_id }) => req_id === "early")).toMatchObject({ success: false });
    stream.send({ ...bybitAuth(Date.now(), { apiKey, secret: "not the secret" }), req_id: "wrong" });
    expect(await stream.find(({ req_id }) => req_id === "wrong")).toMatchObject({
      success: false,
      op: "auth",
    });
    stream.send({ ...bybitAuth(Date.now() - 20_000), req_id: "late" });
    expect(await stream.find(({ req_id }) => req_id === "late")).toMatchObject({ ret_msg: "Params Error" });
    stream.send({ ...subscribe, req_id: "still" });
    expect(await stream.find(({ req_id }) => req_id === "still")).toMatchObject({ success: false });
    await order("bybit", "unheard");
    await settled(stream, "bybit");
    expect(stream.messages.filter(({ topic }) => topic !== undefined)).toEqual([]);
    stream.send({ ...bybitAuth(Date.now()), req_id: "right" });
    expect(await stream.find(({ req_id }) => req_id === "right")).toMatchObject({ success: true });
    stream.send({ op: "subscribe", args: ["order", "ordre"], req_id: "typo" });
    const refused = await stream.find(({ req_id }) => req_id === "typo");
    expect(refused.ret_msg).toBe("error:handler not found,topic:ordre");
  });

  test("binance: a key nobody has connects and stays silent; key, path and query all lead there", async () => {
    const base = simulator.streamUrls[0]!.binance;
    const key = await listenKeyOf(simulator);
    expect(await listenKeyOf(simulator, "PUT")).toBe(key);
    const stranger = kept(await connect(`${base}/private/ws/${"0".repeat(64)}`));
    const targets = [`/ws/${key}`, `/private/ws/${key}`, `/private/ws?listenKey=${key}&events=TRADE_LITE`];
    const heard = await Promise.all(targets.map(async (target) => kept(await connect(base + target))));
    const combined = kept(await connect(`${base}/private/stream?streams=${key}`));
    await order("binance", "keys");
    await ended(heard[0]!, "binance", "keys");
    await ended(heard[1]!, "binance", "keys");
    await heard[2]!.find(({ e, c }) => e === "TRADE_LITE" && c === "keys");
    await combined.find(({ stream, data }) => stream === key && data.o?.c === "keys");
    for (const stream of [stranger, heard[2]!]) await settled(stream, "binance");
    expect(stranger.messages.filter(({ e }) => e)).toEqual([]);
    expect(heard[2]!.messages.filter(({ e }) => e).map(({ e }) => e)).toEqual(["TRADE_LITE"]);
  });

  test("Upbit takes five connections a second and account, Bithumb ten a second and address", async () => {
    const paths = { upbit: "/websocket/v1/private", bithumb: "/websocket/v2/private" } as const;
    for (const [venue, limit] of [["upbit", 5] as const, ["bithumb", 10] as const]) {
      const url = simulator.urls[0]![venue] + paths[venue];
      const claims = venue === "bithumb" ? { timestamp: Date.now() } : {};
      const attempts = Array.from({ length: limit + 1 }, () => handshake(url, bearer(claims)));
      const statuses = (await Promise.all(attempts)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 429)).toHaveLength(1);
      // Requests have budgets of their own.
      expect(await call(venue, "GET /v1/accounts", {})).toBeArray();
    }
    simulator.control.cutStreams();
  });
});
