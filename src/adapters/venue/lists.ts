// The venues' lists over HTTP, parsed, through the governor: what is listed, recent prices, wallet states.

import type { OverseasVenue, Venue } from "../../../schema/vocabulary.ts";
import type { Funding, Listing, WalletState } from "../../domain/instrument.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import type { Log } from "../../ports/telemetry.ts";
import { ListFault, type VenueList, type VenueLists } from "../../ports/venue-lists.ts";
import * as binance from "./binance/parse.ts";
import * as bithumb from "./bithumb/parse.ts";
import * as bybit from "./bybit/parse.ts";
import { httpGet, type VenueUrls } from "./http.ts";
import { issueText, type Parsed } from "./parsed.ts";
import * as upbit from "./upbit/parse.ts";

export interface ListDeps {
  readonly urls: VenueUrls;
  readonly clock: Clock;
  readonly log: Log;
  readonly governor: RateGovernor;
  readonly timeoutMs: number;
  /** Reads wallet states with an operator key; undefined for venues without one (adapters/venue/wallets.ts). */
  readonly readWallets?: Partial<Record<Venue, () => Promise<string>>>;
}

interface Listings {
  readonly listings: readonly Listing[];
  /** Rows that could not be read. */
  readonly skipped: number;
}

const TICKER_MARKETS_MAX = 200;
const BYBIT_PAGES_MAX = 20;
const BUDGET_WAIT_MS = 15_000;
/** Binance's weight of premiumIndex for all symbols; everything else here costs 1. */
const BINANCE_PRICES_WEIGHT = 10;

export function createVenueLists(deps: ListDeps): VenueLists {
  const get = async (venue: Venue, path: string, cost = 1): Promise<Uint8Array> => {
    const grant = await deps.governor.reserve({ [venue]: cost }, BUDGET_WAIT_MS);
    if (!grant.venues.has(venue)) throw new ListFault(`${venue}: no budget for ${path}`);
    const got = await httpGet(deps.urls[venue] + path, deps.timeoutMs, deps.clock);
    grant.settle(venue, cost, got.answer);
    if (!got.bytes) throw new ListFault(`${venue}: ${got.outcome} for ${path.split("?")[0]}`);
    return got.bytes;
  };
  const read = <T>(venue: Venue, what: string, parsed: Parsed<T>): { value: T; skipped: number } => {
    if (!parsed.ok) {
      const why = parsed.issues.slice(0, 3).map(issueText).join("; ");
      throw new ListFault(`${venue} ${what}: ${why}`);
    }
    if (parsed.skipped > 0) {
      const why = parsed.issues.slice(0, 3).map(issueText);
      deps.log.warn("rows of a list were left out", { venue, what, skipped: parsed.skipped, why });
    }
    return parsed;
  };
  const value = <T>(venue: Venue, what: string, parsed: Parsed<T>): T => read(venue, what, parsed).value;

  const domesticPrices = async (
    venue: "upbit" | "bithumb",
    markets: readonly string[],
  ): Promise<Map<string, number>> => {
    const prices = new Map<string, number>();
    for (let from = 0; from < markets.length; from += TICKER_MARKETS_MAX) {
      const chunk = markets.slice(from, from + TICKER_MARKETS_MAX);
      const bytes = await get(venue, `/v1/ticker?markets=${chunk.join(",")}`);
      const parse = venue === "upbit" ? upbit.parsePrices : bithumb.parsePrices;
      for (const [market, price] of value(venue, "prices", parse(bytes))) prices.set(market, price);
    }
    return prices;
  };

  const upbitListings = async (): Promise<Listings> => {
    const { value: list, skipped } = read(
      "upbit",
      "markets",
      upbit.parseListings(await get("upbit", "/v1/market/all?is_details=true")),
    );
    const markets = list.map(({ symbol }) => symbol).join(",");
    const instruments = await get("upbit", `/v1/orderbook/instruments?markets=${markets}`);
    const increments = value("upbit", "price increments", upbit.parsePriceIncrements(instruments));
    const listings = list.map((listing) => ({ ...listing, priceIncrement: increments.get(listing.symbol) }));
    return { listings, skipped };
  };

  const bithumbListings = async (): Promise<Listings> => {
    const warnings = value(
      "bithumb",
      "warnings",
      bithumb.parseWarnings(await get("bithumb", "/v1/market/virtual_asset_warning")),
    );
    const body = await get("bithumb", "/v1/market/all?isDetails=true");
    const { value: listings, skipped } = read("bithumb", "markets", bithumb.parseListings(body, warnings));
    return { listings, skipped };
  };

  const bybitListings = async (tickers: ReadonlySet<string>): Promise<Listings> => {
    const listings: Listing[] = [];
    let skipped = 0;
    let cursor: string | undefined = "";
    for (let page = 0; page < BYBIT_PAGES_MAX && cursor !== undefined; page++) {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const body = await get("bybit", `/v5/market/instruments-info?category=linear&limit=1000${query}`);
      const found = read("bybit", "instruments", bybit.parseListings(body, tickers));
      listings.push(...found.value.listings);
      skipped += found.skipped;
      cursor = found.value.nextCursor;
    }
    if (cursor !== undefined) throw new ListFault(`bybit instruments: more than ${BYBIT_PAGES_MAX} pages`);
    return { listings, skipped };
  };

  const overseas = async (venue: OverseasVenue, tickers: ReadonlySet<string>): Promise<VenueList> => {
    if (venue === "bybit") {
      const { listings, skipped } = await bybitListings(tickers);
      const body = await get("bybit", "/v5/market/tickers?category=linear");
      const prices = value("bybit", "prices", bybit.parsePrices(body));
      const funding = fundingBySymbol(bybit.parseFunding(body));
      const candidates = listings.map((listing) => ({
        listing,
        price: prices.get(listing.symbol),
        funding: funding.get(listing.symbol),
      }));
      return { candidates, skipped };
    }
    const info = await get("binance", "/fapi/v1/exchangeInfo");
    const { value: listings, skipped } = read("binance", "instruments", binance.parseListings(info, tickers));
    const body = await get("binance", "/fapi/v1/premiumIndex", BINANCE_PRICES_WEIGHT);
    const prices = value("binance", "prices", binance.parsePrices(body));
    const funding = fundingBySymbol(binance.parseFunding(body, await fundingIntervals()));
    const candidates = listings.map((listing) => ({
      listing,
      price: prices.get(listing.symbol),
      funding: funding.get(listing.symbol),
    }));
    return { candidates, skipped };
  };

  /** Undefined when they cannot be had: then every 8 hours is taken. */
  const fundingIntervals = async (): Promise<ReadonlyMap<string, number> | undefined> => {
    const body = await get("binance", "/fapi/v1/fundingInfo").catch(() => undefined);
    const parsed = body && binance.parseFundingIntervals(body);
    return parsed?.ok ? parsed.value : undefined;
  };

  /** Expected funding only informs: a list it cannot be read from is still a list. */
  const fundingBySymbol = (parsed: Parsed<Funding[]>): ReadonlyMap<string, Funding> =>
    new Map(parsed.ok ? parsed.value.map((row) => [row.symbol, row]) : []);

  const parseWallets: Record<Venue, (body: string) => Parsed<WalletState[]>> = {
    upbit: upbit.parseWallets,
    bithumb: bithumb.parseWallets,
    bybit: bybit.parseWallets,
    binance: binance.parseWallets,
  };

  return {
    async candidates(venue, koreanTickers) {
      if (venue === "bybit" || venue === "binance") return await overseas(venue, koreanTickers);
      const { listings, skipped } = venue === "upbit" ? await upbitListings() : await bithumbListings();
      const prices = await domesticPrices(
        venue,
        listings.map(({ symbol }) => symbol),
      );
      const candidates = listings.map((listing) => ({ listing, price: prices.get(listing.symbol) }));
      return { candidates, skipped };
    },
    async wallets(venue) {
      const readBody = deps.readWallets?.[venue];
      if (!readBody) return undefined;
      const grant = await deps.governor.reserve({ [venue]: 1 }, BUDGET_WAIT_MS);
      if (!grant.venues.has(venue)) throw new ListFault(`${venue}: no budget for wallet states`);
      let status = 0;
      try {
        const body = await readBody();
        status = 200;
        return value(venue, "wallets", parseWallets[venue](body));
      } finally {
        grant.settle(venue, 1, { status, headers: undefined });
      }
    },
  };
}
