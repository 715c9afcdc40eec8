// One client of a stream. It holds references to bytes shared with all others, and beyond what the ReadableStream's own
// small queue takes at most one event, or as many as `keptBytesMax` allows:
//
//   flowing -> sending   an event is larger than the queue has room for: the rest goes out as the reader takes it
//   flowing, sending -> behind   another event came meanwhile, and there is no room: it is not kept
//   behind -> flowing    the reader caught up: it gets the newest full table instead of what it missed
//   sending, behind -> gone      the reader took nothing for slowReaderMsMax
//   any -> gone          the client left, or the server ends

/** Pieces of this size are all a stalled socket ever copies. */
const PIECE_BYTES = 64 * 1024;
const QUEUE_PIECES = 2;

export interface StreamClientOptions {
  /** The stream's opening, as chunks to send in order. */
  readonly first: readonly Uint8Array[];
  /** Events that wait for the reader, in all; beyond that he falls behind. Default: none. */
  readonly keptBytesMax?: number;
  /** The newest full table, for a reader that fell behind; undefined when there is nothing to send. */
  readonly newest: () => Uint8Array | undefined;
  /** Called once when the client is gone, for whatever reason. */
  readonly onGone: () => void;
  readonly monotonicMs: () => number;
}

export class StreamClient {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: StreamClientOptions;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #pending: Uint8Array[];
  #behind = false;
  #gone = false;
  #lastProgressMs: number;

  constructor(options: StreamClientOptions) {
    this.#options = options;
    this.#pending = [...options.first];
    this.#lastProgressMs = options.monotonicMs();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#drained(),
        cancel: () => this.#leave(),
      },
      // Counted in pieces: a strategy that is asked for each piece's size costs more than sending it.
      { highWaterMark: QUEUE_PIECES },
    );
  }

  /** True while bytes wait for the reader. */
  get waiting(): boolean {
    return !this.#gone && (this.#behind || this.#pending.length > 0);
  }

  /** At most so many bytes are referred to for this reader, in the stream's queue and before it. */
  get queuedBytesMax(): number {
    if (this.#gone) return 0;
    const queued = (QUEUE_PIECES - this.#controller.desiredSize!) * PIECE_BYTES;
    return this.#pending.reduce((sum, bytes) => sum + bytes.length, queued);
  }

  /** Whether the reader has kept bytes waiting without taking any for that long. */
  stalledFor(lengthMs: number): boolean {
    return this.waiting && this.#options.monotonicMs() - this.#lastProgressMs >= lengthMs;
  }

  /** An event for everybody: goes out now, or marks the client as behind. */
  offer(event: Uint8Array): void {
    if (this.#gone) return;
    const isWaiting = this.waiting;
    const isFull = isWaiting || this.#controller.desiredSize! <= 0;
    if (!isFull && event.length <= PIECE_BYTES) {
      this.#enqueue(event);
      return;
    }
    // From here on bytes wait: the reader's time runs from now, however long ago the last event was.
    if (!isWaiting) this.#lastProgressMs = this.#options.monotonicMs();
    if (isFull && !this.#hasRoomFor(event)) this.#behind = true;
    else {
      this.#pending.push(event);
      this.#send();
    }
  }

  /** A comment that keeps the connection awake; left out where bytes wait already. */
  beat(comment: Uint8Array): void {
    if (this.#gone || this.waiting || this.#controller.desiredSize! <= 0) return;
    this.#enqueue(comment);
  }

  /** Ends the stream after what is queued. */
  close(): void {
    if (this.#gone) return;
    this.#leave();
    this.#controller.close();
  }

  /** Ends the stream now, dropping what is queued; the reader sees a broken connection. */
  abandon(reason: string): void {
    if (this.#gone) return;
    this.#leave();
    this.#controller.error(new Error(reason));
  }

  #hasRoomFor(event: Uint8Array): boolean {
    if (this.#behind) return false;
    const kept = this.#pending.reduce((sum, bytes) => sum + bytes.length, event.length);
    return kept <= (this.#options.keptBytesMax ?? 0);
  }

  #drained(): void {
    if (!this.waiting) return;
    this.#lastProgressMs = this.#options.monotonicMs();
    if (this.#pending.length === 0 && this.#behind) {
      this.#behind = false;
      const newest = this.#options.newest();
      if (newest) this.#pending.push(newest);
    }
    this.#send();
  }

  #send(): void {
    while (this.#pending.length > 0 && this.#controller.desiredSize! > 0) {
      const bytes = this.#pending[0]!;
      if (bytes.length <= PIECE_BYTES) {
        this.#pending.shift();
        this.#enqueue(bytes);
      } else {
        this.#pending[0] = bytes.subarray(PIECE_BYTES);
        this.#enqueue(bytes.subarray(0, PIECE_BYTES));
      }
    }
  }

  /** A server may end a stream without a word; that must not stop the others. */
  #enqueue(bytes: Uint8Array): void {
    try {
      this.#controller.enqueue(bytes);
    } catch {
      this.#leave();
    }
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#pending = [];
    this.#options.onGone();
  }
}
