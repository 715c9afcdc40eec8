// The table as JSON documents, one per filter, made once per version of the table and shared: plain bytes, gzip and an
// entity tag over the content, so that it stays the same across restarts and instances. Requests for tables come and
// go, so a filter counts as "in use" for a second after its last request.

import type { Filter } from "./filters.ts";
import { type Publication, tableText } from "./forms.ts";
import type { ApiDeps, ApiSettings } from "./settings.ts";

export interface TextDocument {
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

interface Kept {
  readonly version: number;
  readonly document: Promise<TextDocument>;
  lastUsedMs: number;
}

const IN_USE_MS = 1_000;
const utf8 = new TextEncoder();

export class TableDocuments {
  readonly #deps: ApiDeps;
  readonly #settings: ApiSettings;
  readonly #kept = new Map<string, Kept>();

  constructor(deps: ApiDeps, settings: ApiSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** The newest document for that filter; undefined while too many other filters are in use. */
  get(filter: Filter, publication: Publication): Promise<TextDocument> | undefined {
    const { live, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const kept = this.#kept.get(filter.key);
    if (kept !== undefined && kept.version === live.version) {
      kept.lastUsedMs = nowMs;
      return kept.document;
    }
    if (kept === undefined && filter.key !== "" && !this.#makeRoom(nowMs)) return undefined;
    const document = documentOf(tableText(filter, live.rowsSince(0), publication));
    this.#kept.set(filter.key, { version: live.version, document, lastUsedMs: nowMs });
    return document;
  }

  /** Lets go of filters nobody uses once all places are taken; the document without a filter needs no place. */
  #makeRoom(nowMs: number): boolean {
    const filters = () => this.#kept.size - (this.#kept.has("") ? 1 : 0);
    if (filters() < this.#settings.distinctFormsMax) return true;
    for (const [key, { lastUsedMs }] of this.#kept) {
      if (key !== "" && nowMs - lastUsedMs >= IN_USE_MS) this.#kept.delete(key);
    }
    return filters() < this.#settings.distinctFormsMax;
  }
}

/** Encoded once for all who ask. */
export async function documentOf(text: string): Promise<TextDocument> {
  const plain = utf8.encode(text);
  const compressed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzip = new Uint8Array(await new Response(compressed).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
  const hex = Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { etag: `W/"${hex}"`, plain, gzip };
}

/** Whether an If-None-Match header names the tag (RFC 9110, 13.1.2: the weak comparison). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => opaque(tag) === opaque(etag));
}
