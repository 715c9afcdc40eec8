// The rows of the table of open positions: what the engine holds, and after it what was opened by hand in Karbit, of which
// the engine knows neither target nor profit. Pure.

import { PAIRS } from "../../../schema/vocabulary.ts";
import type { Parts } from "./data.ts";

export interface PositionLine {
  readonly key: string;
  readonly coin: string;
  /** As stored in Karbit: UPBIT. */
  readonly domestic: string;
  readonly overseas: string;
  readonly spentKrw: string;
  readonly qtyCoin: string;
  readonly entries: number;
  readonly entryRate: string | null;
  readonly exitRateNow: string | null;
  /** False: entered by hand in Karbit, and left there. */
  readonly isOurs: boolean;
  readonly exitTargetRate: string | null;
  readonly profitNowKrw: string | null;
  readonly openedAtMs: number | null;
  readonly closeAsked: boolean;
  /** From 0 at the entry rate to 1 at the target; null: not known. */
  readonly way: number | null;
}

export function positionLines(open: Parts["open"], active: Parts["active"]): PositionLine[] {
  const ours = open.map((one): PositionLine => {
    const { domestic, overseas } = PAIRS.find(({ key }) => key === one.pair)!;
    return {
      ...one,
      ...{ domestic: domestic.toUpperCase(), overseas: overseas.toUpperCase(), way: wayOf(one) },
      isOurs: true,
      key: `${one.coin} ${one.pair} ${one.openedAtMs}`,
    };
  });
  const isOurs = ({ coin, krExchange, frExchange }: Parts["active"][number]) =>
    ours.some((one) => one.coin === coin && one.domestic === krExchange && one.overseas === frExchange);
  const byHand = active
    .filter((one) => !isOurs(one))
    .map(
      ({ coin, krExchange, frExchange, krFundsKrw, krVolumeCoin, entries, entryRate, latestEntryAtMs }) => ({
        ...{ coin, domestic: krExchange, overseas: frExchange, spentKrw: krFundsKrw, qtyCoin: krVolumeCoin },
        ...{ entries, entryRate, exitRateNow: null, exitTargetRate: null, profitNowKrw: null },
        ...{ openedAtMs: latestEntryAtMs, closeAsked: false, way: null, isOurs: false },
        key: `${coin} ${krExchange} ${frExchange}`,
      }),
    );
  return [...ours, ...byHand];
}

function wayOf({ entryRate, exitRateNow, exitTargetRate }: Parts["open"][number]): number | null {
  if (exitRateNow === null || exitTargetRate === null) return null;
  const way = Number(exitTargetRate) - Number(entryRate);
  if (!(way > 0)) return null;
  return Math.min(1, Math.max(0, (Number(exitRateNow) - Number(entryRate)) / way));
}
