// What the doctor says, in English and Korean: what is wrong, and what to do about it. English has exactly the keys
// Korean has; the compiler sees to it. Commands and settings are named as they are typed.

import type { Venue } from "../../schema/vocabulary.ts";
import { reasonWords } from "../domain/notice-words.ts";
import { REASON_TAGS, VENUE_NAMES } from "../web/market-words.ts";
import { ACTORS, INCIDENT_KINDS, SCOPES } from "./operator-words.ts";

type Told = readonly [what: string, todo: string];

const en = {
  busAway: (detail: string): Told => [
    `The bus is away: ${detail}.`,
    "Start nats-server; check NATS_URL and its credentials.",
  ],
  databaseAway: (): Told => [
    "The database is away: nothing is traded.",
    "Start PostgreSQL; check DATABASE_URL and the network.",
  ],
  redisAway: (detail: string): Told => [
    `Redis is away: ${detail}. Karbit and the edge see no new rates.`,
    "Start redis-server; check REDIS_URL.",
  ],
  diskFull: (folder: string, freePct: string): Told => [
    `The disk of ${folder} has ${freePct} % left; once it is full nothing is traded.`,
    "Make room: journald, old dumps, HISTORY_DAYS; or a larger disk.",
  ],
  certificateEnds: (days: number, date: string): Told => [
    `The certificate of nats-server ${days < 0 ? "ended" : "ends"} on ${date}: then no process reaches the bus.`,
    'Make a new one; docs/deploy.md, "the certificate".',
  ],
  paused: (): Told => ["Ticks are paused by the operator.", "schedulerx-scheduler ticks resume"],
  noTick: (): Told => [
    "No tick has closed lately.",
    "See the findings about the bus and the workers, and the scheduler's log.",
  ],
  noWorker: (): Told => [
    "No worker has reported lately.",
    "Start schedulerx-worker on its hosts; its --check says what it lacks.",
  ],
  workerSilent: (id: string, seconds: number): Told => [
    `Worker ${id} is silent for ${seconds} s.`,
    `journalctl -u schedulerx-worker on ${id}`,
  ],
  missing: (count: number, names: string): Told => [
    `The last tick lacked ${count} rates: ${names}.`,
    en.nullTodo.missing,
  ],
  nulls: ({ count, pairCount, reason }: Nulls): Told => [
    `${count} of ${pairCount} rates are null now as "${reason}".`,
    en.nullTodo[reason],
  ],
  noReference: (): Told => [
    "There is no reference price: nothing is entered.",
    "Upbit's and Bithumb's KRW-USDT books are not to be had: see the venues.",
  ],
  noList: (venue: string): Told => [
    `${venue} has given no list of instruments yet.`,
    "Is its address reached from here? --check asks it.",
  ],
  oldList: (venue: string, minutes: number): Told => [
    `${venue}'s lists are ${minutes} min old.`,
    'Look for "lists" in the log.',
  ],
  banned: (venue: string, seconds: number): Told => [
    `${venue} has banned this address for another ${seconds} s.`,
    "Nothing is asked of it meanwhile. Two processes behind one address need one SOURCE_ADDRESS label.",
  ],
  bannedElsewhere: (venue: string, address: string, seconds: number): Told => [
    `${venue} has banned ${address} for another ${seconds} s.`,
    "Its workers ask nothing there meanwhile; those behind other addresses do. Does something else ask from there, or has one address two SOURCE_ADDRESS labels?",
  ],
  refused: (venue: string): Told => [
    `${venue} has refused requests lately: less is asked of it.`,
    "It eases by itself.",
  ],
  recovering: (): Told => [
    "Trading recovers what a process before it had begun; entries open after that.",
    "Wait up to half a minute.",
  ],
  drained: (): Told => [
    "This scheduler has been drained: it trades no more.",
    "Restart it, or let the standby lead.",
  ],
  legAlone: (krw: string, seconds: number): Told => [
    `A leg has stood alone for ${seconds} s: ${krw} KRW are not hedged.`,
    "Is the exchange of the other leg away, or an incident open? It is tried again by itself.",
  ],
  switched: (what: Switched): Told => {
    const { halted, scope, subject, minutes, by, why, lift } = what;
    const how = halted ? "Trading is halted" : "Entries are off";
    const about = [scope, subject].join(" ").trim();
    return [
      `${how} (${about}) for ${minutes} min by the ${by}: ${reasonWords(why, "en") || "no reason given"}.`,
      lift,
    ];
  },
  incident: ({ incidentId, userId, kind, coin, detail }: OpenIncident): Told => [
    `Incident ${incidentId}: ${kind} of user ${userId}${coin ? ` in ${coin}` : ""}: ${reasonWords(detail, "en")}. Nothing is entered for this user.`,
    `${en.incidentTodo[kind as IncidentKind] ?? "Look into it."} schedulerx-scheduler incidents close ${incidentId}`,
  ],
  nullTodo: {
    stale: "Synchronise the hosts' clocks (chrony); a book's age is judged by them.",
    "rate-limited":
      "Two processes may share one address under two SOURCE_ADDRESS labels, or the tick is too short: --check prints the shortest.",
    "fetch-failed": "Look at the workers' logs and their way out: DNS, firewall, REQUEST_TIMEOUT_MS.",
    skewed: "A venue is slow from there: workers nearer to it, or a longer tick.",
    malformed: "A venue answers something new: LOG_LEVEL=debug on a worker shows what.",
    missing: "Tasks are not done within the tick: more workers, or a longer tick.",
  },
  incidentTodo: {
    "needs-human": "Look at the orders at both venues. It is tried again every 30 s by itself.",
    "unknown-difference":
      "Compare the venue with the record (schedulerx-scheduler positions); then close it.",
    "projection-failed": "Karbit's row is tried again each minute; look at the database's log.",
    key: "The user has to put in a key that works; then close it.",
    defect: "A fault of ours: keep the log, report it, then close it.",
  },
};

export interface Switched {
  readonly halted: boolean;
  readonly scope: string;
  /** "" of everybody. */
  readonly subject: string;
  readonly minutes: number;
  readonly by: string;
  readonly why: string;
  readonly lift: string;
}

export interface Nulls {
  readonly count: number;
  readonly pairCount: number;
  readonly reason: NullReason;
}

export interface OpenIncident {
  readonly incidentId: number;
  readonly userId: number;
  readonly kind: string;
  readonly coin: string;
  readonly detail: string;
}

/** Reasons of nulls somebody can do something about. */
export type NullReason = "stale" | "rate-limited" | "fetch-failed" | "skewed" | "malformed" | "missing";

type IncidentKind = "needs-human" | "unknown-difference" | "projection-failed" | "key" | "defect";

export type DoctorWords = Omit<typeof en, "nullTodo" | "incidentTodo"> & {
  readonly nullTodo: Readonly<Record<NullReason, string>>;
  readonly incidentTodo: Readonly<Record<IncidentKind, string>>;
};

/** An exchange's name with the particle of a subject. */
const SUBJECTS: Readonly<Record<string, string>> = {
  ...{ upbit: "업비트가", bithumb: "빗썸이", bybit: "바이비트가", binance: "바이낸스가" },
};
const venueName = (venue: string) => VENUE_NAMES.ko[venue as Venue] ?? venue;
const venueSubject = (venue: string) => SUBJECTS[venue] ?? `${venue}가`;

const ko: DoctorWords = {
  busAway: (detail) => [
    `버스(NATS)에 닿지 않습니다: ${detail}.`,
    "nats-server를 시작하고 NATS_URL과 인증 정보를 확인하세요.",
  ],
  databaseAway: () => [
    "데이터베이스에 닿지 않습니다. 매매가 멈춰 있습니다.",
    "PostgreSQL을 시작하고 DATABASE_URL과 네트워크를 확인하세요.",
  ],
  redisAway: (detail) => [
    `Redis에 닿지 않습니다: ${detail}. Karbit과 엣지에 새 환율이 가지 않습니다.`,
    "redis-server를 시작하고 REDIS_URL을 확인하세요.",
  ],
  diskFull: (folder, freePct) => [
    `${folder}의 디스크가 ${freePct}% 남았습니다. 가득 차면 매매가 멈춥니다.`,
    "자리를 만드세요: journald, 오래된 덤프, HISTORY_DAYS. 또는 더 큰 디스크를 쓰세요.",
  ],
  certificateEnds: (days: number, date: string): Told => [
    `nats-server의 인증서가 ${date}에 만료${days < 0 ? "되었습니다" : "됩니다"}. 그 뒤로는 어느 프로그램도 버스에 닿지 못합니다.`,
    '새로 만들어 설치하세요. docs/deploy.ko.md, "인증서 갱신".',
  ],
  paused: () => ["운영자가 틱을 멈춰 두었습니다.", "schedulerx-scheduler ticks resume"],
  noTick: () => ["최근에 끝난 틱이 없습니다.", "버스와 워커 항목, 스케줄러 로그를 보세요."],
  noWorker: () => [
    "최근에 보고한 워커가 없습니다.",
    "워커 호스트에서 schedulerx-worker를 시작하세요. 부족한 것은 --check가 알려 줍니다.",
  ],
  workerSilent: (id, seconds) => [
    `워커 ${id}가 ${seconds}초째 조용합니다.`,
    `${id}에서 journalctl -u schedulerx-worker`,
  ],
  missing: (count, names) => [`지난 틱에서 환율 ${count}개가 빠졌습니다: ${names}.`, ko.nullTodo.missing],
  nulls: ({ count, pairCount, reason }) => [
    `환율 ${pairCount}개 중 ${count}개가 지금 '${REASON_TAGS.ko[reason]}' 상태로 비어 있습니다.`,
    ko.nullTodo[reason],
  ],
  noReference: () => [
    "기준 시세가 없습니다. 신규 진입이 없습니다.",
    "업비트와 빗썸의 KRW-USDT 호가를 받지 못합니다. 거래소 항목을 보세요.",
  ],
  noList: (venue) => [
    `${venueName(venue)}의 종목 목록을 아직 받지 못했습니다.`,
    "여기서 그 주소에 닿습니까? --check로 물어볼 수 있습니다.",
  ],
  oldList: (venue, minutes) => [
    `${venueName(venue)}의 목록이 ${minutes}분 전 것입니다.`,
    '로그에서 "lists"를 찾으세요.',
  ],
  banned: (venue, seconds) => [
    `${venueSubject(venue)} 이 주소를 막았습니다. ${seconds}초 남았습니다.`,
    "그동안 아무것도 묻지 않습니다. 한 주소 뒤의 두 프로세스는 같은 SOURCE_ADDRESS 이름을 써야 합니다.",
  ],
  bannedElsewhere: (venue, address, seconds) => [
    `${venueSubject(venue)} 주소 ${address}의 요청을 막았습니다. ${seconds}초 남았습니다.`,
    "그동안 그곳의 워커는 아무것도 묻지 않고 다른 주소의 워커가 대신합니다. 그 주소에서 다른 프로그램이 묻거나, 한 주소에 SOURCE_ADDRESS 이름이 둘이 아닌지 보세요.",
  ],
  refused: (venue) => [`${venueSubject(venue)} 최근 요청을 거절해서 덜 묻고 있습니다.`, "저절로 풀립니다."],
  recovering: () => [
    "앞선 프로세스가 시작한 일을 복구하고 있습니다. 끝나면 진입이 열립니다.",
    "길어도 30초쯤 기다리세요.",
  ],
  drained: () => ["이 스케줄러는 인계되어 더는 매매하지 않습니다.", "다시 시작하거나 대기 서버에 맡기세요."],
  legAlone: (krw, seconds) => [
    `한쪽 레그만 ${seconds}초째 남아 있습니다. 헤지되지 않은 금액은 ${krw}원입니다.`,
    "다른 쪽 거래소에 닿지 않거나 사고가 열려 있습니까? 저절로 다시 시도합니다.",
  ],
  switched: ({ halted, scope, subject, minutes, by, why, lift }) => [
    `${minutes}분째 ${halted ? "매매가 정지되어" : "신규 진입이 막혀"} 있습니다. 범위: ${[SCOPES.ko[scope] ?? scope, subject].join(" ").trim()}, 누가: ${ACTORS.ko[by] ?? by}, 이유: ${reasonWords(why, "ko") || "없음"}.`,
    lift,
  ],
  incident: ({ incidentId, userId, kind, coin, detail }) => [
    `사고 ${incidentId}: 사용자 ${userId}${coin ? ` ${coin}` : ""}, ${INCIDENT_KINDS.ko[kind] ?? kind}: ${reasonWords(detail, "ko")}. 이 사용자의 신규 진입이 멈춰 있습니다.`,
    `${ko.incidentTodo[kind as IncidentKind] ?? "살펴보세요."} schedulerx-scheduler incidents close ${incidentId}`,
  ],
  nullTodo: {
    stale: "호스트의 시계를 맞추세요(chrony). 호가의 나이는 시계로 잽니다.",
    "rate-limited":
      "한 주소를 두 프로세스가 다른 SOURCE_ADDRESS 이름으로 쓰거나 틱이 너무 짧습니다. 가장 짧은 틱은 --check가 알려 줍니다.",
    "fetch-failed": "워커의 로그와 나가는 길을 보세요: DNS, 방화벽, REQUEST_TIMEOUT_MS.",
    skewed: "그곳에서 거래소가 느립니다. 가까운 워커를 쓰거나 틱을 늘리세요.",
    malformed: "거래소가 새로운 답을 보냅니다. 워커의 LOG_LEVEL=debug로 볼 수 있습니다.",
    missing: "틱 안에 일이 끝나지 않습니다. 워커를 늘리거나 틱을 늘리세요.",
  },
  incidentTodo: {
    "needs-human": "두 거래소의 주문을 확인하세요. 30초마다 저절로 다시 시도합니다.",
    "unknown-difference": "거래소와 기록(schedulerx-scheduler positions)을 견준 뒤 닫으세요.",
    "projection-failed": "Karbit의 행은 1분마다 다시 씁니다. 데이터베이스 로그를 보세요.",
    key: "사용자가 쓸 수 있는 키를 넣은 뒤 닫으세요.",
    defect: "프로그램의 결함입니다. 로그를 보관하고 알린 뒤 닫으세요.",
  },
};

export const DOCTOR_WORDS: { readonly en: DoctorWords; readonly ko: DoctorWords } = { en, ko };
