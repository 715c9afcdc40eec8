// What a user may switch off and close himself, on whichever database.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { IncidentKind } from "../../ports/traders.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { createOwnSafety } from "./own-safety.ts";
import { forgetful } from "./store-fixtures.ts";
import { createTradingStateStore } from "./trading-state.ts";

export function ownSafetySuite(database: () => Database): void {
  describe("a user's own switch and incidents", () => {
    let userId: number;
    let otherId: number;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(
        database(),
        sql`truncate schedulerx.trading_switches, schedulerx.incidents, schedulerx.audit_events restart identity`,
      );
      ({ userId } = await addUser(database()));
      ({ userId: otherId } = await addUser(database()));
    });

    const store = () => createOwnSafety(database());
    const state = () => createTradingStateStore(database());
    const off = (why = "holiday", of = userId) => store().setEntries(of, { off: true, why }, NOW_MS);
    const on = (of = userId) => store().setEntries(of, { off: false }, NOW_MS + 1);
    const setBy = (by: "operator" | "engine") =>
      state().setSwitch({
        ...{ scope: "user", subject: String(userId), entriesOff: true, halted: false, why: "risk", by },
        atMs: NOW_MS + 2,
      });
    const trail = async () =>
      (await createAuditStore(database()).read(undefined, 50))
        .filter(({ actor }) => actor === "user")
        .map(({ action, subject, detail }) => {
          return `${action} ${subject} ${detail.entriesOff === false ? "on" : (detail.why ?? "")}`;
        });
    const NONE = { off: false, by: null, why: null, atMs: null, everybodysOff: false };

    test("a user switches his entries off and on, as the engine reads them, and nobody else's", async () => {
      expect(await off("holiday", otherId)).toBe("set");
      expect(await on()).toBe("set");
      expect(await store().entries(userId)).toEqual(NONE);
      expect(await off()).toBe("set");
      expect(await off("longer holiday")).toBe("set");
      expect(await store().entries(userId)).toEqual({
        ...{ off: true, by: "user", why: "longer holiday", atMs: NOW_MS, everybodysOff: false },
      });
      expect((await state().switches()).map(({ subject, why }) => `${subject} ${why}`)).toEqual([
        `${userId} longer holiday`,
        `${otherId} holiday`,
      ]);
      expect(await on()).toBe("set");
      expect(await on()).toBe("set");
      expect((await state().switches()).map(({ subject }) => subject)).toEqual([String(otherId)]);
      expect(await trail()).toEqual([
        `switch.set user ${userId} on`,
        `switch.set user ${userId} longer holiday`,
        `switch.set user ${userId} holiday`,
        `switch.set user ${otherId} holiday`,
      ]);
    });

    test("what the operator or the engine has switched off is neither lifted nor made the user's", async () => {
      for (const by of ["operator", "engine"] as const) {
        await off();
        await setBy(by);
        expect([await on(), await off("mine")]).toEqual(["held", "held"]);
        expect(await store().entries(userId)).toEqual({
          ...{ off: true, by, why: "risk", atMs: NOW_MS + 2, everybodysOff: false },
        });
        await rows(database(), sql`truncate schedulerx.trading_switches`);
      }
      expect(await trail()).toEqual(Array(2).fill(`switch.set user ${userId} holiday`));
      const everybody = { scope: "global", subject: "", entriesOff: false, halted: true } as const;
      await state().setSwitch({ ...everybody, why: "w", by: "operator", atMs: 0 });
      expect(await store().entries(userId)).toEqual({ ...NONE, everybodysOff: true });
    });

    test("a switch the operator sets in the middle of the user's lifting stays", async () => {
      for (let round = 0; round < 5; round++) {
        await rows(database(), sql`truncate schedulerx.trading_switches`);
        await off();
        await Promise.all([on(), setBy("operator"), on()]);
        expect((await store().entries(userId)).by).toBe("operator");
      }
    });

    async function incident(kind: IncidentKind, changes: { userId?: number; mode?: string } = {}) {
      const { userId: of, mode } = { userId, mode: "paper", ...changes };
      const [row] = await rows<{ id: number }>(
        database(),
        sql`insert into schedulerx.incidents (mode, user_id, kind, coin, intent_id, detail, opened_at)
            values (${mode}, ${of}, ${kind}, 'XRP', '', 'd', ${new Date(NOW_MS).toISOString()}::timestamptz)
            returning incident_id as id`,
      );
      return row!.id;
    }
    const close = (id: number) => store().closeIncident("paper", userId, id, NOW_MS + 5);
    const open = async () => (await store().incidents("paper", userId)).map(({ incidentId }) => incidentId);

    test("a user closes what is his to close, once, and only his own of this mode", async () => {
      const key = await incident("key");
      const difference = await incident("unknown-difference");
      const others = [await incident("key", { userId: otherId }), await incident("key", { mode: "live" })];
      expect((await store().incidents("paper", userId))[0]).toEqual({
        ...{ incidentId: key, kind: "key", coin: "XRP", intentId: "", detail: "d", openedAtMs: NOW_MS },
      });
      for (const id of [...others, 999]) expect(await close(id)).toBe("none");
      const both = await Promise.all([close(key), close(key)]);
      expect(both.sort()).toEqual(["closed", "none"]);
      expect([await open(), await close(difference), await open()]).toEqual([[difference], "closed", []]);
      const found = await rows(
        database(),
        sql`select closed_by as by, count(*)::int as n from schedulerx.incidents group by 1 order by 1`,
      );
      expect(found).toEqual([
        { by: "user", n: 2 },
        { by: null, n: 2 },
      ]);
      expect(await trail()).toEqual([`incident.closed ${difference} `, `incident.closed ${key} `]);
    });

    test("what somebody else has to look at stays open", async () => {
      for (const kind of ["needs-human", "projection-failed", "defect"] as const) {
        const id = await incident(kind);
        expect([kind, await close(id)]).toEqual([kind, "not-his"]);
      }
      expect([(await open()).length, await trail()]).toEqual([3, []]);
    });

    test("what is run again after its commit went unanswered is done and told once", async () => {
      const again = createOwnSafety(forgetful(database()));
      expect(await again.setEntries(userId, { off: true, why: "w" }, NOW_MS)).toBe("set");
      expect(await again.setEntries(userId, { off: false }, NOW_MS)).toBe("set");
      expect(await again.closeIncident("paper", userId, await incident("key"), NOW_MS)).toBe("closed");
      expect(await trail()).toHaveLength(3);
    });
  });
}
