// Telegram's Bot API, as far as we use it: POST {address}/bot{token}/sendMessage and /getUpdates.
// https://core.telegram.org/bots/api#making-requests (answers: ok, result, description, error_code, parameters)
//
// The URL holds the token, and errors of fetch may hold the URL: no error leaves this file, only words of ours and the
// server's description with the token taken out. Never rejects.

import * as v from "valibot";

const BODY_BYTES_MAX = 1024 * 1024;
/** So many that their answer stays far below that. */
const UPDATES_MAX = 20;
const TEXT_MAX = 4_096;
const DESCRIPTION_MAX = 200;
/** A 429 that does not say how long. */
const WAIT_MS_DEFAULT = 5_000;

export type SendOutcome =
  | { readonly kind: "sent" }
  /** Too many messages: none to this chat for so long. */
  | { readonly kind: "wait"; readonly forMs: number }
  /** The group has become a supergroup with another id. */
  | { readonly kind: "moved"; readonly chatId: string }
  /** Blocked, left, deleted or never there: nothing reaches this chat. */
  | { readonly kind: "chat-gone"; readonly why: string }
  | { readonly kind: "message-refused"; readonly why: string }
  /** The token is wrong or withdrawn. */
  | { readonly kind: "bot-refused"; readonly why: string }
  /** No answer, or one that says nothing about the message; it may have arrived. */
  | { readonly kind: "failed"; readonly why: string };

/** A message to the bot; what a text of ours has no use for is left out. */
export interface BotMessage {
  readonly chatId: string;
  readonly isPrivate: boolean;
  readonly username: string | null;
  readonly text: string;
}

export type UpdatesOutcome =
  /** `message` undefined: something else happened, which is confirmed like the others. */
  | {
      readonly kind: "updates";
      readonly updates: readonly { readonly updateId: number; readonly message: BotMessage | undefined }[];
    }
  /** Somebody else gets this bot's updates: another program that asks for them, or a webhook. */
  | { readonly kind: "conflict"; readonly why: string }
  | Extract<SendOutcome, { kind: "wait" | "bot-refused" | "failed" }>;

export interface BotApi {
  sendMessage(chatId: string, text: string, signal: AbortSignal): Promise<SendOutcome>;
  /** Waits up to `waitS` seconds for messages from this id on; all before it count as read. */
  getUpdates(fromId: number, waitS: number, signal: AbortSignal): Promise<UpdatesOutcome>;
}

export function createBotApi(options: {
  readonly apiUrl: string;
  readonly token: string;
  /** Over the whole request. */
  readonly timeoutMs: number;
}): BotApi {
  const { apiUrl, token, timeoutMs } = options;
  const hidden = (text: string) =>
    text.replaceAll(token, "[hidden]").replaceAll(encodeURIComponent(token), "[hidden]");

  async function call<T>(
    method: string,
    fields: Readonly<Record<string, unknown>>,
    judgeAnswer: (status: number, answer: Answer) => T,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<T | Extract<SendOutcome, { kind: "failed" }>> {
    // A timer of its own, ended with the request: AbortSignal.timeout keeps each signal until its time has come.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), limits.timeoutMs);
    const stop = () => deadline.abort();
    limits.signal.addEventListener("abort", stop, { once: true });
    if (limits.signal.aborted) stop();
    try {
      const response = await fetch(`${apiUrl}/bot${token}/${method}`, {
        method: "POST",
        redirect: "manual",
        signal: deadline.signal,
        headers: { "content-type": "application/json", "user-agent": "SchedulerX" },
        body: JSON.stringify(fields),
      });
      return judgeAnswer(response.status, answerOf(await textOf(response)));
    } catch {
      return { kind: "failed", why: deadline.signal.aborted ? "no answer in time" : "network" };
    } finally {
      clearTimeout(timer);
      limits.signal.removeEventListener("abort", stop);
    }
  }

  return {
    sendMessage: (chatId, text, signal) =>
      call(
        "sendMessage",
        { chat_id: chatId, text: shortened(text), link_preview_options: { is_disabled: true } },
        (status, answer) => judge(status, answer, hidden),
        { timeoutMs, signal },
      ),
    getUpdates: (fromId, waitS, signal) =>
      call(
        "getUpdates",
        { offset: fromId, limit: UPDATES_MAX, timeout: waitS, allowed_updates: ["message"] },
        (status, answer) => judgeUpdates(status, answer, hidden),
        { timeoutMs: timeoutMs + waitS * 1_000, signal },
      ),
  };
}

/** Whole characters up to the limit; longer texts are refused. */
function shortened(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 2).replace(/[\ud800-\udbff]$/, "")}…`;
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) break;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

interface Answer {
  readonly ok: boolean;
  readonly result: unknown;
  readonly description: string;
  readonly retryAfterS: number | undefined;
  readonly movedTo: string | undefined;
}

/** Whatever is not the promised document (a proxy's page) is an answer that says nothing. */
function answerOf(text: string): Answer {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {}
  const { ok, result, description, parameters } = (raw ?? {}) as Record<string, unknown>;
  const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = (parameters ?? {}) as Record<
    string,
    unknown
  >;
  return {
    ok: ok === true,
    result,
    description: typeof description === "string" ? description : "",
    retryAfterS: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined,
    movedTo: typeof movedTo === "number" || typeof movedTo === "string" ? String(movedTo) : undefined,
  };
}

const updateSchema = v.object({
  update_id: v.pipe(v.number(), v.safeInteger()),
  message: v.optional(v.unknown()),
});
const messageSchema = v.object({
  chat: v.object({ id: v.pipe(v.number(), v.safeInteger()), type: v.string() }),
  from: v.optional(v.object({ username: v.optional(v.string()) })),
  text: v.string(),
});

function messageOf(raw: unknown): BotMessage | undefined {
  const parsed = v.safeParse(messageSchema, raw);
  if (!parsed.success) return undefined;
  const { chat, from, text } = parsed.output;
  return {
    chatId: String(chat.id),
    isPrivate: chat.type === "private",
    username: /^\w{1,64}$/.test(from?.username ?? "") ? from!.username! : null,
    text,
  };
}

function judgeUpdates(status: number, answer: Answer, hidden: (text: string) => string): UpdatesOutcome {
  const parsed = v.safeParse(v.array(updateSchema), answer.result);
  if (status === 200 && answer.ok && parsed.success) {
    const updates = parsed.output.map((one) => {
      return { updateId: one.update_id, message: messageOf(one.message) };
    });
    return { kind: "updates", updates };
  }
  const why = hidden(`${status} ${answer.description}`.trim()).slice(0, DESCRIPTION_MAX);
  if (status === 409) return { kind: "conflict", why };
  const outcome = judge(status, answer, hidden);
  return outcome.kind === "wait" || outcome.kind === "bot-refused" ? outcome : { kind: "failed", why };
}

function judge(status: number, answer: Answer, hidden: (text: string) => string): SendOutcome {
  const why = hidden(`${status} ${answer.description}`.trim()).slice(0, DESCRIPTION_MAX);
  if (status === 200 && answer.ok) return { kind: "sent" };
  switch (status) {
    case 429:
      return { kind: "wait", forMs: answer.retryAfterS ? answer.retryAfterS * 1_000 : WAIT_MS_DEFAULT };
    case 401:
    case 404:
      return { kind: "bot-refused", why };
    case 403:
      return { kind: "chat-gone", why };
    case 400:
      if (answer.movedTo) return { kind: "moved", chatId: answer.movedTo };
      // "Bad Request: message is too long" is about this message, "Bad Request: chat not found" about all of them.
      return /^Bad Request: message /i.test(answer.description)
        ? { kind: "message-refused", why }
        : { kind: "chat-gone", why };
    case 413:
      return { kind: "message-refused", why };
    default:
      return { kind: "failed", why };
  }
}
