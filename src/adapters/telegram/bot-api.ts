// Telegram's Bot API, as far as we use it: POST {address}/bot{token}/sendMessage.
// https://core.telegram.org/bots/api#making-requests (answers: ok, description, error_code, parameters)
//
// The URL holds the token, and errors of fetch may hold the URL: no error leaves this file, only words of ours and the
// server's description with the token taken out. Never rejects.

const BODY_BYTES_MAX = 64 * 1024;
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

export interface BotApi {
  sendMessage(chatId: string, text: string, signal: AbortSignal): Promise<SendOutcome>;
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

  return {
    async sendMessage(chatId, text, signal) {
      // A timer of its own, ended with the request: AbortSignal.timeout keeps each signal until its time has come.
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), timeoutMs);
      const stop = () => deadline.abort();
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      try {
        const response = await fetch(`${apiUrl}/bot${token}/sendMessage`, {
          method: "POST",
          redirect: "manual",
          signal: deadline.signal,
          headers: { "content-type": "application/json", "user-agent": "SchedulerX" },
          body: JSON.stringify({
            chat_id: chatId,
            text: shortened(text),
            link_preview_options: { is_disabled: true },
          }),
        });
        return judge(response.status, answerOf(await textOf(response)), hidden);
      } catch {
        return { kind: "failed", why: deadline.signal.aborted ? "no answer in time" : "network" };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      }
    },
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
  const { ok, description, parameters } = (raw ?? {}) as Record<string, unknown>;
  const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = (parameters ?? {}) as Record<
    string,
    unknown
  >;
  return {
    ok: ok === true,
    description: typeof description === "string" ? description : "",
    retryAfterS: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined,
    movedTo: typeof movedTo === "number" || typeof movedTo === "string" ? String(movedTo) : undefined,
  };
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
