// The wire format between the front and Redis (RESP2), whose replies have the flat arrays the REST protocol shows.
// Invariant: bytes are taken as they come, cut anywhere; a text that is not RESP2 throws and ends the connection.

export type Reply =
  | { readonly type: "simple" | "error" | "integer"; readonly text: string }
  | { readonly type: "bulk"; readonly bytes: Uint8Array }
  | { readonly type: "array"; readonly items: readonly Reply[] }
  | { readonly type: "null" };

export type Command = readonly (string | Uint8Array)[];

const LF = 10;
const DEPTH_MAX = 32;
const encoder = new TextEncoder();
// ignoreBOM: a text that begins with U+FEFF keeps it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One command as Redis reads it. */
export function encodeCommand(command: Command): Uint8Array {
  const parts: Uint8Array[] = [encoder.encode(`*${command.length}\r\n`)];
  for (const word of command) {
    const bytes = typeof word === "string" ? encoder.encode(word) : word;
    parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
  }
  return Buffer.concat(parts);
}

/** A reply back in its wire form. */
export function encodeReply(reply: Reply): Uint8Array {
  switch (reply.type) {
    case "simple":
      return encoder.encode(`+${reply.text}\r\n`);
    case "error":
      return encoder.encode(`-${reply.text}\r\n`);
    case "integer":
      return encoder.encode(`:${reply.text}\r\n`);
    case "null":
      return encoder.encode("$-1\r\n");
    case "bulk":
      return Buffer.concat([
        encoder.encode(`$${reply.bytes.length}\r\n`),
        reply.bytes,
        encoder.encode("\r\n"),
      ]);
    case "array":
      return Buffer.concat([encoder.encode(`*${reply.items.length}\r\n`), ...reply.items.map(encodeReply)]);
  }
}

/** Takes chunks, gives whole replies. */
export class ReplyParser {
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** The replies that `chunk` completes, in order. Throws on bytes that are no RESP2. */
  push(chunk: Uint8Array): Reply[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const replies: Reply[] = [];
    let doneAt = 0;
    this.#at = 0;
    for (let reply = this.#read(0); reply; reply = this.#read(0)) {
      replies.push(reply);
      doneAt = this.#at;
    }
    // A copy: the replies' bytes must not keep the whole chunk alive, nor the rest share it.
    this.#buffer = this.#buffer.slice(doneAt);
    return replies;
  }

  /** The reply that starts at #at, or undefined when it is not there to its end. */
  #read(depth: number): Reply | undefined {
    const end = this.#buffer.indexOf(LF, this.#at);
    if (end < 0) return undefined;
    const kind = String.fromCharCode(this.#buffer[this.#at]!);
    const text = decoder.decode(this.#buffer.subarray(this.#at + 1, end - 1));
    this.#at = end + 1;
    if (kind === "+") return { type: "simple", text };
    if (kind === "-") return { type: "error", text };
    const isNumber = /^-?\d+$/.test(text);
    if (kind === ":" && isNumber) return { type: "integer", text };
    const count = Number(text);
    if (!isNumber || count < -1 || (kind !== "$" && kind !== "*") || depth > DEPTH_MAX) {
      throw new Error(`expected a RESP2 reply, was "${kind}${text.slice(0, 40)}"`);
    }
    if (count === -1) return { type: "null" };
    if (kind === "$") return this.#readBulk(count);
    const items: Reply[] = [];
    while (items.length < count) {
      const item = this.#read(depth + 1);
      if (!item) return undefined;
      items.push(item);
    }
    return { type: "array", items };
  }

  #readBulk(length: number): Reply | undefined {
    const end = this.#at + length;
    if (this.#buffer.length < end + 2) return undefined;
    const bytes = this.#buffer.slice(this.#at, end);
    this.#at = end + 2;
    return { type: "bulk", bytes };
  }
}
