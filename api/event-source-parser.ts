// Server-sent events out of text as it arrives (WHATWG HTML, 9.2.6): any line ends, data over several lines, comments
// ignored. An event that never ends in an empty line is not an event.

export interface ServerSentEvent {
  readonly data: string;
  /** The last id seen on the stream, "" before the first. */
  readonly id: string;
}

/** An event larger than this is not one of ours. */
const EVENT_CHARS_MAX = 64 * 1024 * 1024;

export class EventSourceParser {
  readonly #onEvent: (event: ServerSentEvent) => void;
  /** Pieces of the line that has not ended yet; joined once, so that a long line costs no repeated copies. */
  #pieces: string[] = [];
  #chars = 0;
  #data: string[] = [];
  #id = "";
  #skipLineFeed = false;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes the next piece of text. Throws RangeError when an event grows past any sense. */
  push(text: string): void {
    let at = 0;
    if (this.#skipLineFeed && text.length > 0) {
      if (text[0] === "\n") at = 1;
      this.#skipLineFeed = false;
    }
    while (at < text.length) {
      const end = nextLineEnd(text, at);
      if (end < 0) break;
      this.#pieces.push(text.slice(at, end));
      const line = this.#pieces.join("");
      this.#pieces = [];
      this.#line(line);
      at = end + 1;
      if (text[end] !== "\r") continue;
      if (at === text.length) this.#skipLineFeed = true;
      else if (text[at] === "\n") at++;
    }
    if (at < text.length) this.#pieces.push(text.slice(at));
    this.#chars += text.length;
    if (this.#chars > EVENT_CHARS_MAX) throw new RangeError("expected an event of a sensible size");
  }

  #line(line: string): void {
    if (line === "") {
      if (this.#data.length > 0) this.#onEvent({ data: this.#data.join("\n"), id: this.#id });
      this.#data = [];
      this.#chars = 0;
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }
}

function nextLineEnd(text: string, from: number): number {
  const lineFeed = text.indexOf("\n", from);
  const carriageReturn = text.indexOf("\r", from);
  if (lineFeed < 0) return carriageReturn;
  return carriageReturn < 0 ? lineFeed : Math.min(lineFeed, carriageReturn);
}
