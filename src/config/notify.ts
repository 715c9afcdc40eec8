// What the service manager passes to a process.

export interface NotifySettings {
  /** The unix datagram socket systemd listens on; undefined: nobody wants to be told. */
  readonly NOTIFY_SOCKET: string | undefined;
  /** Silence for this long counts as hung. */
  readonly WATCHDOG_MS: number | undefined;
}

/** What systemd passes to a service of Type=notify, and to it alone: WATCHDOG_PID names whom it watches. */
export function readNotifySettings(env: Record<string, string | undefined> = process.env): NotifySettings {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  const watchdogMs = Math.floor(Number(WATCHDOG_USEC) / 1_000);
  const isWatched = watchdogMs > 0 && (WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid);
  return { NOTIFY_SOCKET: NOTIFY_SOCKET || undefined, WATCHDOG_MS: isWatched ? watchdogMs : undefined };
}
