import { afterEach, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import type { Clock } from "../../ports/clock.ts";
import type { AccountNews } from "../../ports/trading-venue.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { runsOf } from "../../testing/runs.ts";
import { systemClock } from "../clock.ts";
import { followAccount, type StreamDialect, turnsOf } from "./account-stream.ts";
import { readBinance } from "./binance/stream.ts";
import { bybitStream, readBybit } from "./bybit/stream.ts";
import { krwStream, readKrw } from "./krw-stream.ts";

const KEY = { apiKey: "key-of-a-test", secret: "secret-of-a-test" };

test("each venue's messages are read as news, and nothing else is", () => {
  const krw = (message: object) => readKrw(JSON.stringify(message), "identifier");
  expect(krw({ type: "myOrder", code: "KRW-BTC", identifier: "sx-1" })).toEqual([
    { kind: "order", clientOrderId: "sx-1" },
  ]);
  expect(krw({ type: "myOrder", code: "KRW-BTC" })).toEqual([{ kind: "order", clientOrderId: undefined }]);
  expect(krw({ type: "myAsset", assets: [] })).toEqual([{ kind: "account" }]);
  expect(krw({ error: { name: "INVALID_AUTH", message: "..." } })).toEqual([
    { kind: "refused", why: "INVALID_AUTH" },
  ]);
  expect(krw({ status: "UP" })).toEqual([]);
  const bybit = (message: object) => readBybit(JSON.stringify(message));
  expect(bybit({ op: "auth", success: false, ret_msg: "key-of-a-test" })).toEqual([
    { kind: "refused", why: "auth" },
  ]);
  expect(bybit({ op: "subscribe", success: true })).toEqual([{ kind: "connected" }]);
  expect(bybit({ topic: "order", data: [{ orderLinkId: "a" }, { orderLinkId: "" }, null] })).toEqual([
    { kind: "order", clientOrderId: "a" },
    { kind: "order", clientOrderId: undefined },
    { kind: "order", clientOrderId: undefined },
  ]);
  expect(bybit({ topic: "position.linear", data: [{}] })).toEqual([{ kind: "account" }]);
  expect(bybit({ success: true, ret_msg: "pong", op: "ping" })).toEqual([]);
  const binance = (message: object) => readBinance(JSON.stringify(message));
  expect(binance({ e: "ORDER_TRADE_UPDATE", o: { c: "autoclose-1" } })).toEqual([
    { kind: "order", clientOrderId: "autoclose-1" },
  ]);
  expect(binance({ e: "ACCOUNT_UPDATE", a: { m: "ORDER" } })).toEqual([]);
  expect(binance({ e: "ACCOUNT_UPDATE", a: { m: "INSURANCE_CLEAR" } })).toEqual([{ kind: "account" }]);
  expect(binance({ e: "listenKeyExpired" })[0]?.kind).toBe("refused");
});

test("whatever arrives, reading it never throws", () => {
  const read = (text: string) => {
    for (const read of [(of: string) => readKrw(of, "client_order_id"), readBybit, readBinance]) {
      for (const event of read(text)) expect(event.kind).toBeString();
    }
  };
  const names = ["type", "error", "topic", "data", "op", "success", "e", "o", "a", "c", "m", "orderLinkId"];
  const words = ["myOrder", "order", "auth", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"];
  const known = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.constantFrom(...words), fc.jsonValue({ maxDepth: 3 })),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        known.map((of) => JSON.stringify(of)),
      ),
      read,
    ),
    {
      numRuns: runsOf(2_000, 100_000),
    },
  );
});

/** A venue of one's own: what it was told, and what it does with a connection. */
class Venue {
  readonly heard: string[] = [];
  readonly authorizations: (string | null)[] = [];
  refuses = false;
  #sockets: Bun.ServerWebSocket<undefined>[] = [];
  #waiting: (() => void)[] = [];
  readonly server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => {
      if (this.refuses) return new Response("no", { status: 429 });
      this.authorizations.push(request.headers.get("authorization"));
      return server.upgrade(request, { data: undefined }) ? undefined : new Response("", { status: 400 });
    },
    websocket: {
      open: (socket) => void this.#sockets.push(socket),
      message: (_, text) => {
        this.heard.push(String(text));
        this.#wake();
      },
    },
  });

  get url(): string {
    return `ws://127.0.0.1:${this.server.port}/private`;
  }

  say(message: object): void {
    this.#sockets.at(-1)!.sendBinary(new TextEncoder().encode(JSON.stringify(message)));
  }

  cut(): void {
    for (const socket of this.#sockets.splice(0)) socket.terminate();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** For `until`, where the client's side changes. */
  readonly onNews = (): void => this.#wake();
}

let venue: Venue;
beforeEach(() => {
  venue = new Venue();
});
afterEach(() => venue.server.stop(true));

/** Waits for the next connection, and nothing else, would take a second. */
const hurried: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  sleep: (lengthMs, signal) => systemClock.sleep(lengthMs / 50, signal),
};

function follow(dialect: StreamDialect) {
  const news: AccountNews["kind"][] = [];
  const log = new RecordingLog();
  const stop = new AbortController();
  const parts = { venue: "upbit", clock: hurried, log, dialect, turn: async () => undefined } as const;
  const ended = followAccount(
    parts,
    ({ kind }) => {
      news.push(kind);
      venue.onNews();
    },
    stop.signal,
  );
  return { news, log, stop, ended };
}

test("Upbit's handshake carries the token, and a cut connection is made again", async () => {
  const dialect = krwStream({
    ...{ url: venue.url, key: KEY, algorithm: "HS512", nowMs: undefined, idName: "identifier" },
  });
  const { news, stop, ended } = follow(dialect);
  await venue.until(() => venue.heard.length === 1);
  expect(JSON.parse(venue.heard[0]!).slice(1)).toEqual([{ type: "myOrder" }, { type: "myAsset" }]);
  venue.say({ type: "myAsset" });
  await venue.until(() => news.includes("account"));
  venue.cut();
  await venue.until(() => venue.heard.length === 2);
  expect(news).toEqual(["connected", "account", "lost", "connected"]);
  const [first, second] = venue.authorizations;
  expect(first).toStartWith("Bearer ");
  // A repeated nonce is refused.
  expect(second).not.toBe(first!);
  stop.abort();
  await ended;
});

test("Bybit is subscribed to once it has taken the signature", async () => {
  const { news, stop, ended } = follow(bybitStream({ url: venue.url, key: KEY, nowMs: () => 1_000 }));
  await venue.until(() => venue.heard.length === 1);
  const { op, args } = JSON.parse(venue.heard[0]!);
  expect([op, args[0], args[1]]).toEqual(["auth", KEY.apiKey, 11_000]);
  const hash = new Bun.CryptoHasher("sha256", KEY.secret).update("GET/realtime11000").digest("hex");
  expect(args[2]).toBe(hash);
  venue.say({ op: "auth", success: true });
  await venue.until(() => venue.heard.length === 2);
  expect(JSON.parse(venue.heard[1]!)).toEqual({ op: "subscribe", args: ["order", "position"] });
  expect(news).toEqual([]);
  venue.say({ op: "subscribe", success: true });
  await venue.until(() => news.length === 1);
  stop.abort();
  await ended;
  expect(news).toEqual(["connected", "lost"]);
});

test("what is logged of a refused connection holds its status, and neither address nor key", async () => {
  venue.refuses = true;
  const secret = "listen-key-of-a-test";
  const { log, stop, ended, news } = follow({
    dial: async () => ({ url: `${venue.url}/${secret}` }),
    hello: () => [],
    read: () => [],
  });
  await log.heard("an account's stream ended", 2);
  stop.abort();
  await ended;
  expect(news.every((kind) => kind === "lost")).toBe(true);
  const said = JSON.stringify(log.lines);
  expect(said).toContain("429");
  expect(said).not.toContain(secret);
});

test("connections to one venue follow one another, however many are wanted at once", async () => {
  const clock = new ManualClock();
  const turn = turnsOf(clock);
  const begunMs = clock.monotonicMs();
  const atMs: number[] = [];
  const { signal } = new AbortController();
  for (let count = 0; count < 4; count++)
    void turn(signal).then(() => atMs.push(clock.monotonicMs() - begunMs));
  await clock.advance(5_000);
  expect(atMs).toEqual([0, 750, 1_500, 2_250]);
});
