import { expect, test } from "bun:test";
import { Hono } from "hono";
import * as v from "valibot";
import { jsonBody } from "./body.ts";

const MS_MAX = 30;
const app = new Hono();
app.post("/", async (c) => {
  const body = await jsonBody(c, v.strictObject({ a: v.number() }), MS_MAX);
  return "refusal" in body ? body.refusal : c.json(body.value);
});

/** Sends the pieces and then, unless told to, never ends. */
function post(pieces: readonly string[], end: "ends" | "stalls" | "breaks") {
  const utf8 = new TextEncoder();
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(utf8.encode(piece));
      if (end === "ends") controller.close();
      if (end === "breaks") controller.error(new Error("reset by peer"));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const headers = { "Content-Type": "application/json" };
  return { response: app.request("/", { method: "POST", headers, body }), isCancelled: () => isCancelled };
}

test("a body in pieces is one body", async () => {
  const { response } = post(['{"a"', ":1}"], "ends");
  expect(await (await response).json()).toEqual({ a: 1 });
});

test("a body that is no object is said to be none, and a missing field what it should be", async () => {
  const refused = async (body: string) => (await post([body], "ends").response).json();
  const none = (received: string) => ({
    detail: "The body cannot be used: its shape.",
    issues: [{ parameter: "", expected: "an object", received }],
  });
  expect(await refused("[]")).toMatchObject(none("array"));
  expect(await refused("null")).toMatchObject(none("null"));
  expect(await refused("{}")).toMatchObject({
    issues: [{ parameter: "a", expected: "a number", received: "nothing" }],
  });
});

test("a body that does not end is given up with 408 and read no further", async () => {
  const { response, isCancelled } = post(['{"a":'], "stalls");
  expect((await response).status).toBe(408);
  expect(isCancelled()).toBe(true);
});

test("a body that is too long is refused before it ends, and read no further", async () => {
  const { response, isCancelled } = post(["[", "1,".repeat(2_048)], "stalls");
  expect((await response).status).toBe(413);
  expect(isCancelled()).toBe(true);
});

test("a body that breaks off is no fault of ours", async () => {
  expect((await post(['{"a":'], "breaks").response).status).toBe(400);
});
