// Bybit's private stream: anybody may connect, who it is is said by `auth` over the connection, topics are subscribed
// one by one. Refusals are answers with "success": false; the connection stays.

import { createHmac } from "node:crypto";
import type { AccountEvent } from "./account-events.ts";
import { type KeyProblem, keyProblem, type SimUser } from "./accounts.ts";
import { rowsOf, TOPICS, type Topic } from "./bybit-stream-rows.ts";
import { IdMaker } from "./orders.ts";
import { type StreamPipe, type StreamRules, type StreamSession, upgradeReply } from "./stream-types.ts";
import type { SimListing } from "./types.ts";
import type { Route, RouteContext, VenueEnvironment, WireRequest } from "./wire.ts";

const IDLE_MS = 600_000;
const KEY_WORDS: Readonly<Record<KeyProblem, string>> = {
  revoked: "API key is invalid.",
  expired: "Your api key has expired.",
  address: "Unmatched IP, please check your API key's bound IP addresses.",
  permission: "Permission denied, please check your API key permissions.",
};

export function bybitStreamRoute(environment: VenueEnvironment): [string, Route] {
  const connections = new IdMaker("bybit connections");
  const answer = (context: RouteContext) =>
    upgradeReply(context, {
      venue: "bybit",
      binary: false,
      messageLimits: [],
      idle: { ms: IDLE_MS, eitherWay: true },
      open: (pipe) => {
        const connId = connections.uuid(connections.sequence());
        return new BybitStream({ environment, request: context.request, pipe, connId });
      },
    } satisfies StreamRules);
  return ["GET /v5/private", { group: "websocket-connect", stream: true, answer }];
}

interface BybitStreamParts {
  readonly environment: VenueEnvironment;
  readonly request: WireRequest;
  readonly pipe: StreamPipe;
  readonly connId: string;
}

interface Asked {
  readonly req_id?: unknown;
  readonly op?: unknown;
  readonly args?: unknown;
}

class BybitStream implements StreamSession {
  private readonly parts: BybitStreamParts;
  private readonly ids: IdMaker;
  /** As subscribed ("order" or "order.linear"), by topic. */
  private readonly topics = new Map<Topic, string>();
  private signedIn = false;

  constructor(parts: BybitStreamParts) {
    this.parts = parts;
    this.ids = new IdMaker(`bybit messages ${parts.connId}`);
  }

  hear(text: string): void {
    const asked = readJson(text);
    const args = Array.isArray(asked?.args) ? asked.args.map(String) : [];
    switch (asked?.op) {
      case "ping": {
        const pong = { op: "pong", args: [String(this.nowMs())], conn_id: this.parts.connId };
        this.parts.pipe.reply(JSON.stringify({ ...reqIdOf(asked), ...pong }));
        break;
      }
      case "auth":
        this.answer(asked, this.signIn(args));
        break;
      case "subscribe":
        this.answer(asked, this.subscribe(args));
        break;
      case "unsubscribe":
        for (const [topic, name] of this.topics) if (args.includes(name)) this.topics.delete(topic);
        this.answer(asked, undefined);
        break;
      default:
        this.answer(asked ?? {}, "error:invalid op");
    }
  }

  happened(event: AccountEvent, { bybit }: SimUser): void {
    const { environment, pipe } = this.parts;
    const listingOf = (symbol: string): SimListing | undefined =>
      environment.listings.at("bybit", event.atMs).get(symbol);
    const about = "order" in event ? event.order : undefined;
    for (const [topic, row] of rowsOf(event, bybit, listingOf)) {
      const name = this.topics.get(topic);
      if (name === undefined) continue;
      const id = this.ids.uuid(this.ids.sequence());
      pipe.tell(JSON.stringify({ id, topic: name, creationTime: event.atMs, data: [row] }), about);
    }
  }

  /** What is wrong with it; undefined: nothing. */
  private signIn([apiKey = "", expires = "", signature = ""]: readonly string[]): string | undefined {
    const { environment, request, pipe } = this.parts;
    const nowMs = this.nowMs();
    if (!(Number(expires) > nowMs)) return "Params Error";
    const user = environment.accounts.find(apiKey);
    if (user === undefined) return KEY_WORDS.revoked;
    const expected = createHmac("sha256", user.secret).update(`GET/realtime${expires}`).digest("hex");
    if (expected !== signature) return "Error sign, please check your signature generation algorithm.";
    const problem = keyProblem(user.keys.bybit, { source: request.source, trades: false, nowMs });
    if (problem !== undefined) return KEY_WORDS[problem];
    this.signedIn = true;
    pipe.watch(user);
    return undefined;
  }

  /** One unknown topic fails the whole request. */
  private subscribe(args: readonly string[]): string | undefined {
    if (!this.signedIn) return "Request not authorized";
    const found = args.map((name) => ({ name, topic: TOPICS.find((topic) => isTopic(name, topic)) }));
    const unknown = found.find(({ topic }) => topic === undefined);
    if (unknown !== undefined) return `error:handler not found,topic:${unknown.name}`;
    for (const { name, topic } of found) this.topics.set(topic!, name);
    return undefined;
  }

  private answer(asked: Asked, wrong: string | undefined): void {
    const { connId, pipe } = this.parts;
    const outcome = { success: wrong === undefined, ret_msg: wrong ?? "" };
    pipe.reply(JSON.stringify({ ...reqIdOf(asked), ...outcome, op: asked.op ?? "", conn_id: connId }));
  }

  private nowMs(): number {
    return this.parts.environment.nowMs();
  }
}

function reqIdOf({ req_id }: Asked): object {
  return typeof req_id === "string" ? { req_id } : {};
}

function isTopic(name: string, topic: Topic): boolean {
  return name === topic || (name === `${topic}.linear` && topic !== "wallet");
}

function readJson(text: string): Asked | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
