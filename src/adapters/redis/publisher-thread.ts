// The Worker thread's entry: packing Karbit's format costs 50 ms a time, which must not stand in the way of trading.
// In a compiled binary this file is an entry point of its own (see publisher.ts).

import { systemClock } from "../clock.ts";
import { openLink } from "./link.ts";
import { Publishing } from "./publishing.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";

declare const self: Worker;

let publishing: Publishing | undefined;
const say = (message: FromThread) => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<ToThread>) => {
  switch (data.kind) {
    case "start": {
      const link = openLink(data.target, () => publishing?.linkLost());
      publishing = new Publishing(data.settings, link, systemClock, (report) =>
        say({ kind: "report", address: link.address, report }),
      );
      return;
    }
    case "stop":
      await publishing?.stop();
      return say({ kind: "stopped" });
    default:
      return say({ kind: "took", refused: take(data) });
  }
};

function take(message: Exclude<ToThread, { kind: "start" | "stop" }>): string | undefined {
  try {
    if (message.kind === "frame") publishing?.offer(message.packed);
    else if (message.kind === "reference") publishing?.offerReference(message.reference);
    else publishing?.retire(message.coin, message.pairIndex);
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
