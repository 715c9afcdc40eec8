// What a service tells systemd (Type=notify): that it runs, that its event loop still turns, that it is stopping.
// One datagram each to the unix socket named by NOTIFY_SOCKET (sd_notify(3)). Bun has no unix datagrams, so libc sends
// them: no program is started for it, and the unit may say NotifyAccess=main.

import { dlopen, ptr } from "bun:ffi";
import type { NotifySettings } from "../config.ts";
import type { Log } from "../ports/telemetry.ts";

export interface ServiceManager {
  /** The process runs; from here on the watchdog is fed. */
  ready(): void;
  stopping(): void;
}

// Linux's numbers, the same on x64 and arm64.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2_000_000 | 0o4_000;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sockaddr_un.sun_path), with its closing zero. */
const PATH_BYTES_MAX = 107;
const FAMILY_BYTES = 2;
const LIBC_NAMES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
/** So often within the time after which systemd takes the process for hung. */
const FEEDS_PER_TIMEOUT = 3;

/** Where nobody asked to be told, both calls do nothing. What cannot be told is logged once, and no reason to end. */
export function serviceManagerOf(
  { NOTIFY_SOCKET: socket, WATCHDOG_MS: watchdogMs }: NotifySettings,
  log: Log,
): ServiceManager {
  if (socket === undefined) return { ready: () => {}, stopping: () => {} };
  let failed = false;
  const fail = (cause: string) => {
    if (!failed) log.warn("the service manager cannot be told", { socket, cause });
    failed = true;
  };
  let send = (_words: string): boolean => false;
  try {
    send = senderTo(socket);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  const tell = (words: string) => {
    if (!send(words)) fail("sendto failed");
  };
  return {
    ready: () => {
      tell("READY=1");
      // A timer of the event loop: when the loop hangs, nothing is fed and systemd starts the process anew.
      if (watchdogMs !== undefined) {
        setInterval(() => tell("WATCHDOG=1"), watchdogMs / FEEDS_PER_TIMEOUT).unref();
      }
    },
    stopping: () => tell("STOPPING=1"),
  };
}

/** False when a datagram could not be handed over. Throws where there is no libc or the address is none. */
function senderTo(path: string): (words: string) => boolean {
  const name = new TextEncoder().encode(path);
  if (!/^[/@]/.test(path) || name.length > PATH_BYTES_MAX) {
    throw new Error(`expected NOTIFY_SOCKET to be a path or @name of at most ${PATH_BYTES_MAX} bytes`);
  }
  const { socket, sendto } = openLibc();
  const address = new Uint8Array(FAMILY_BYTES + name.length);
  address[0] = AF_UNIX;
  address.set(name, FAMILY_BYTES);
  // An abstract name begins with a zero byte.
  if (path.startsWith("@")) address[FAMILY_BYTES] = 0;
  const handle = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0);
  if (handle < 0) throw new Error("expected a unix datagram socket, was refused");
  return (words) => {
    const bytes = new TextEncoder().encode(words);
    const sent = sendto(handle, ptr(bytes), bytes.length, MSG_NOSIGNAL, ptr(address), address.length);
    return Number(sent) === bytes.length;
  };
}

function openLibc() {
  let refused: unknown;
  for (const name of LIBC_NAMES) {
    try {
      return dlopen(name, {
        socket: { args: ["i32", "i32", "i32"], returns: "i32" },
        sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
      }).symbols;
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}
