// What the publisher and its Worker thread say to each other.

import type { ReferencePrice } from "../../domain/rate-table.ts";
import type { RedisTarget } from "./link.ts";
import type { PublishingReport, PublishingSettings } from "./publishing.ts";

export type ToThread =
  | { readonly kind: "start"; readonly target: RedisTarget; readonly settings: PublishingSettings }
  | { readonly kind: "frame"; readonly packed: Uint8Array }
  | { readonly kind: "reference"; readonly reference: ReferencePrice }
  | { readonly kind: "retire"; readonly coin: string; readonly pairIndex: number }
  | { readonly kind: "stop" };

export type FromThread =
  /** One message other than "start" and "stop" has been taken in; `refused` says why it was of no use. */
  | { readonly kind: "took"; readonly refused: string | undefined }
  | { readonly kind: "report"; readonly address: string; readonly report: PublishingReport }
  | { readonly kind: "stopped" };
