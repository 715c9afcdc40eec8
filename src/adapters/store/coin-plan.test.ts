import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Listing, WalletState } from "../../domain/instrument.ts";
import type { VenueRefresh } from "../../ports/store.ts";
import { type CoinRow, planCoins } from "./coin-plan.ts";
import { listingOf } from "./store-fixtures.ts";

function stored(coinSymbol: string, changes: Partial<CoinRow> = {}): CoinRow {
  return {
    coinSymbol,
    displayName: `${coinSymbol} coin`,
    depositYn: false,
    withdrawYn: false,
    netType: null,
    ...changes,
  };
}

function refresh(listings: readonly Listing[], changes: Partial<VenueRefresh> = {}): VenueRefresh {
  return { venue: "upbit", atMs: 0, listings, wallets: [], quarantined: new Map(), ...changes };
}

function wallet(
  coin: string,
  deposit: WalletState["deposit"],
  withdraw: WalletState["withdraw"],
): WalletState {
  return { venue: "upbit", coin, deposit, withdraw, netType: "NET" };
}

test("New coins are inserted with false flags, unchanged ones are not written, gone ones are deleted", () => {
  const plan = planCoins(
    [stored("BTC"), stored("ETH"), stored("GONE")],
    refresh([
      listingOf("upbit", "XRP"),
      listingOf("upbit", "BTC"),
      listingOf("upbit", "ETH", { displayName: "Ether" }),
    ]),
  );
  expect(plan.inserts).toEqual([stored("XRP")]);
  expect(plan.updates).toEqual([stored("ETH", { displayName: "Ether" })]);
  expect(plan.deletes).toEqual(["GONE"]);
  expect(plan.heldBack).toEqual([]);
});

test("An unknown wallet state leaves each stored flag, a known one replaces it", () => {
  const rows = [
    stored("A", { depositYn: true, withdrawYn: true, netType: "OLD" }),
    stored("B", { depositYn: true }),
  ];
  const listings = ["A", "B", "C"].map((coin) => listingOf("upbit", coin));
  const absent = planCoins(rows, refresh(listings));
  expect(absent.updates).toEqual([]);
  expect(absent.inserts).toEqual([stored("C")]);
  const wallets = [wallet("A", "unknown", false), wallet("B", false, true), wallet("C", "unknown", true)];
  const plan = planCoins(rows, refresh(listings, { wallets }));
  expect(plan.updates).toEqual([
    stored("A", { depositYn: true, withdrawYn: false, netType: "NET" }),
    stored("B", { depositYn: false, withdrawYn: true, netType: "NET" }),
  ]);
  expect(plan.inserts).toEqual([stored("C", { withdrawYn: true, netType: "NET" })]);
});

test("A wallet state of another venue is not taken", () => {
  const foreign: WalletState = { ...wallet("A", true, true), venue: "bithumb" };
  expect(planCoins([], refresh([listingOf("upbit", "A")], { wallets: [foreign] })).inserts).toEqual([
    stored("A"),
  ]);
});

test("A quarantined coin is neither added nor removed, a halted one is taken off", () => {
  const listings = [
    listingOf("upbit", "NEW"),
    listingOf("upbit", "HELD", { displayName: "other" }),
    listingOf("upbit", "HALT", { tradable: false }),
    listingOf("upbit", "OK"),
    listingOf("upbit", "OK2"),
  ];
  const quarantined = new Map([
    ["KRW-NEW", "price off"],
    ["KRW-HELD", "price off"],
  ]);
  const plan = planCoins(
    [stored("HELD"), stored("HALT"), stored("OK"), stored("OK2")],
    refresh(listings, { quarantined }),
  );
  expect(plan).toEqual({ inserts: [], updates: [], deletes: ["HALT"], heldBack: [], overlong: [] });
});

test("More than half of the coins are not deleted at once, unless forced", () => {
  const rows = ["A", "B", "C", "D"].map((coin) => stored(coin));
  const half = planCoins(rows, refresh([listingOf("upbit", "A"), listingOf("upbit", "B")]));
  expect(half.deletes).toEqual(["C", "D"]);
  const more = refresh([listingOf("upbit", "A"), listingOf("upbit", "NEW")]);
  expect(planCoins(rows, more)).toMatchObject({
    deletes: [],
    heldBack: ["B", "C", "D"],
    inserts: [stored("NEW")],
  });
  expect(planCoins(rows, { ...more, force: true })).toMatchObject({ deletes: ["B", "C", "D"], heldBack: [] });
});

test("A coin over 20 characters is named and skipped, long names are cut by characters, an empty name keeps the stored one or becomes the coin", () => {
  const listings = [
    listingOf("upbit", "X".repeat(21)),
    listingOf("upbit", "Y".repeat(20), { displayName: "\u{1f600}".repeat(101) }),
    listingOf("upbit", "Z", { displayName: " \0" }),
  ];
  const stored = {
    coinSymbol: "W",
    displayName: "double u",
    depositYn: false,
    withdrawYn: false,
    netType: null,
  };
  const kept = planCoins([stored], refresh([...listings, listingOf("upbit", "W", { displayName: "" })]));
  expect([kept.updates, kept.deletes]).toEqual([[], []]);
  const plan = planCoins([], refresh(listings));
  expect(plan.overlong).toEqual(["X".repeat(21)]);
  expect(plan.inserts.map((row) => row.displayName)).toEqual(["\u{1f600}".repeat(100), "Z"]);
});

test("Whatever the list, carrying the plan out makes the next plan empty", () => {
  const coin = fc.constantFrom("A", "B", "C", "D", "E", "F", "\u{1f600}".repeat(21));
  const listing = fc.record({ coin, tradable: fc.boolean(), name: fc.string() });
  const state = fc.constantFrom(true, false, "unknown" as const);
  const walletState = fc.record({ coin, deposit: state, withdraw: state });
  fc.assert(
    fc.property(
      fc.uniqueArray(listing, { selector: (item) => item.coin }),
      fc.array(walletState),
      fc.uniqueArray(coin),
      fc.uniqueArray(fc.constantFrom("A", "B", "C", "G", "H")),
      (listings, wallets, quarantined, coins) => {
        const whole = refresh(
          listings.map((item) =>
            listingOf("upbit", item.coin, { tradable: item.tradable, displayName: item.name }),
          ),
          {
            wallets: wallets.map((item) => wallet(item.coin, item.deposit, item.withdraw)),
            quarantined: new Map(quarantined.map((item) => [`KRW-${item}`, "why"])),
          },
        );
        const rows = coins.map((item) => stored(item));
        const plan = planCoins(rows, whole);
        const after = new Map(rows.map((row) => [row.coinSymbol, row]));
        for (const row of [...plan.inserts, ...plan.updates]) after.set(row.coinSymbol, row);
        for (const gone of plan.deletes) after.delete(gone);
        const next = planCoins([...after.values()], whole);
        expect([...next.inserts, ...next.updates]).toEqual([]);
        if (plan.heldBack.length === 0) expect([...next.deletes, ...next.heldBack]).toEqual([]);
      },
    ),
  );
});
