// Encoded bytes shared until the next publish: whoever asks first pays, the others take the same bytes. Holds at most
// bytesMax; over it, what was longest unused goes first.

export class EncodedCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Uint8Array>();
  #version = -1;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes kept under that key for that version of the table, made now if there are none. */
  get(version: number, key: string, make: () => Uint8Array): Uint8Array {
    if (version !== this.#version) {
      this.#entries.clear();
      this.#bytes = 0;
      this.#version = version;
    }
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return kept;
    }
    const made = make();
    this.#entries.set(key, made);
    this.#bytes += made.length;
    for (const [oldKey, bytes] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldKey);
      this.#bytes -= bytes.length;
    }
    return made;
  }
}
