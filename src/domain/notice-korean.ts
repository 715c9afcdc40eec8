// The Korean words of each notice, as traders of the premium use them: 진입 and 종료 for our own doing, 강제청산 only for
// the venue's.

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

export function koreanNotice(notice: Notice): NoticeBody {
  switch (notice.kind) {
    case "entered": {
      const [domestic, overseas] = venuesOf(notice.pair, "ko");
      return {
        title: `진입 완료 · ${clean(notice.coin)}`,
        lines: [
          `${domestic} 매수 / ${overseas} 숏`,
          `수량: ${quantity(notice.qtyCoin)} ${clean(notice.coin)}`,
          `진입 환율: ${fixed(notice.entryRate, 2)}원 ${against(notice.entryRate, notice.referenceKrw)}`,
          `매수 금액: ${fixed(notice.spentKrw, 0)}원`,
          `숏 금액: ${fixed(notice.receivedUsdt, 2)} USDT (레버리지 ${notice.leverage}배)`,
        ],
      };
    }
    case "exited": {
      const [domestic, overseas] = venuesOf(notice.pair, "ko");
      const { profitKrw, profitRatePct } = notice;
      const rate = profitRatePct ? ` (${signed(profitRatePct, 2)}%)` : "";
      return {
        title: `${notice.end === "closed" ? "포지션 종료" : "포지션 일부 종료"} · ${clean(notice.coin)}`,
        lines: [
          `${domestic} 매도 / ${overseas} 숏 종료`,
          `사유: ${CAUSE_WORDS[notice.cause].ko}`,
          `진입 환율: ${fixed(notice.entryRate, 2)}원`,
          `종료 환율: ${fixed(notice.exitRate, 2)}원 ${against(notice.exitRate, notice.referenceKrw)}`,
          profitKrw ? `손익: ${signed(profitKrw, 0)}원${rate}` : "손익: 정산 후 확정",
        ],
      };
    }
    case "entry-failed":
      return {
        title: `진입 실패 · ${clean(notice.coin)}`,
        lines: [venuesOf(notice.pair, "ko").join(" / "), `사유: ${reason(notice.why, "ko")}`],
      };
    case "unwound":
      return {
        title: `진입 취소 · ${clean(notice.coin)}`,
        lines: [
          "숏 헤지가 체결되지 않아 매수한 코인을 되팔았습니다.",
          notice.lossKrw && `손익: ${signed(notice.lossKrw.negated(), 0)}원`,
        ],
      };
    case "needs-human":
      return {
        title: `확인 필요 · ${clean(notice.coin)}`,
        lines: [
          "주문을 자동으로 마무리하지 못했습니다. 신규 진입을 멈추고 30초마다 다시 시도합니다.",
          `사유: ${reason(notice.why, "ko")}`,
          `작업 번호: ${clean(notice.intentId)}`,
        ],
      };
    case "incident":
      return {
        title: incidentTitle(notice),
        lines: [
          notice.userId === undefined ? undefined : `사용자: ${notice.userId}`,
          `내용: ${reason(notice.detail, "ko")}`,
        ],
      };
    case "position-changed-by-hand":
      return {
        title: `수동 거래 감지 · ${clean(notice.coin)}`,
        lines: [
          `거래소: ${VENUE_WORDS[notice.venue].ko}`,
          {
            closed: "Karbit에서 포지션이 수동으로 종료되어 기록을 맞춥니다. 남은 수량은 지금 정리합니다.",
            joined:
              "수동 거래가 자동매매 포지션과 섞였습니다. 확인하실 때까지 이 코인의 자동 종료를 보류합니다.",
          }[notice.change],
        ],
      };
    case "short-gone":
      return {
        title: `숏 포지션 외부 종료 · ${clean(notice.coin)}`,
        lines: [
          {
            gone: `${VENUE_WORDS[notice.venue].ko} 숏 포지션이 시스템 주문이 아닌 원인(수동 거래, 강제청산, ADL)으로 종료되었습니다.`,
            smaller: `${VENUE_WORDS[notice.venue].ko} 숏 포지션이 시스템 주문이 아닌 원인(수동 거래, 강제청산, ADL)으로 축소되었습니다.`,
          }[notice.is],
          {
            selling: "포지션을 종료하며, 헤지가 풀린 현물은 즉시 매도합니다.",
            waiting: "헤지가 풀린 현물은 자동으로 매도하지 않습니다. 포지션을 직접 종료해 주세요.",
          }[notice.spot],
        ],
      };
    case "guardian":
      return {
        title: `강제청산 위험 · ${clean(notice.coin)}`,
        lines: [
          `${VENUE_WORDS[notice.venue].ko} 숏: 강제청산가까지 ${fixed(notice.distancePct, 2)}%`,
          {
            alert: "증거금을 추가하거나 포지션을 줄여 주세요.",
            close: "위험 한도에 도달하여 양쪽 포지션을 모두 종료합니다.",
            blocked: "거래소에 연결되지 않아 양쪽 모두 주문을 보내지 않았습니다. 10초마다 다시 확인합니다.",
          }[notice.verdict],
        ],
      };
    case "key-fault":
      return {
        title: `API 키 문제 · ${VENUE_WORDS[notice.venue].ko}`,
        lines: [...faultLines(notice.faults, "ko"), "거래소에서 API 키 상태를 확인해 주세요."],
      };
    case "delisting":
    case "warned":
    case "wallet-suspended": {
      const venue = VENUE_WORDS[notice.venue].ko;
      const { title, line } = {
        delisting: { title: "거래지원 종료 예정", line: `${venue}: 거래지원 종료가 공지되었습니다.` },
        warned: { title: "거래 유의 종목", line: `${venue}: 거래 유의 종목으로 지정되었습니다.` },
        "wallet-suspended": { title: "입출금 중단", line: `${venue}: 입금 또는 출금이 중단되었습니다.` },
      }[notice.kind];
      return {
        title: `${title} · ${clean(notice.coin)}`,
        lines: [line, "신규 진입을 중단합니다. 보유 중인 포지션은 강제 종료를 요청할 수 있습니다."],
      };
    }
    case "funding-high":
      return {
        title: `펀딩비 부담 · ${clean(notice.coin)}`,
        lines: [
          `${VENUE_WORDS[notice.venue].ko} 펀딩비가 설정한 한도를 넘었습니다: ${fixed(notice.costPct, 2)}%`,
        ],
      };
    case "service":
      return {
        title: `서비스 알림 · ${SERVICE_WORDS[notice.what].ko}`,
        lines: [detailLine(notice.detail)],
      };
  }
}

function against(rate: Decimal, referenceKrw: Decimal): string {
  return `(테더 ${fixed(referenceKrw, 2)}원, ${premium(rate, referenceKrw)})`;
}

function incidentTitle({ what, coin }: Extract<Notice, { kind: "incident" }>): string {
  return `사고 발생 · ${INCIDENT_WORDS[what].ko}${coin === undefined ? "" : ` · ${clean(coin)}`}`;
}
