CREATE TABLE "schedulerx"."paper_accounts" (
	"user_id" integer NOT NULL,
	"venue" text NOT NULL,
	"state" jsonb NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "paper_accounts_user_id_venue_pk" PRIMARY KEY("user_id","venue"),
	CONSTRAINT "paper_accounts_venue_check" CHECK ("schedulerx"."paper_accounts"."venue" in ('upbit', 'bithumb', 'bybit', 'binance'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."paper_fills" (
	"user_id" integer NOT NULL,
	"venue" text NOT NULL,
	"client_order_id" text NOT NULL,
	"level" integer NOT NULL,
	"price" numeric NOT NULL,
	"qty" numeric NOT NULL,
	"fee" numeric NOT NULL,
	"fee_asset" text NOT NULL,
	"realised_usdt" numeric,
	CONSTRAINT "paper_fills_user_id_venue_client_order_id_level_pk" PRIMARY KEY("user_id","venue","client_order_id","level"),
	CONSTRAINT "paper_fills_qty_check" CHECK ("schedulerx"."paper_fills"."qty" > 0 and "schedulerx"."paper_fills"."price" > 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."paper_ledger" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."paper_ledger_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"venue" text NOT NULL,
	"asset" text NOT NULL,
	"amount" numeric NOT NULL,
	"reason" text NOT NULL,
	"symbol" text,
	"ref" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "paper_ledger_reason_check" CHECK ("schedulerx"."paper_ledger"."reason" in ('opening', 'trade', 'fee', 'realised', 'funding'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."paper_orders" (
	"user_id" integer NOT NULL,
	"venue" text NOT NULL,
	"client_order_id" text NOT NULL,
	"symbol" text NOT NULL,
	"side" text NOT NULL,
	"qty" numeric NOT NULL,
	"limit_price" numeric,
	"filled_qty" numeric NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "paper_orders_user_id_venue_client_order_id_pk" PRIMARY KEY("user_id","venue","client_order_id"),
	CONSTRAINT "paper_orders_side_check" CHECK ("schedulerx"."paper_orders"."side" in ('buy', 'sell')),
	CONSTRAINT "paper_orders_qty_check" CHECK ("schedulerx"."paper_orders"."filled_qty" between 0 and "schedulerx"."paper_orders"."qty" and "schedulerx"."paper_orders"."qty" > 0)
);
--> statement-breakpoint
ALTER TABLE "schedulerx"."paper_fills" ADD CONSTRAINT "paper_fills_order_fk" FOREIGN KEY ("user_id","venue","client_order_id") REFERENCES "schedulerx"."paper_orders"("user_id","venue","client_order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."paper_ledger" ADD CONSTRAINT "paper_ledger_account_fk" FOREIGN KEY ("user_id","venue") REFERENCES "schedulerx"."paper_accounts"("user_id","venue") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."paper_orders" ADD CONSTRAINT "paper_orders_account_fk" FOREIGN KEY ("user_id","venue") REFERENCES "schedulerx"."paper_accounts"("user_id","venue") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "paper_ledger_once" ON "schedulerx"."paper_ledger" USING btree ("user_id","venue","reason","ref","asset");--> statement-breakpoint
CREATE INDEX "paper_ledger_funding" ON "schedulerx"."paper_ledger" USING btree ("user_id","venue","symbol","at") WHERE "schedulerx"."paper_ledger"."reason" = 'funding';--> statement-breakpoint
CREATE INDEX "paper_orders_symbol" ON "schedulerx"."paper_orders" USING btree ("user_id","venue","symbol","at");