// Asking the control port with the token the operator typed. The token lives in this tab's storage, never in an address.

import type { Overview } from "../overview.ts";

/** The port answered, and not with what was asked for. */
export class Refusal extends Error {
  override name = "Refusal";
  constructor(
    readonly status: number,
    /** In the port's words. */
    detail: string,
  ) {
    super(detail);
  }
}

export type Method = "GET" | "POST" | "PUT";

const STORAGE_KEY = "schedulerx.operator-token";
const OVERVIEW_MS = 5_000;
/** Longer than a drain waits. */
const ACTION_MS = 70_000;

export class ControlClient {
  #token = storedToken();

  get hasToken(): boolean {
    return this.#token !== "";
  }

  setToken(token: string): void {
    this.#token = token;
    try {
      if (token) sessionStorage.setItem(STORAGE_KEY, token);
      else sessionStorage.removeItem(STORAGE_KEY);
    } catch {
      // Storage closed: the token holds until the page is left.
    }
  }

  /** Rejects with Refusal, or with whatever fetch says when no answer came. */
  overview(): Promise<Overview> {
    return this.#ask({ method: "GET", path: "overview", withinMs: OVERVIEW_MS }) as Promise<Overview>;
  }

  /** The same. */
  act(method: Method, path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#ask({ method, path, body, withinMs: ACTION_MS });
  }

  async #ask({
    method,
    path,
    body,
    withinMs,
  }: {
    method: Method;
    path: string;
    body?: object;
    withinMs: number;
  }): Promise<Readonly<Record<string, unknown>>> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(new URL(path, document.baseURI), {
      ...{ method, headers, cache: "no-store", signal: AbortSignal.timeout(withinMs) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok && isObject(answer)) return answer;
    const detail = isObject(answer) && typeof answer.detail === "string" ? answer.detail : "";
    throw new Refusal(response.status, detail || `HTTP ${response.status}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function storedToken(): string {
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? "";
  } catch {
    return "";
  }
}
