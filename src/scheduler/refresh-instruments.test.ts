import { expect, test } from "bun:test";
import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import type { Listing } from "../domain/instrument.ts";
import type { InstrumentStore, KnownInstrument, VenueRefresh, VenueRefreshResult } from "../ports/store.ts";
import { ListFault, type ListingCandidate, type VenueList, type VenueLists } from "../ports/venue-lists.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { InstrumentBook } from "./refresh-instruments.ts";

const COINS = ["BTC", "ETH", "XRP", "SOL", "ADA", "DOGE"];
const RATE = 1_400;

function candidate(venue: Venue, coin: string, priceUsdt: number, multiplier = 1): ListingCandidate {
  const domestic = venue === "upbit" || venue === "bithumb";
  const listing: Listing = {
    venue,
    coin,
    symbol: domestic ? `KRW-${coin}` : `${multiplier > 1 ? multiplier : ""}${coin}USDT`,
    multiplier,
    displayName: coin,
    tradable: true,
    warnings: [],
    delistAtMs: undefined,
    priceIncrement: undefined,
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  };
  return { listing, price: domestic ? priceUsdt * RATE : priceUsdt * multiplier };
}

class Rig implements VenueLists, InstrumentStore {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly stored: VenueRefresh[] = [];
  readonly lists: Record<Venue, ListingCandidate[] | "down"> = {
    upbit: COINS.map((coin, index) => candidate("upbit", coin, index + 1)),
    bithumb: COINS.map((coin, index) => candidate("bithumb", coin, index + 1)),
    bybit: COINS.map((coin, index) => candidate("bybit", coin, index + 1)),
    binance: COINS.map((coin, index) => candidate("binance", coin, index + 1)),
  };
  /** Rows that could not be read. */
  readonly skipped: Partial<Record<Venue, number>> = {};
  heldCoins: () => Promise<readonly string[]> = async () => [];
  readonly book = new InstrumentBook({
    ...{ clock: this.clock, log: this.log, lists: this, store: this },
    heldCoins: () => this.heldCoins(),
  });

  async candidates(venue: Venue): Promise<VenueList> {
    const list = this.lists[venue];
    if (list === "down") throw new ListFault(`${venue}: http 503`);
    return { candidates: list, skipped: this.skipped[venue] ?? 0 };
  }
  /** As if that coin's row had become unreadable, or had gone. */
  without(venue: Venue, coin: string, skipped: 0 | 1): void {
    const list = this.lists[venue] as ListingCandidate[];
    this.lists[venue] = list.filter(({ listing }) => listing.coin !== coin);
    this.skipped[venue] = skipped;
  }
  async wallets(): Promise<undefined> {
    return undefined;
  }
  async refreshVenue(refresh: VenueRefresh): Promise<VenueRefreshResult> {
    this.stored.push(refresh);
    const none: string[] = [];
    return {
      refused: undefined,
      insertedCoins: none,
      updatedCoins: none,
      deletedCoins: none,
      referencedCoins: none,
      heldBackCoins: none,
      overlongCoins: none,
    };
  }
  known: KnownInstrument[] = [];
  async instruments() {
    return this.known;
  }
  async refresh(): Promise<string[]> {
    await this.book.refresh();
    await this.book.stored();
    return this.book.coins().map(({ coin }) => coin);
  }
}

test("refresh joins the lists and stores each venue's", async () => {
  const rig = new Rig();
  expect(await rig.refresh()).toEqual([...COINS].sort());
  expect(rig.stored.map(({ venue }) => venue).sort()).toEqual([...VENUES].sort());
});

test("a venue that is away keeps its last list, is told of once, and nothing is stored for it", async () => {
  const rig = new Rig();
  await rig.refresh();
  rig.stored.length = 0;
  rig.lists.bybit = "down";
  expect((await rig.refresh()).length).toBe(COINS.length);
  expect((await rig.refresh()).length).toBe(COINS.length);
  expect(rig.stored.filter(({ venue }) => venue === "bybit")).toEqual([]);
  expect(rig.log.said("warn")).toEqual(["list not refreshed, the last one stays"]);
  rig.lists.bybit = COINS.map((coin, index) => candidate("bybit", coin, index + 1));
  await rig.refresh();
  expect(rig.log.said("info")).toContain("list is back");
});

test("an empty or halved list is not believed", async () => {
  const rig = new Rig();
  await rig.refresh();
  rig.lists.upbit = [];
  expect((await rig.refresh()).length).toBe(COINS.length);
  rig.lists.upbit = [candidate("upbit", "BTC", 1), candidate("upbit", "ETH", 2)];
  expect((await rig.refresh()).length).toBe(COINS.length);
  expect(rig.book.state().upbit).toMatchObject({ count: COINS.length, failing: true });
});

test("after a restart a first list far shorter than what the store knows is not believed until it is repeated", async () => {
  const rig = new Rig();
  rig.known = Array.from({ length: 13 }, (_, index): KnownInstrument => {
    const coin = COINS[index] ?? `X${index}`;
    const symbol = `KRW-${coin}`;
    const seen = { firstSeenAtMs: 0, lastSeenAtMs: 0, why: undefined };
    return { venue: "upbit", symbol, coin, multiplier: 1, state: "active", ...seen };
  });
  await rig.refresh();
  expect(rig.book.state().upbit).toMatchObject({ count: 0, failing: true });
  expect(rig.book.state().bithumb.count).toBe(COINS.length);
  await rig.refresh();
  await rig.refresh();
  expect(rig.book.state().upbit.count).toBe(0);
  await rig.refresh();
  expect(rig.book.state().upbit).toMatchObject({ count: COINS.length, failing: false });
});

test("a delisted coin leaves the quoted coins", async () => {
  const rig = new Rig();
  await rig.refresh();
  for (const venue of ["upbit", "bithumb"] as const) {
    rig.lists[venue] = (rig.lists[venue] as ListingCandidate[]).filter(
      ({ listing }) => listing.coin !== "ADA",
    );
  }
  expect(await rig.refresh()).not.toContain("ADA");
});

test("of two contracts that may be one coin the price decides; what no price confirms is quarantined and told once", async () => {
  const rig = new Rig();
  rig.lists.upbit = [...(rig.lists.upbit as ListingCandidate[]), candidate("upbit", "CAT", 0.00001)];
  rig.lists.upbit = [...rig.lists.upbit, candidate("upbit", "ACE", 5)];
  // CATUSDT is another asset at 7 USDT; 1000CATUSDT is the coin.
  const other = { ...candidate("binance", "CAT", 7) };
  const impostor = { ...candidate("binance", "ACE", 9) };
  rig.lists.binance = [
    ...(rig.lists.binance as ListingCandidate[]),
    other,
    candidate("binance", "CAT", 0.00001, 1000),
    impostor,
  ];
  await rig.refresh();
  await rig.refresh();
  const cat = rig.book.coins().find(({ coin }) => coin === "CAT")!;
  expect(cat.listings.binance!.symbol).toBe("1000CATUSDT");
  expect([...rig.book.quarantined().get("binance")!.keys()]).toEqual(["ACEUSDT"]);
  expect(rig.log.said("warn")).toEqual(["identity not confirmed by price: quarantined"]);
});

test("a held coin whose row cannot be read stays with its last listing until a whole list lacks it", async () => {
  const rig = new Rig();
  rig.heldCoins = async () => ["ADA"];
  await rig.refresh();
  const last = rig.book.coins().find(({ coin }) => coin === "ADA");
  for (const venue of ["upbit", "bybit"] as const) {
    rig.without(venue, "ADA", 1);
    rig.without(venue, "XRP", 1);
  }
  for (let count = 0; count < 2; count++) {
    rig.stored.length = 0;
    await rig.refresh();
    expect(rig.book.coins().find(({ coin }) => coin === "ADA")).toEqual(last);
    const { listings } = rig.book.coins().find(({ coin }) => coin === "XRP")!;
    expect(Object.keys(listings)).toEqual(["bithumb", "binance"]);
    const stored = rig.stored.find(({ venue }) => venue === "bybit")!.listings;
    expect(stored.map(({ symbol }) => symbol)).toContain("ADAUSDT");
  }
  rig.skipped.bybit = 0;
  await rig.refresh();
  const { listings } = rig.book.coins().find(({ coin }) => coin === "ADA")!;
  expect(Object.keys(listings)).toEqual(["upbit", "bithumb", "binance"]);
});

test("another contract of a held coin does not take the place of the one that cannot be read", async () => {
  const rig = new Rig();
  rig.heldCoins = async () => ["CAT"];
  for (const venue of ["upbit", "bithumb"] as const) {
    rig.lists[venue] = [...(rig.lists[venue] as ListingCandidate[]), candidate(venue, "CAT", 0.00001)];
  }
  const other = candidate("binance", "CAT", 7);
  const others = rig.lists.binance as ListingCandidate[];
  rig.lists.binance = [...others, other, candidate("binance", "CAT", 0.00001, 1000)];
  await rig.refresh();
  rig.lists.binance = [...others, other];
  rig.skipped.binance = 1;
  await rig.refresh();
  const cat = rig.book.coins().find(({ coin }) => coin === "CAT")!;
  expect(cat.listings.binance!.symbol).toBe("1000CATUSDT");
});

test("while nobody can tell what is held, no list that is not whole takes a coin off", async () => {
  const rig = new Rig();
  rig.heldCoins = () => Promise.reject(new Error("store away"));
  await rig.refresh();
  rig.without("upbit", "ADA", 1);
  rig.without("bithumb", "ADA", 1);
  expect(await rig.refresh()).toContain("ADA");
  rig.heldCoins = () => new Promise(() => undefined);
  const refreshed = rig.refresh();
  await rig.clock.advance(5_000);
  expect(await refreshed).toContain("ADA");
});

test("after a restart the store's word stands for a held coin whose row cannot be read", async () => {
  const rig = new Rig();
  rig.heldCoins = async () => ["ADA"];
  const seen = { firstSeenAtMs: 0, lastSeenAtMs: 0, why: undefined };
  rig.known = COINS.map((coin) => ({
    ...{ venue: "bybit", symbol: `${coin}USDT`, coin, multiplier: 1, state: "active", ...seen },
  }));
  rig.known.push({ ...rig.known[4]!, symbol: "OLDADAUSDT", state: "delisted" });
  rig.without("bybit", "ADA", 1);
  await rig.refresh();
  const ada = rig.book.coins().find(({ coin }) => coin === "ADA")!;
  expect(ada.listings.bybit!.symbol).toBe("ADAUSDT");
});
