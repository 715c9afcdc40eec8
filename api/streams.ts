// All open streams by form. Per change of the table each form with clients is encoded once and the bytes are shared;
// between forms the event loop gets a turn, and a form that waited through several changes is encoded once for all of
// them, so the work is bounded by what the CPU can do and what is sent is always the newest.

import { ApiCounts } from "./counts.ts";
import type { EncodedCache } from "./encoded-cache.ts";
import type { StreamFormat } from "./filters.ts";
import { eventText, type Form, preambleText } from "./forms.ts";
import { fullFlushBlock, GZIP_HEADER } from "./gzip-blocks.ts";
import { EVERYTHING, TABLE_AND_LATELY_GONE, WHOLE_TABLE } from "./live-frames.ts";
import type { ApiDeps, ApiSettings } from "./settings.ts";
import { StreamClient } from "./sse.ts";

interface OpenForm {
  readonly form: Form;
  readonly clients: Set<OpenClient>;
  /** Version of the table up to which the clients have been told. */
  sentVersion: number;
}

interface OpenClient {
  readonly stream: StreamClient;
  readonly gzip: boolean;
  readonly request: Request;
}

export interface OpenRequest {
  readonly form: Form;
  readonly gzip: boolean;
  /** The id of the last event the client saw; unknown ones get the full table and what is gone since an hour. */
  readonly lastEventId: string | undefined;
  readonly request: Request;
}

/** Why a stream was not opened, in words for the caller. */
export interface Refusal {
  readonly code: "ending" | "places-taken";
  readonly detail: string;
  readonly retryAfterSeconds: number;
}

export interface StreamCounts {
  readonly clients: number;
  readonly plainKarbitClients: number;
  readonly forms: number;
}

const TEND_MS = 250;
const RETRY_AFTER_SECONDS = 10;
const utf8 = new TextEncoder();

export class Streams {
  readonly #deps: ApiDeps;
  readonly #settings: ApiSettings;
  readonly #cache: EncodedCache;
  readonly #counts: ApiCounts;
  readonly #forms = new Map<string, OpenForm>();
  readonly #preambles = new Map<string, Uint8Array>();
  #clientCount = 0;
  #plainKarbitCount = 0;
  #pumping = false;
  #tending = false;
  #closed = false;

  constructor(deps: ApiDeps, settings: ApiSettings, cache: EncodedCache) {
    this.#deps = deps;
    this.#settings = settings;
    this.#cache = cache;
    this.#counts = deps.counts ?? new ApiCounts();
    const unsubscribe = deps.live.onChange(() => void this.#pump());
    const close = () => {
      unsubscribe();
      this.closeAll();
    };
    if (deps.signal?.aborted) close();
    else deps.signal?.addEventListener("abort", close, { once: true });
  }

  counts(): StreamCounts {
    return {
      clients: this.#clientCount,
      plainKarbitClients: this.#plainKarbitCount,
      forms: this.#forms.size,
    };
  }

  /** Why a stream for this request cannot be opened now; undefined when it can. */
  refusal({ form, gzip }: OpenRequest): Refusal | undefined {
    const { streamClientsMax, plainKarbitClientsMax, distinctFormsMax } = this.#settings;
    const refuse = (detail: string, code: Refusal["code"] = "places-taken") => ({
      ...{ code, detail, retryAfterSeconds: RETRY_AFTER_SECONDS },
    });
    if (this.#closed) return refuse("The server is ending.", "ending");
    if (this.#clientCount >= streamClientsMax) {
      return refuse(`All ${streamClientsMax} streams are taken.`);
    }
    if (form.format === "karbit" && !gzip && this.#plainKarbitCount >= plainKarbitClientsMax) {
      return refuse(
        `All ${plainKarbitClientsMax} uncompressed streams are taken: accept gzip, or ask for format=compact.`,
      );
    }
    if (form.filter.key !== "" && !this.#forms.has(form.key) && this.#filteredForms() >= distinctFormsMax) {
      return refuse(`All ${distinctFormsMax} distinct filters are taken: ask without filters, or later.`);
    }
    return undefined;
  }

  /** Forms without a filter are few and serve everybody: they are always open. */
  #filteredForms(): number {
    let count = 0;
    for (const { form } of this.#forms.values()) if (form.filter.key !== "") count++;
    return count;
  }

  /** Opens a stream that `refusal` had nothing against and returns its body. */
  open({ form, gzip, lastEventId, request }: OpenRequest): ReadableStream<Uint8Array> {
    const { live, clock, sockets } = this.#deps;
    const open = this.#forms.get(form.key) ?? { form, clients: new Set(), sentVersion: live.version };
    // Karbit's component comes back without an id and keeps its rows: only a tombstone takes one off its screen.
    const mayHaveRows = form.format === "karbit" || lastEventId !== undefined;
    const known = lastEventId === undefined ? undefined : live.versionOf(lastEventId);
    const since = known ?? (mayHaveRows ? TABLE_AND_LATELY_GONE : WHOLE_TABLE);
    const first = [this.#preamble(form.format, gzip), this.#rowsSince(form, gzip, since)];
    const stream = new StreamClient({
      first: first.filter((chunk) => chunk !== undefined),
      newest: () => this.#rowsSince(form, gzip, EVERYTHING),
      onGone: () => this.#forget(open, client),
      monotonicMs: () => clock.monotonicMs(),
    });
    const client: OpenClient = { stream, gzip, request };
    this.#forms.set(form.key, open);
    open.clients.add(client);
    this.#clientCount++;
    this.#counts.clients[form.format]++;
    if (form.format === "karbit" && !gzip) this.#plainKarbitCount++;
    sockets?.keepOpen(request);
    void this.#tend();
    return stream.body;
  }

  /** Ends every stream; later ones are refused. */
  closeAll(): void {
    this.#closed = true;
    for (const { clients } of this.#forms.values()) for (const { stream } of clients) stream.close();
  }

  #forget(open: OpenForm, client: OpenClient): void {
    if (!open.clients.delete(client)) return;
    this.#clientCount--;
    this.#counts.clients[open.form.format]--;
    if (open.form.format === "karbit" && !client.gzip) this.#plainKarbitCount--;
    if (open.clients.size === 0) this.#forms.delete(open.form.key);
  }

  #preamble(format: StreamFormat, gzip: boolean): Uint8Array {
    const key = `${format}|${gzip}`;
    let bytes = this.#preambles.get(key);
    if (bytes === undefined) {
      const text = utf8.encode(preambleText(format, this.#settings.channelName));
      const block = gzip ? fullFlushBlock(text) : text;
      bytes = gzip ? new Uint8Array([...GZIP_HEADER, ...block]) : block;
      this.#preambles.set(key, bytes);
    }
    return bytes;
  }

  /** An event with the rows changed since that version, encoded once per version of the table and shared. */
  #rowsSince(form: Form, gzip: boolean, since: number): Uint8Array | undefined {
    const text = () => this.#eventText(form, since);
    const { version } = this.#deps.live;
    const bytes = this.#cache.get(version, `${form.key}|${gzip}|${since}`, () => {
      const plain = utf8.encode(text() ?? "");
      return gzip && plain.length > 0 ? fullFlushBlock(plain) : plain;
    });
    return bytes.length > 0 ? bytes : undefined;
  }

  #eventText(form: Form, since: number): string | undefined {
    const { live, codec } = this.#deps;
    if (live.latest === undefined) return undefined;
    const publication = { frame: live.latest, reference: live.reference };
    const context = { codec, channelName: this.#settings.channelName };
    return eventText(form, live.rowsSince(since), publication, context);
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let open = this.#nextDue(); open !== undefined; open = this.#nextDue()) {
      this.#publishTo(open);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.#pumping = false;
  }

  /** Of the forms whose clients have not been told of the newest version, the one with most clients. */
  #nextDue(): OpenForm | undefined {
    let due: OpenForm | undefined;
    for (const open of this.#forms.values()) {
      if (open.sentVersion === this.#deps.live.version) continue;
      if (due === undefined || open.clients.size > due.clients.size) due = open;
    }
    return due;
  }

  #publishTo(open: OpenForm): void {
    const since = open.sentVersion;
    open.sentVersion = this.#deps.live.version;
    try {
      let plain: Uint8Array | undefined;
      let block: Uint8Array | undefined;
      for (const { stream, gzip } of open.clients) {
        const event = gzip
          ? (block ??= this.#rowsSince(open.form, true, since))
          : (plain ??= this.#rowsSince(open.form, false, since));
        if (event === undefined) return;
        stream.offer(event);
        this.#counts.eventBytes[open.form.format] += event.length;
      }
    } catch (error) {
      this.#deps.log.error("form not published", { form: open.form.key, error });
    }
  }

  /** While anybody is connected: heartbeats, and an end to readers that stopped reading. */
  async #tend(): Promise<void> {
    if (this.#tending) return;
    this.#tending = true;
    const { clock, signal } = this.#deps;
    let beatAtMs = clock.monotonicMs();
    while (this.#clientCount > 0 && !this.#closed) {
      await clock.sleep(TEND_MS, signal);
      this.#dropStalled();
      if (clock.monotonicMs() - beatAtMs < this.#settings.heartbeatMs) continue;
      beatAtMs = clock.monotonicMs();
      this.#beat();
    }
    this.#tending = false;
  }

  #beat(): void {
    const plain = utf8.encode(`:hb ${this.#deps.clock.nowMs()}\n\n`);
    const block = fullFlushBlock(plain);
    for (const { clients } of this.#forms.values()) {
      for (const { stream, gzip } of clients) stream.beat(gzip ? block : plain);
    }
  }

  #dropStalled(): void {
    const { sockets, log } = this.#deps;
    let dropped = 0;
    for (const { clients } of this.#forms.values()) {
      for (const { stream, request } of clients) {
        if (!stream.stalledFor(this.#settings.slowReaderMsMax)) continue;
        dropped++;
        if (sockets) {
          stream.close();
          sockets.release(request);
        } else {
          stream.abandon("the reader stopped reading");
        }
      }
    }
    this.#counts.readersDropped += dropped;
    if (dropped > 0) log.info("slow readers dropped", { dropped, left: this.#clientCount });
  }
}
