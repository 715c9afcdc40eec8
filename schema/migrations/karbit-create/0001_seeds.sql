-- The rows Karbit's own seeds bring. Its exchanges are looked up by eng_name; ids follow from this order.
INSERT INTO "exchanges" ("name", "eng_name", "type") VALUES
	('업비트', 'upbit', 'KR'),
	('빗썸', 'bithumb', 'KR'),
	('바이낸스', 'binance', 'Overseas'),
	('바이빗', 'bybit', 'Overseas'),
	('OKX', 'okx', 'Overseas');
--> statement-breakpoint
INSERT INTO "plans" ("name") VALUES ('Free'), ('Starter'), ('Premium');
