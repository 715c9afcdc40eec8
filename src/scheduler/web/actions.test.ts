// Every action against the port's own schemas: what the page sends is what the port takes.

import { expect, test } from "bun:test";
import * as v from "valibot";
import { CONTROL_ROUTES } from "../control-routes.ts";
import { ACTION_WORDS, type ActionId } from "./action-words.ts";
import { ACTIONS } from "./actions.ts";

const GIVEN: Readonly<Partial<Record<ActionId, readonly Record<string, string>[]>>> = {
  entriesOff: [
    { scope: "global", why: " looking " },
    { scope: "user", subject: "7", why: "" },
    { scope: "coin", subject: "xrp" },
  ],
  entriesOn: [{ scope: "coin", subject: "XRP" }],
  force: [{ userId: "7", coin: "xrp" }],
  logLevel: [{ level: "debug" }],
  close: [
    { incidentId: "4", note: "a transfer" },
    { incidentId: "4", note: "" },
  ],
};

test("what each action sends, the control port has a route and a body for", () => {
  for (const [id, { request }] of Object.entries(ACTIONS)) {
    for (const values of GIVEN[id as ActionId] ?? [{}]) {
      const { method, path, body } = request(values);
      const route = CONTROL_ROUTES.find(
        (one) => one.method === method && one.path === `/${path}`.replace(/\d+/, ":id"),
      );
      expect([id, route?.method]).toEqual([id, method]);
      if (route?.body) expect([id, v.safeParse(route.body, body).issues]).toEqual([id, undefined]);
      else expect([id, body]).toEqual([id, {}]);
    }
  }
});

test("a coin may be typed small, and a reason of nothing is left out", () => {
  const [everybody, one, coin] = GIVEN.entriesOff!.map((values) => ACTIONS.entriesOff.request(values).body);
  expect(everybody).toEqual({ scope: "global", why: "looking" });
  expect(one).toEqual({ scope: "user", subject: "7" });
  expect(coin).toEqual({ scope: "coin", subject: "XRP" });
});

test("both languages say of each action what will happen and how it went", () => {
  for (const { actions } of Object.values(ACTION_WORDS)) {
    expect(Object.keys(actions).sort()).toEqual(Object.keys(ACTIONS).sort());
    for (const { effects, done } of Object.values(actions)) {
      expect(effects.length).toBeGreaterThan(0);
      expect(done("x", "y")).not.toBe("");
    }
  }
});
