// Rotation of stored keys on whichever database, against texts written by either key in either format.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createFormerSecrets, createSecrets, type SecretFormat, secretFormatOf } from "../secrets.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { type RotationOrder, rotateKeys } from "./key-rotation.ts";
import { ENCRYPTION_KEY } from "./trader-fixtures.ts";

const OLD = createFormerSecrets(ENCRYPTION_KEY);
const NEW = createSecrets("another-key-of-enough-characters");

type Row = { id: number; user_id: number; venue: string; api_key: string | null; api_secret: string | null };

export function keyRotationSuite(database: () => Database): void {
  describe("rotation of keys", () => {
    let userId: number;
    beforeEach(async () => {
      await clearJournal(database());
      await rows(database(), sql`truncate schedulerx.audit_events`);
      userId = (await addUser(database())).userId;
    });

    async function put(venue: string, format: SecretFormat, by = OLD, of = userId) {
      const text = (field: "api_key" | "api_secret") =>
        by.write(`${field}-of-${of}-${venue}`, { userId: of, venue, field }, format);
      await rows(
        database(),
        sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
            select ${of}, id, ${text("api_key")}, ${text("api_secret")} from exchanges where eng_name = ${venue}`,
      );
    }
    const stored = () =>
      rows<Row>(
        database(),
        sql`select k.id, k.user_id, e.eng_name as venue, k.api_key, k.api_secret
            from user_exchanges k join exchanges e on e.id = k.exchange_id order by k.id`,
      );
    const rotate = (order: Partial<RotationOrder> = {}, on = database()) =>
      rotateKeys(on, { from: OLD, to: NEW, convertTo: undefined, dryRun: false, atMs: NOW_MS, ...order });
    /** What each row reads as with the new key, and its formats. */
    async function readNow(secrets = NEW) {
      return (await stored()).map(({ user_id, venue, api_key, api_secret }) => {
        const place = { userId: user_id, venue };
        const key = api_key && secrets.read(api_key, { ...place, field: "api_key" });
        const secret = api_secret && secrets.read(api_secret, { ...place, field: "api_secret" });
        return [
          venue,
          key,
          secret,
          [api_key, api_secret].map((text) => text && secretFormatOf(text)).join(" "),
        ];
      });
    }
    const audited = async () =>
      (await createAuditStore(database()).read(undefined, 1_000))
        .map(({ actor, action, subject, userId, detail }) => [actor, action, subject, userId, detail])
        .toReversed();

    test("every text is read with the new key, each in the format it had, at venues of Karbit's too", async () => {
      await put("upbit", "karbit");
      await put("bybit", "envelope");
      await put("okx", "karbit");
      await rows(
        database(),
        sql`insert into user_exchanges (user_id, exchange_id, is_active)
        select ${userId}, id, false from exchanges where eng_name = 'binance'`,
      );
      expect(await rotate()).toEqual({
        groups: [
          { from: "envelope", to: "envelope", rows: 1, already: 0 },
          { from: "karbit", to: "karbit", rows: 2, already: 0 },
        ],
        unread: [],
        written: 3,
      });
      expect(await readNow()).toEqual([
        ["upbit", `api_key-of-${userId}-upbit`, `api_secret-of-${userId}-upbit`, "karbit karbit"],
        ["bybit", `api_key-of-${userId}-bybit`, `api_secret-of-${userId}-bybit`, "envelope envelope"],
        ["okx", `api_key-of-${userId}-okx`, `api_secret-of-${userId}-okx`, "karbit karbit"],
        ["binance", null, null, " "],
      ]);
      expect((await readNow(OLD)).slice(0, 3).flatMap(([, key, secret]) => [key, secret])).toEqual(
        Array(6).fill(undefined),
      );
      const event = (venue: string, format: string) => {
        return ["operator", "key.rotated", venue, userId, { from: format, to: format }];
      };
      expect(await audited()).toEqual([
        ...[event("bybit", "envelope"), event("okx", "karbit"), event("upbit", "karbit")],
      ]);
    });

    test("one unreadable text, or an envelope of another's, and nothing is changed; it is named", async () => {
      const other = (await addUser(database())).userId;
      await put("upbit", "karbit");
      await put("bithumb", "envelope");
      await put("upbit", "envelope", OLD, other);
      await rows(
        database(),
        sql`update user_exchanges set api_secret = (select api_key from user_exchanges where user_id = ${other})
            where user_id = ${userId} and api_key like 'v2%'`,
      );
      await put("bybit", "karbit", createSecrets("a-third-key-nobody-told-us"), other);
      const before = await stored();
      const report = await rotate();
      expect(report.unread).toEqual([
        { userId, venue: "bithumb" },
        { userId: other, venue: "bybit" },
      ]);
      expect(report.written).toBe(0);
      expect(await stored()).toEqual(before);
      expect(await audited()).toEqual([]);
    });

    test("a dry run counts and changes nothing", async () => {
      await put("upbit", "karbit");
      const before = await stored();
      expect(await rotate({ dryRun: true, convertTo: "envelope" })).toEqual({
        groups: [{ from: "karbit", to: "envelope", rows: 1, already: 0 }],
        unread: [],
        written: 0,
      });
      expect(await stored()).toEqual(before);
    });

    test("all are converted to one format, also with the key that stays; again, there is nothing to do", async () => {
      await put("upbit", "karbit");
      await put("bybit", "envelope");
      const convert = () => rotate({ to: createSecrets(ENCRYPTION_KEY), convertTo: "envelope" });
      expect((await convert()).groups).toEqual([
        { from: "envelope", to: "envelope", rows: 1, already: 1 },
        { from: "karbit", to: "envelope", rows: 1, already: 0 },
      ]);
      expect((await readNow(OLD)).map(([, , , formats]) => formats)).toEqual(
        Array(2).fill("envelope envelope"),
      );
      const before = await stored();
      expect(await convert()).toMatchObject({ written: 0, groups: [{ rows: 2, already: 2 }] });
      expect(await stored()).toEqual(before);
    });

    test("some that have the new key already, and a try again after a lost answer, do no harm", async () => {
      await put("upbit", "karbit", NEW);
      await put("bithumb", "karbit");
      const twice: Database = {
        ...database(),
        async transaction(operation, work) {
          await database().transaction(operation, work);
          return await database().transaction(operation, work);
        },
      };
      expect(await rotate({}, twice)).toEqual({
        groups: [{ from: "karbit", to: "karbit", rows: 2, already: 1 }],
        unread: [],
        written: 1,
      });
      expect((await readNow()).map(([venue, key]) => [venue, key])).toEqual([
        ["upbit", `api_key-of-${userId}-upbit`],
        ["bithumb", `api_key-of-${userId}-bithumb`],
      ]);
      expect(await audited()).toHaveLength(1);
    });

    test("more rows than a batch are all written", async () => {
      await rows(
        database(),
        sql`insert into users (email, password_hash) select 'many-' || n, '' from generate_series(1, 520) n`,
      );
      const text = OLD.write("api-key-of-many", { userId, venue: "upbit", field: "api_key" }, "karbit");
      await rows(
        database(),
        sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
            select u.id, e.id, ${text}, ${text} from users u, exchanges e where u.email like 'many-%' and e.eng_name = 'upbit'`,
      );
      expect(await rotate()).toMatchObject({ written: 520, unread: [] });
      const seen = await readNow();
      expect(new Set(seen.map(([, key, secret]) => `${key} ${secret}`))).toEqual(
        new Set(["api-key-of-many api-key-of-many"]),
      );
      expect(seen).toHaveLength(520);
      expect(await audited()).toHaveLength(520);
    });
  });
}
