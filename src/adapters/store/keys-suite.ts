// Users' own keys on whichever database: what their owner may do, what Karbit sees of it, and what is written down.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createSecrets, type SecretFormat } from "../secrets.ts";
import { errorText } from "../telemetry/log.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { createKeyStore } from "./keys.ts";
import { addActiveTrader, addVenueKey, ENCRYPTION_KEY } from "./trader-fixtures.ts";
import { createTraderStore } from "./traders.ts";

const KEY = { apiKey: "access-key-never-shown-1", secret: "secret-never-shown-anywhere-1" };
const NEW = { apiKey: "access-key-never-shown-2", secret: "secret-never-shown-anywhere-2" };

type Row = { api_key: string | null; api_secret: string | null; is_active: boolean; verified: boolean };

export function keysSuite(database: () => Database): void {
  describe("users' own keys", () => {
    const secrets = createSecrets(ENCRYPTION_KEY);
    let userId: number;
    let otherId: number;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(database(), sql`truncate schedulerx.audit_events`);
      userId = (await addActiveTrader(database())).userId;
      otherId = (await addUser(database())).userId;
    });

    const store = (format: SecretFormat = "karbit", on = database()) => createKeyStore(on, secrets, format);
    const traders = () => createTraderStore(database(), secrets);
    const stored = () =>
      rows<Row>(database(), sql`select api_key, api_secret, is_active, verified from user_exchanges`);
    const audited = async () => {
      const events = await createAuditStore(database()).read(userId, 20);
      return events.map(({ action, subject, detail }) => [action, subject, detail]).toReversed();
    };
    /** As after a commit whose answer was lost: everything is run once more. */
    const twice = (): Database => ({
      ...database(),
      async transaction(operation, work) {
        await database().transaction(operation, work);
        return await database().transaction(operation, work);
      },
    });

    for (const format of ["karbit", "envelope"] as const) {
      test(`a key put in (${format}) is what the scheduler reads, and is on the list without itself`, async () => {
        expect(await store(format).put(userId, "bybit", KEY, NOW_MS)).toBe("added");
        expect(await store(format).put(userId, "upbit", NEW, NOW_MS)).toBe("added");
        expect(await traders().credentials(userId, "bybit")).toEqual(KEY);
        expect(await traders().keysOf(userId)).toMatchObject({ upbit: "usable", bybit: "usable" });
        expect(await store().list(userId)).toEqual([
          { venue: "upbit", active: true, verified: false, addedAtMs: NOW_MS },
          { venue: "bybit", active: true, verified: false, addedAtMs: NOW_MS },
        ]);
        expect(await store().list(otherId)).toEqual([]);
        for (const { api_key, api_secret } of await stored()) {
          expect(api_key).toMatch(format === "karbit" ? /^[0-9a-f]{32}:[0-9a-f]+$/ : /^v2\.[\w.-]+$/);
          expect(api_secret).not.toBe(api_key);
        }
      });
    }

    test("a new one takes an old one's place, switched off or tested as it was, and keeps the first date", async () => {
      await store().put(userId, "upbit", KEY, NOW_MS);
      await rows(database(), sql`update user_exchanges set is_active = false, verified = true`);
      expect(await store().list(userId)).toMatchObject([{ active: false, verified: true }]);
      expect(await store("envelope").put(userId, "upbit", NEW, NOW_MS + 1_000)).toBe("replaced");
      expect(await traders().credentials(userId, "upbit")).toEqual(NEW);
      expect(await store().list(userId)).toEqual([
        { venue: "upbit", active: true, verified: false, addedAtMs: NOW_MS },
      ]);
      expect(await audited()).toEqual([
        ["key.added", "upbit", { replaced: false, format: "karbit" }],
        ["key.added", "upbit", { replaced: true, format: "envelope" }],
      ]);
    });

    test("a removed key is gone from the row, is not used and not listed; another user's stays", async () => {
      await addVenueKey(database(), otherId, "upbit");
      expect(await store().remove(userId, "upbit", NOW_MS)).toBe("none");
      await store().put(userId, "upbit", KEY, NOW_MS);
      expect(await store().remove(userId, "upbit", NOW_MS + 1)).toBe("removed");
      expect(await store().remove(userId, "upbit", NOW_MS + 2)).toBe("none");
      expect(await store().list(userId)).toEqual([]);
      expect(await traders().credentials(userId, "upbit")).toBeUndefined();
      expect(await traders().keysOf(otherId)).toMatchObject({ upbit: "usable" });
      const blank = { api_key: null, api_secret: null, is_active: false, verified: false };
      expect(await stored()).toContainEqual(blank);
      expect((await audited()).map(([action]) => action)).toEqual(["key.added", "key.removed"]);
      expect(await store().put(userId, "upbit", NEW, NOW_MS + 3)).toBe("added");
    });

    test("a key that something live needs stays; paper and what is over need none", async () => {
      await store().put(userId, "upbit", KEY, NOW_MS);
      await store().put(userId, "bithumb", KEY, NOW_MS);
      const position = (mode: string, closed: string) =>
        sql`insert into schedulerx.hedged_positions (mode, user_id, strategy_id, coin, pair, leverage, exit_terms,
              opened_at, closed_at) values (${mode}, ${userId}, 1, 'XRP', 'upbit-bybit', 1, '{}', now(), ${sql.raw(closed)})`;
      await rows(database(), position("live", "now()"));
      await rows(database(), position("paper", "null"));
      await rows(database(), position("live", "null"));
      expect(await store().remove(userId, "upbit", NOW_MS)).toBe("in-use");
      expect(await store().remove(userId, "bithumb", NOW_MS)).toBe("removed");
      expect(await traders().credentials(userId, "upbit")).toEqual(KEY);
      await rows(
        database(),
        sql`delete from schedulerx.hedged_positions where mode = 'live' and closed_at is null`,
      );
      const intent = (id: string, mode: string, ended: string) =>
        sql`insert into schedulerx.intents (intent_id, decision_id, kind, mode, state, user_id, strategy_id, coin, pair,
              qty_coin, qty_contracts, terms, reason, planned_at, ended_at)
            values (${id}, ${id}, 'entry', ${mode}, 'sending', ${userId}, 1, 'BTC', 'upbit-binance', 1, 1, '{}', '',
              now(), ${sql.raw(ended)})`;
      await rows(database(), intent("a", "live", "null"));
      expect(await store().remove(userId, "upbit", NOW_MS)).toBe("in-use");
      await rows(database(), sql`update schedulerx.intents set ended_at = now(), state = 'hedged'`);
      await rows(database(), intent("b", "paper", "null"));
      expect(await store().remove(userId, "upbit", NOW_MS)).toBe("removed");
    });

    test("what a test found counts for the key that was tested, and for no other", async () => {
      expect(await store().fingerprint(userId, "bybit")).toBeUndefined();
      await store().put(userId, "bybit", KEY, NOW_MS);
      const tested = (await store().fingerprint(userId, "bybit"))!;
      const found = { ok: true, findings: ["any-address", "ends-soon"] };
      expect(await store().setTested(userId, "bybit", tested, found, NOW_MS)).toBe(true);
      expect(await store().list(userId)).toMatchObject([{ verified: true }]);
      const bad = { ok: false, findings: ["may-withdraw"] };
      expect(await store().setTested(userId, "bybit", tested, bad, NOW_MS + 1)).toBe(true);
      expect(await store().list(userId)).toMatchObject([{ verified: false }]);
      await store().put(userId, "bybit", KEY, NOW_MS);
      expect(await store().setTested(userId, "bybit", tested, found, NOW_MS + 2)).toBe(false);
      expect(await store().setTested(otherId, "bybit", tested, found, NOW_MS + 2)).toBe(false);
      expect(await store().list(userId)).toMatchObject([{ verified: false }]);
      expect(await audited()).toEqual([
        ["key.added", "bybit", { replaced: false, format: "karbit" }],
        ["key.tested", "bybit", { ok: true, findings: "any-address ends-soon" }],
        ["key.tested", "bybit", { ok: false, findings: "may-withdraw" }],
      ]);
    });

    test("the traders' revision changes with a key put in, replaced by the same, and taken out", async () => {
      const seen = [await traders().revision()];
      for (const change of [
        () => store().put(userId, "upbit", KEY, NOW_MS),
        () => store().put(userId, "upbit", KEY, NOW_MS),
        () => store().remove(userId, "upbit", NOW_MS),
      ]) {
        await change();
        seen.push(await traders().revision());
      }
      expect(new Set(seen).size).toBe(4);
    });

    test("done twice, as after a lost answer, it is told and written down once", async () => {
      expect(await store("karbit", twice()).put(userId, "upbit", KEY, NOW_MS)).toBe("added");
      const tested = (await store().fingerprint(userId, "upbit"))!;
      const found = { ok: true, findings: [] };
      expect(await store("karbit", twice()).setTested(userId, "upbit", tested, found, NOW_MS)).toBe(true);
      expect(await store("karbit", twice()).remove(userId, "upbit", NOW_MS)).toBe("removed");
      expect((await audited()).map(([action]) => action)).toEqual(["key.added", "key.tested", "key.removed"]);
    });

    test("a fault of the database says what failed, and none of what it was given", async () => {
      const failing = database().run("look nowhere", (executor) =>
        executor.execute(sql`select ${KEY.secret}::text from nowhere_at_all`),
      );
      const fault = await failing.then(
        () => undefined,
        (error) => error,
      );
      const said = errorText(fault);
      expect(said).toContain("look nowhere");
      expect(said).toContain("nowhere_at_all");
      expect(said).not.toContain(KEY.secret);
    });

    test("nobody's key is not stored, and neither is what is none", async () => {
      expect(await store().put(userId + 1_000, "upbit", KEY, NOW_MS)).toBeUndefined();
      expect(() => store().put(userId, "upbit", { ...KEY, secret: "비밀-not-ascii" }, NOW_MS)).toThrow(
        RangeError,
      );
      expect(await stored()).toEqual([]);
      expect(await audited()).toEqual([]);
    });
  });
}
