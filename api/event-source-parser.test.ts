import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../src/testing/runs.ts";
import { anyText } from "../src/testing/texts.ts";
import { EventSourceParser, type ServerSentEvent } from "./event-source-parser.ts";

const RUNS = runsOf(400, 100_000);

/** The events of a text that arrives in these pieces. */
function eventsOf(pieces: readonly string[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = new EventSourceParser((event) => events.push(event));
  for (const piece of pieces) parser.push(piece);
  return events;
}

test("events carry their data and the last id; comments, names and the unfinished are left out", () => {
  const text =
    ":ok\n\nid: 5.1\nevent: tick\ndata: one\n\n:hb 3\n\ndata:two\ndata:  three\n\nid\ndata\n\ndata: cut";
  expect(eventsOf([text])).toEqual([
    { data: "one", id: "5.1" },
    { data: "two\n three", id: "5.1" },
    { data: "", id: "" },
  ]);
});

test(`${RUNS} texts mean the same in whatever pieces and with whatever line ends they come`, () => {
  const line = fc.oneof(
    fc.constantFrom(
      "",
      "",
      ":hb 1",
      "data: x",
      "data",
      "id: 7.0",
      "id: a\0b",
      "retry: 5",
      "data:  : y",
      "nonsense",
    ),
    anyText(12).map((text) => `data: ${text.replace(/[\r\n]/g, "")}`),
  );
  const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      lineEnd,
      fc.array(fc.nat({ max: 120 }), { maxLength: 8 }),
      (lines, end, cuts) => {
        const text = `${lines.join(end)}${end}`;
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((to, index) => text.slice(at[index]!, to));
        expect(eventsOf(pieces)).toEqual(eventsOf([`${lines.join("\n")}\n`]));
      },
    ),
    { numRuns: RUNS },
  );
}, 300_000);

test("an event without end is refused before it fills the memory", () => {
  const parser = new EventSourceParser(() => {});
  const piece = "x".repeat(8 * 1024 * 1024);
  expect(() => {
    for (let count = 0; count < 20; count++) parser.push(piece);
  }).toThrow(RangeError);
});
