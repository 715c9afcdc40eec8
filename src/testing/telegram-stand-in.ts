// A local server that answers like Telegram's Bot API, as far as a sender of messages sees it. Written from the public
// description (https://core.telegram.org/bots/api, https://core.telegram.org/bots/faq), not from our adapter.
// It keeps every message it has delivered, and counts every request, also those it refused.
//
// Known differences: one process, updates are messages only and are kept until they are confirmed, a webhook is only
// something that is there or not, limits per second only, and they are strict.

/** lost-answer: the message is delivered, but nobody hears of it. */
export type TelegramTrouble = "none" | "internal-error" | "bad-gateway" | "garbage" | "hang" | "lost-answer";

/** A number: the supergroup this group has become. */
export type TelegramChat = "open" | "blocked" | "kicked" | { readonly movedTo: number };

export interface TelegramStandInOptions {
  readonly token: string;
  /** By id; any other is not found. */
  readonly chats: Readonly<Record<string, TelegramChat>>;
  /** More to one chat within a second get a 429, and so does everything to it until `retry_after` is over. */
  readonly perChatPerSecond?: number;
  /** The same for all chats together. */
  readonly perSecond?: number;
  readonly retryAfterS?: number;
  /** Whose seconds the limits count, so that a test's time may run faster. */
  readonly nowMs: () => number;
  /** Real time that a second of a long poll takes. */
  readonly pollSecondMs?: number;
}

/** A message somebody sends to the bot. */
export interface MessageToBot {
  readonly chatId: number;
  readonly text?: string;
  readonly type?: "private" | "group" | "supergroup";
  readonly username?: string;
}

export interface DeliveredMessage {
  readonly chatId: string;
  readonly text: string;
  readonly atMs: number;
}

export interface TelegramStandIn {
  readonly url: string;
  readonly messages: readonly DeliveredMessage[];
  /** By status, and "none" for those left without an answer. */
  readonly requests: Readonly<Record<string, number>>;
  readonly chats: Map<string, TelegramChat>;
  trouble: TelegramTrouble;
  /** Somebody has set one: nobody can ask for updates. */
  webhook: boolean;
  /** Long polls under way. */
  readonly polling: number;
  say(message: MessageToBot): void;
  /** Makes a chat wait as if too much had been sent to it. */
  hold(chatId: string, lengthS: number): void;
  /** Resolves once this many messages in all have been delivered. */
  delivered(count: number): Promise<void>;
  /** Resolves once this many requests in all have come, answered or not. */
  asked(count: number): Promise<void>;
  stop(): Promise<void>;
}

const TEXT_MAX = 4_096;

interface Counter {
  readonly atMs: number[];
  heldUntilMs: number;
}

export function startTelegramStandIn(options: TelegramStandInOptions): TelegramStandIn {
  const { token, nowMs, perChatPerSecond = 1, perSecond = 30, retryAfterS = 1 } = options;
  const chats = new Map(Object.entries(options.chats));
  const counters = new Map<string, Counter>();
  const messages: DeliveredMessage[] = [];
  const requests: Record<string, number> = {};
  const waiters = new Set<() => void>();

  const changed = () => {
    for (const wake of [...waiters]) wake();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiters.delete(wake);
          resolve();
        };
        waiters.add(wake);
      });
    }
  };
  const count = (status: string): void => {
    requests[status] = (requests[status] ?? 0) + 1;
    changed();
  };

  function counterOf(name: string): Counter {
    const counter = counters.get(name) ?? { atMs: [], heldUntilMs: 0 };
    counters.set(name, counter);
    return counter;
  }

  /** Seconds to wait, or undefined when this one may pass; those that pass are counted. */
  function waitS(name: string, max: number): number | undefined {
    const counter = counterOf(name);
    const now = nowMs();
    if (counter.heldUntilMs > now) return Math.ceil((counter.heldUntilMs - now) / 1_000);
    while (counter.atMs.length > 0 && counter.atMs[0]! <= now - 1_000) counter.atMs.shift();
    if (counter.atMs.length >= max) {
      counter.heldUntilMs = now + retryAfterS * 1_000;
      return retryAfterS;
    }
    counter.atMs.push(now);
    return undefined;
  }

  function sendMessage(fields: Record<string, unknown>): Response {
    const chatId = String(fields.chat_id ?? "");
    const text = String(fields.text ?? "");
    const chat = chats.get(chatId);
    if (chatId === "") return refusal(400, "Bad Request: chat_id is empty");
    if (chat === undefined) return refusal(400, "Bad Request: chat not found");
    if (chat === "blocked") return refusal(403, "Forbidden: bot was blocked by the user");
    if (chat === "kicked") return refusal(403, "Forbidden: bot was kicked from the group chat");
    if (typeof chat === "object") {
      return refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", {
        migrate_to_chat_id: chat.movedTo,
      });
    }
    if (text.trim() === "") return refusal(400, "Bad Request: message text is empty");
    if (text.length > TEXT_MAX) return refusal(400, "Bad Request: message is too long");
    const wait = waitS(`chat ${chatId}`, perChatPerSecond) ?? waitS("bot", perSecond);
    if (wait !== undefined) {
      return refusal(429, `Too Many Requests: retry after ${wait}`, { retry_after: wait });
    }
    messages.push({ chatId, text, atMs: nowMs() });
    return Response.json({
      ok: true,
      result: {
        message_id: messages.length,
        from: { id: 1, is_bot: true, first_name: "Stand-in", username: "stand_in_bot" },
        chat: { id: Number(chatId), type: chatId.startsWith("-") ? "group" : "private" },
        date: Math.floor(nowMs() / 1_000),
        text,
      },
    });
  }

  const updates: Record<string, unknown>[] = [];
  let updateId = 700_000_000;
  /** Ends the long poll under way. */
  let endPoll: ((why: "update" | "another" | "stop") => void) | undefined;

  function say({ chatId, text, type = "private", username }: MessageToBot): void {
    const date = Math.floor(nowMs() / 1_000);
    const from = { id: chatId, is_bot: false, first_name: "Somebody", ...(username && { username }) };
    updates.push({
      update_id: ++updateId,
      message: {
        message_id: updateId,
        from,
        chat: { ...from, id: chatId, type },
        date,
        ...(text && { text }),
      },
    });
    endPoll?.("update");
  }

  // https://core.telegram.org/bots/api#getupdates
  async function getUpdates(fields: Record<string, unknown>): Promise<Response> {
    const conflict = (why: string) => refusal(409, `Conflict: ${why}`);
    if (standIn.webhook) {
      return conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    // The one that came first is ended.
    endPoll?.("another");
    const offset = Number(fields.offset ?? 0);
    const limit = Math.min(100, Math.max(1, Number(fields.limit ?? 100)));
    const timeoutS = Number(fields.timeout ?? 0);
    if (offset < 0) updates.splice(0, Math.max(0, updates.length + offset));
    else if (offset > 0) {
      while (updates[0] && Number(updates[0].update_id) < offset) updates.shift();
    }
    if (updates.length === 0 && timeoutS > 0) {
      const ended = Promise.withResolvers<"update" | "another" | "stop" | "timeout">();
      const own = ended.resolve;
      endPoll = own;
      changed();
      const timer = setTimeout(() => ended.resolve("timeout"), timeoutS * (options.pollSecondMs ?? 1_000));
      const why = await ended.promise;
      clearTimeout(timer);
      if (endPoll === own) endPoll = undefined;
      if (why === "another") {
        return conflict(
          "terminated by other getUpdates request; make sure that only one bot instance is running",
        );
      }
    }
    return Response.json({ ok: true, result: updates.slice(0, limit) });
  }

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const [, given, method] = /^\/bot([^/]*)\/(\w+)$/.exec(pathname) ?? [];
    if (given === undefined) return refusal(404, "Not Found");
    if (given !== token)
      return /^\d+:/.test(given) ? refusal(401, "Unauthorized") : refusal(404, "Not Found");
    switch (method?.toLowerCase()) {
      case "getme":
        return Response.json({
          ok: true,
          result: { id: 1, is_bot: true, first_name: "Stand-in", username: "stand_in_bot" },
        });
      case "getupdates":
        return await getUpdates(await fieldsOf(request));
      case "sendmessage":
        return sendMessage(await fieldsOf(request));
      default:
        return refusal(404, "Not Found: method not found");
    }
  }

  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      switch (standIn.trouble) {
        case "hang":
        case "lost-answer":
          if (standIn.trouble === "lost-answer") await answer(request);
          count("none");
          return new Promise<Response>(() => {});
        case "internal-error":
          count("500");
          return refusal(500, "Internal Server Error");
        case "bad-gateway":
          count("502");
          return new Response("<html><h1>502 Bad Gateway</h1></html>", { status: 502 });
        case "garbage":
          count("200");
          return new Response("<html>welcome</html>");
      }
      const response = await answer(request);
      count(String(response.status));
      return response;
    },
  });

  const standIn: TelegramStandIn = {
    url: `http://127.0.0.1:${server.port}`,
    messages,
    requests,
    chats,
    trouble: "none",
    webhook: false,
    get polling() {
      return endPoll ? 1 : 0;
    },
    say,
    hold(chatId, lengthS) {
      counterOf(`chat ${chatId}`).heldUntilMs = nowMs() + lengthS * 1_000;
    },
    delivered: (wanted) => until(() => messages.length >= wanted),
    asked: (wanted) => until(() => Object.values(requests).reduce((sum, each) => sum + each, 0) >= wanted),
    stop: () => {
      endPoll?.("stop");
      return server.stop(true);
    },
  };
  return standIn;
}

function refusal(status: number, description: string, parameters?: Record<string, number>): Response {
  return Response.json(
    { ok: false, error_code: status, description, ...(parameters && { parameters }) },
    { status },
  );
}

/** The API takes JSON, a form, or the query. */
async function fieldsOf(request: Request): Promise<Record<string, unknown>> {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST") return query;
  if (type.startsWith("application/json")) {
    const body: unknown = await request.json().catch(() => undefined);
    return { ...query, ...(typeof body === "object" && body !== null ? body : {}) };
  }
  return { ...query, ...Object.fromEntries((await request.formData()).entries()) };
}
