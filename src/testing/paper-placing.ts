// A process to be killed: places one paper buy after another on the database it is given and tells what became of
// each. Its clock stands still, so it is never late. `bun src/testing/paper-placing.ts URL USER_ID`

import { createPaperStore } from "../adapters/store/paper-accounts.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { paperKit, paperOrder } from "../adapters/venue/paper-testing.ts";
import { RecordingLog } from "./recording-log.ts";

const [url, userId] = process.argv.slice(2);
const database = openPostgres({ url: url!, log: new RecordingLog() });
const kit = paperKit({ store: createPaperStore(database) });
kit.setBook("upbit", "KRW-BTC", { asks: [[100_000_000, 1_000]], bids: [[99_000_000, 1_000]] });
const venue = kit.venues.open("upbit", Number(userId));
for (let index = 0; ; index++) {
  const { kind } = await venue.place(paperOrder(`k-${index}`, "buy 0.0001 KRW-BTC at 100000000"), 5_000);
  console.log(`${kind} ${index}`);
}
