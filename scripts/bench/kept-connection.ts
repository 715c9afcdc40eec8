// One connection over which requests go one after another, as a browser keeps it. Reads of an answer no more than its
// status and its body's bytes: `fetch` would take more of the processor than some of what is measured with it.

const HEAD_END = Buffer.from("\r\n\r\n");

export interface RawAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export class KeptConnection {
  #socket: Bun.Socket | undefined;
  #parts: Buffer[] = [];
  #length = 0;
  /** Bytes of the whole answer; undefined: its head is not here yet. */
  #wanted: number | undefined;
  #bodyStart = 0;
  #waiting: PromiseWithResolvers<RawAnswer> | undefined;

  static async open(port: number): Promise<KeptConnection> {
    const connection = new KeptConnection();
    connection.#socket = await Bun.connect({
      ...{ hostname: "127.0.0.1", port },
      socket: {
        data: (_, bytes) => connection.#take(bytes),
        close: () =>
          connection.#waiting?.reject(new Error("expected an answer, was the end of the connection")),
      },
    });
    return connection;
  }

  /** Sends a whole request; rejects when the connection ends before the answer. The answer needs a Content-Length. */
  ask(request: Uint8Array): Promise<RawAnswer> {
    this.#waiting = Promise.withResolvers();
    this.#socket!.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket!.end();
  }

  #take(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#wanted === undefined && !this.#readHead()) return;
    if (this.#length < this.#wanted!) return;
    const whole = this.#whole();
    const answer = { status: Number(whole.toString("latin1", 9, 12)), body: whole.subarray(this.#bodyStart) };
    this.#parts = [];
    this.#length = 0;
    this.#wanted = undefined;
    this.#waiting?.resolve(answer);
  }

  #readHead(): boolean {
    const head = this.#whole();
    const end = head.indexOf(HEAD_END);
    if (end < 0) return false;
    const [, length] = /\r\nContent-Length: (\d+)/i.exec(head.toString("latin1", 0, end)) ?? [];
    if (length === undefined) throw new Error("expected a Content-Length");
    this.#bodyStart = end + HEAD_END.length;
    this.#wanted = this.#bodyStart + Number(length);
    return true;
  }

  #whole(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]!;
  }
}
