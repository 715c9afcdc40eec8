// The English words of each notice.

import type { Decimal } from "./decimal.ts";
import type { Notice } from "./notice.ts";
import {
  clean,
  detailLine,
  faultLines,
  fixed,
  type NoticeBody,
  premium,
  quantity,
  reason,
  signed,
  venuesOf,
} from "./notice-format.ts";
import { CAUSE_WORDS, INCIDENT_WORDS, SERVICE_WORDS, VENUE_WORDS } from "./notice-words.ts";

export function englishNotice(notice: Notice): NoticeBody {
  switch (notice.kind) {
    case "entered": {
      const [domestic, overseas] = venuesOf(notice.pair, "en");
      return {
        title: `Entered · ${clean(notice.coin)}`,
        lines: [
          `${domestic} bought / ${overseas} short`,
          `Quantity: ${quantity(notice.qtyCoin)} ${clean(notice.coin)}`,
          `Entry rate: ${fixed(notice.entryRate, 2)} KRW ${against(notice.entryRate, notice.referenceKrw)}`,
          `Spent: ${fixed(notice.spentKrw, 0)} KRW`,
          `Sold short: ${fixed(notice.receivedUsdt, 2)} USDT (leverage ${notice.leverage}x)`,
        ],
      };
    }
    case "exited": {
      const [domestic, overseas] = venuesOf(notice.pair, "en");
      const { profitKrw, profitRatePct } = notice;
      const rate = profitRatePct ? ` (${signed(profitRatePct, 2)}%)` : "";
      return {
        title: `${notice.end === "closed" ? "Position closed" : "Position closed in part"} · ${clean(notice.coin)}`,
        lines: [
          `${domestic} sold / ${overseas} short bought back`,
          `Cause: ${CAUSE_WORDS[notice.cause].en}`,
          `Entry rate: ${fixed(notice.entryRate, 2)} KRW`,
          `Exit rate: ${fixed(notice.exitRate, 2)} KRW ${against(notice.exitRate, notice.referenceKrw)}`,
          profitKrw ? `Profit: ${signed(profitKrw, 0)} KRW${rate}` : "Profit: not settled yet",
        ],
      };
    }
    case "entry-failed":
      return {
        title: `Entry failed · ${clean(notice.coin)}`,
        lines: [venuesOf(notice.pair, "en").join(" / "), `Reason: ${reason(notice.why, "en")}`],
      };
    case "unwound":
      return {
        title: `Entry undone · ${clean(notice.coin)}`,
        lines: [
          "The short could not be filled; the coins bought were sold back.",
          notice.lossKrw && `Profit: ${signed(notice.lossKrw.negated(), 0)} KRW`,
        ],
      };
    case "needs-human":
      return {
        title: `Needs you · ${clean(notice.coin)}`,
        lines: [
          "Orders could not be finished automatically. No new entries; trying again every 30 seconds.",
          `Reason: ${reason(notice.why, "en")}`,
          `Intent: ${clean(notice.intentId)}`,
        ],
      };
    case "incident":
      return {
        title: incidentTitle(notice),
        lines: [
          notice.userId === undefined ? undefined : `User: ${notice.userId}`,
          `Detail: ${reason(notice.detail, "en")}`,
        ],
      };
    case "position-changed-by-hand":
      return {
        title: `Traded by hand · ${clean(notice.coin)}`,
        lines: [
          `Venue: ${VENUE_WORDS[notice.venue].en}`,
          {
            closed:
              "The position was closed by hand in Karbit; our record follows. What is left of it is closed now.",
            joined:
              "A manual trade is mixed with our position. Automatic exits of this coin wait until you have looked.",
          }[notice.change],
        ],
      };
    case "short-gone":
      return {
        title: `Short closed outside of us · ${clean(notice.coin)}`,
        lines: [
          {
            gone: `The short at ${VENUE_WORDS[notice.venue].en} is gone, and not by an order of ours: by hand, liquidation or auto-deleveraging (ADL).`,
            smaller: `The short at ${VENUE_WORDS[notice.venue].en} is smaller, and not by an order of ours: by hand, liquidation or auto-deleveraging (ADL).`,
          }[notice.is],
          {
            selling: "The position is closed: coins left without a hedge are being sold now.",
            waiting:
              "Coins are left without a hedge and are not sold by themselves: close the position yourself.",
          }[notice.spot],
        ],
      };
    case "guardian":
      return {
        title: `Liquidation is near · ${clean(notice.coin)}`,
        lines: [
          `${VENUE_WORDS[notice.venue].en} short: ${fixed(notice.distancePct, 2)}% to liquidation`,
          {
            alert: "Please add margin or make the position smaller.",
            close: "Past the limit: both legs are being closed.",
            blocked: "A venue cannot be reached, so neither leg was sent. Looking again every 10 seconds.",
          }[notice.verdict],
        ],
      };
    case "key-fault":
      return {
        title: `API key · ${VENUE_WORDS[notice.venue].en}`,
        lines: [...faultLines(notice.faults, "en"), "Please check the API key at the venue."],
      };
    case "delisting":
    case "warned":
    case "wallet-suspended": {
      const venue = VENUE_WORDS[notice.venue].en;
      const { title, line } = {
        delisting: { title: "Delisting announced", line: `${venue} has announced the delisting.` },
        warned: { title: "Trading warning", line: `${venue} has put the coin under a warning.` },
        "wallet-suspended": {
          title: "Deposits or withdrawals suspended",
          line: `${venue} has suspended deposits or withdrawals.`,
        },
      }[notice.kind];
      return {
        title: `${title} · ${clean(notice.coin)}`,
        lines: [line, "No new entries. Open positions can be closed by force."],
      };
    }
    case "funding-high":
      return {
        title: `Funding cost · ${clean(notice.coin)}`,
        lines: [
          `Funding at ${VENUE_WORDS[notice.venue].en} is above the set limit: ${fixed(notice.costPct, 2)}%`,
        ],
      };
    case "service":
      return {
        title: `Service · ${SERVICE_WORDS[notice.what].en}`,
        lines: [detailLine(notice.detail)],
      };
  }
}

function against(rate: Decimal, referenceKrw: Decimal): string {
  return `(USDT ${fixed(referenceKrw, 2)} KRW, ${premium(rate, referenceKrw)})`;
}

function incidentTitle({ what, coin }: Extract<Notice, { kind: "incident" }>): string {
  return `Incident · ${INCIDENT_WORDS[what].en}${coin === undefined ? "" : ` · ${clean(coin)}`}`;
}
