// The coins of the simulated market: real tickers and names, prices of the right size, and how each trades.
// One line per coin: ticker | Korean name | English name | USDT price | tier | chain. Tiers: A major, B mid,
// C small, D thin. Chains: o own, e Ethereum, s Solana, b BNB chain. Coins of this file are on all four venues.

export type Tier = "A" | "B" | "C" | "D";

export interface Coin {
  readonly ticker: string;
  readonly koreanName: string;
  readonly englishName: string;
  readonly priceUsdt: number;
  readonly tier: Tier;
  readonly chain: "o" | "e" | "s" | "b";
}

const EVERYWHERE = `
BTC|비트코인|Bitcoin|107800|A|o
ETH|이더리움|Ethereum|3850|A|o
XRP|엑스알피(리플)|XRP|2.52|A|o
SOL|솔라나|Solana|186|A|o
DOGE|도지코인|Dogecoin|0.195|A|o
ADA|에이다|Cardano|0.655|A|o
TRX|트론|TRON|0.322|A|o
LINK|체인링크|Chainlink|18.1|A|e
AVAX|아발란체|Avalanche|20.3|A|o
SUI|수이|Sui|2.55|A|o
HBAR|헤데라|Hedera|0.172|A|o
XLM|스텔라루멘|Stellar|0.318|A|o
BCH|비트코인캐시|Bitcoin Cash|535|A|o
ETC|이더리움클래식|Ethereum Classic|16.2|A|o
DOT|폴카닷|Polkadot|3.05|A|o
SHIB|시바이누|Shiba Inu|0.0000102|A|e
PEPE|페페|Pepe|0.0000072|B|e
BONK|봉크|Bonk|0.0000152|B|s
FLOKI|플로키|Floki|0.000062|B|e
NEAR|니어프로토콜|NEAR Protocol|2.25|B|o
APT|앱토스|Aptos|3.4|B|o
UNI|유니스왑|Uniswap|6.3|B|e
AAVE|에이브|Aave|228|B|e
ATOM|코스모스|Cosmos|3.2|B|o
ARB|아비트럼|Arbitrum|0.33|B|e
OP|옵티미즘|Optimism|0.46|B|e
INJ|인젝티브|Injective|8.6|B|o
SEI|세이|Sei|0.205|B|o
STX|스택스|Stacks|0.42|B|o
ICP|인터넷컴퓨터|Internet Computer|3.1|B|o
FIL|파일코인|Filecoin|1.62|B|o
ALGO|알고랜드|Algorand|0.185|B|o
VET|비체인|VeChain|0.0172|B|o
ENA|에테나|Ethena|0.45|B|e
ONDO|온도파이낸스|Ondo Finance|0.73|B|e
WLD|월드코인|Worldcoin|0.88|B|e
JUP|주피터|Jupiter|0.39|B|s
RENDER|렌더토큰|Render Token|2.5|B|s
TAO|비트텐서|Bittensor|395|B|o
TIA|셀레스티아|Celestia|1.05|B|o
IMX|이뮤터블엑스|Immutable X|0.52|B|e
SAND|샌드박스|The Sandbox|0.21|B|e
MANA|디센트럴랜드|Decentraland|0.24|B|e
AXS|엑시인피니티|Axie Infinity|1.45|B|e
GRT|더그래프|The Graph|0.066|B|e
THETA|쎄타토큰|Theta Network|0.55|B|o
CRO|크로노스|Cronos|0.155|B|o
FLOW|플로우|Flow|0.29|B|o
XTZ|테조스|Tezos|0.62|B|o
A|볼타|Vaulta|0.31|B|o
NEO|네오|NEO|5.1|B|o
QTUM|퀀텀|Qtum|1.85|B|o
KAVA|카바|Kava|0.155|B|o
GALA|갈라|Gala|0.0105|B|e
CHZ|칠리즈|Chiliz|0.034|B|o
MASK|마스크네트워크|Mask Network|0.78|B|e
ENS|이더리움네임서비스|Ethereum Name Service|16.5|B|e
LDO|리도다오|Lido DAO|0.92|B|e
COMP|컴파운드|Compound|42|B|e
PENDLE|펜들|Pendle|3.35|B|e
PYTH|피스네트워크|Pyth Network|0.115|B|s
S|소닉|Sonic|0.19|B|o
POL|폴리곤에코시스템토큰|Polygon Ecosystem Token|0.2|B|e
BERA|베라체인|Berachain|1.9|B|o
TRUMP|오피셜트럼프|Official Trump|7.1|B|s
VIRTUAL|버추얼프로토콜|Virtuals Protocol|1.25|B|e
PENGU|펏지펭귄|Pudgy Penguins|0.019|B|s
XEC|이캐시|eCash|0.0000125|C|o
LUNC|테라클래식|Terra Luna Classic|0.00004|C|o
TURBO|터보|Turbo|0.0029|C|e
TOSHI|토시|Toshi|0.0007|C|e
1INCH|1인치네트워크|1inch Network|0.2|C|e
0G|제로지|0G|1.75|C|o
2Z|더블제로|DoubleZero|0.21|C|s
ZRO|레이어제로|LayerZero|1.7|C|e
ZIL|질리카|Zilliqa|0.0085|C|o
IOTA|아이오타|IOTA|0.145|C|o
IOST|아이오에스티|IOST|0.0024|C|o
GAS|가스|GAS|2.4|C|o
ANKR|앵커|Ankr|0.0105|C|e
STORJ|스토리지|Storj|0.18|C|e
LSK|리스크|Lisk|0.28|C|e
BAT|베이직어텐션토큰|Basic Attention Token|0.165|C|e
KNC|카이버네트워크|Kyber Network|0.29|C|e
BLUR|블러|Blur|0.058|C|e
MINA|미나|Mina|0.11|C|o
GLM|골렘|Golem|0.2|C|e
SNX|신세틱스|Synthetix|1.1|C|e
YFI|연파이낸스|yearn.finance|4800|C|e
AGLD|어드벤처골드|Adventure Gold|0.45|C|e
AUCTION|바운스토큰|Bounce Token|6.4|C|e
ALT|알트레이어|AltLayer|0.0195|C|e
ACH|알케미페이|Alchemy Pay|0.015|C|e
ARKM|아캄|Arkham|0.33|C|e
CYBER|사이버|Cyber|1.05|C|e
DRIFT|드리프트|Drift|0.42|C|s
DYDX|디와이디엑스|dYdX|0.36|C|o
EIGEN|아이겐레이어|EigenLayer|1.1|C|e
ETHFI|이더파이|ether.fi|1.25|C|e
GMT|스테픈|STEPN|0.032|C|s
ID|스페이스아이디|SPACE ID|0.13|C|b
IO|아이오넷|io.net|0.32|C|s
IP|스토리|Story|4.6|C|o
KAITO|카이토|Kaito|1.05|C|e
LAYER|솔레이어|Solayer|0.3|C|s
LPT|라이브피어|Livepeer|5.4|C|e
MEW|캣인어독스월드|cat in a dogs world|0.0019|C|s
MOVE|무브먼트|Movement|0.085|C|e
POLYX|폴리매쉬|Polymesh|0.085|C|o
STG|스타게이트파이낸스|Stargate Finance|0.16|C|e
STRK|스타크넷|Starknet|0.115|C|e
SYRUP|메이플파이낸스|Maple Finance|0.42|C|e
USUAL|유주얼|Usual|0.035|C|e
W|웜홀|Wormhole|0.078|C|s
WLFI|월드리버티파이낸셜|World Liberty Financial|0.145|C|e
XPL|플라즈마|Plasma|0.38|C|o
ZETA|제타체인|ZetaChain|0.11|C|o
ZK|지케이싱크|ZKsync|0.045|C|e
PUMP|펌프펀|Pump.fun|0.0045|C|s
AERO|에어로드롬파이낸스|Aerodrome Finance|0.95|C|e
CFX|콘플럭스|Conflux|0.105|C|o
RVN|레이븐코인|Ravencoin|0.0095|C|o
BSV|비트코인에스브이|Bitcoin SV|22|D|o
ELF|엘프|aelf|0.16|D|o
MTL|메탈|Metal DAO|0.5|D|e
PUNDIX|펀디엑스|Pundi X|0.28|D|e
STEEM|스팀|Steem|0.11|D|o
HIVE|하이브|Hive|0.12|D|o
WAXP|왁스|WAX|0.015|D|o
AERGO|아르고|Aergo|0.09|D|e
HIFI|하이파이|Hifi Finance|0.08|D|e
MOCA|모카네트워크|Moca Network|0.045|D|e
NIL|닐리온|Nillion|0.23|D|o
SAHARA|사하라에이아이|Sahara AI|0.075|D|e
SIGN|사인|Sign|0.043|D|e
SOPH|소폰|Sophon|0.022|D|e
ANIME|애니메코인|Animecoin|0.012|D|e
`;

/** Coins that every venue lists. */
export const COINS: readonly Coin[] = EVERYWHERE.trim().split("\n").map(parseCoin);

/** Reads one line of the table above. Throws on a malformed line: the table is code. */
export function parseCoin(line: string): Coin {
  const [ticker, koreanName, englishName, price, tier, chain] = line.split("|") as [
    string,
    string,
    string,
    string,
    Tier,
    Coin["chain"],
  ];
  if (chain === undefined || !(Number(price) > 0))
    throw new Error(`coin table: expected six fields, was "${line}"`);
  return { ticker, koreanName, englishName, priceUsdt: Number(price), tier, chain };
}
