// Turns whatever the drivers throw into a StoreFault. One table decides what is passing; all else is a defect.

import { DrizzleQueryError } from "drizzle-orm";
import { StoreFault } from "../../domain/store-fault.ts";

/** The connection broke or could not be made: the same work may be tried again on another one. */
const LINK_CODES = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "57P01", // admin_shutdown
  "57P02", // crash_shutdown
  "25P03", // idle_in_transaction_session_timeout: frozen inside a transaction
  "57P03", // cannot_connect_now: starting up, recovering
  "25006", // read_only_sql_transaction: a standby, until the failover is through
]);

/** Lost against other work: the same transaction may be tried again. */
const RACE_CODES = new Set(["40001", "40P01"]);

/** Passing, but trying again at once would only add to the load. */
const BUSY_CODES = new Set(["57014", "55P03"]); // query_canceled (statement_timeout), lock_not_available

export const DEADLINE_CODE = "DEADLINE";

export function isLinkCode(code: string): boolean {
  return LINK_CODES.has(code) || code.startsWith("08");
}

export function isRepeatableAtOnce(code: string): boolean {
  return isLinkCode(code) || RACE_CODES.has(code);
}

/** `operation` says what was attempted. The innermost cause that bears a code decides. */
export function toStoreFault(operation: string, given: unknown): StoreFault {
  if (given instanceof StoreFault) return given;
  const error = withoutParameters(given);
  const { code, message } = innermost(error);
  const passing =
    isRepeatableAtOnce(code) || BUSY_CODES.has(code) || code === DEADLINE_CODE || code.startsWith("53");
  return new StoreFault(passing ? "passing" : "defect", code, `${operation}: ${message}`, { cause: error });
}

/** The query builder says every parameter in its words: tokens, hashes, ciphertexts. Faults are logged. */
function withoutParameters(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return error;
  return new Error(`Failed query: ${error.query}`, { cause: error.cause });
}

const CAUSE_DEPTH_MAX = 5;

function innermost(error: unknown): { code: string; message: string } {
  let code = "";
  let message = String(error);
  let current = error;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && current instanceof Error; depth++) {
    message = current.message;
    const own = (current as { code?: unknown }).code;
    if (typeof own === "string") code = own;
    current = current.cause;
  }
  return { code, message: code === "" ? message : `${message} (${code})` };
}
