CREATE TABLE "schedulerx"."dust_events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."dust_events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"intent_id" text NOT NULL,
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"coin" text NOT NULL,
	"venue" text NOT NULL,
	"qty_coin" numeric NOT NULL,
	"cost_krw" numeric NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "dust_events_mode_check" CHECK ("schedulerx"."dust_events"."mode" in ('paper', 'live')),
	CONSTRAINT "dust_events_venue_check" CHECK ("schedulerx"."dust_events"."venue" in ('upbit', 'bithumb', 'bybit', 'binance')),
	CONSTRAINT "dust_events_qty_check" CHECK ("schedulerx"."dust_events"."qty_coin" >= 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."fills" (
	"venue" text NOT NULL,
	"fill_id" text NOT NULL,
	"client_order_id" text NOT NULL,
	"price" numeric NOT NULL,
	"qty" numeric NOT NULL,
	"fee" numeric NOT NULL,
	"fee_asset" text NOT NULL,
	"fee_valued" numeric NOT NULL,
	"realised_usdt" numeric,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "fills_venue_fill_id_pk" PRIMARY KEY("venue","fill_id"),
	CONSTRAINT "fills_venue_check" CHECK ("schedulerx"."fills"."venue" in ('upbit', 'bithumb', 'bybit', 'binance')),
	CONSTRAINT "fills_qty_check" CHECK ("schedulerx"."fills"."qty" > 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."hedged_positions" (
	"position_id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."hedged_positions_position_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"strategy_id" integer NOT NULL,
	"coin" text NOT NULL,
	"pair" text NOT NULL,
	"leverage" integer NOT NULL,
	"exit_terms" jsonb NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "hedged_positions_mode_check" CHECK ("schedulerx"."hedged_positions"."mode" in ('paper', 'live')),
	CONSTRAINT "hedged_positions_pair_check" CHECK ("schedulerx"."hedged_positions"."pair" in ('upbit-bybit', 'upbit-binance', 'bithumb-bybit', 'bithumb-binance'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."intent_events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."intent_events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"intent_id" text NOT NULL,
	"from_state" text,
	"to_state" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"why" text,
	"fence" integer NOT NULL,
	CONSTRAINT "intent_events_from_check" CHECK ("schedulerx"."intent_events"."from_state" in ('planned', 'domestic-sending', 'domestic-done', 'overseas-sending', 'unwinding', 'sending', 'needs-human', 'hedged', 'flat', 'closed', 'parted', 'abandoned')),
	CONSTRAINT "intent_events_to_check" CHECK ("schedulerx"."intent_events"."to_state" in ('planned', 'domestic-sending', 'domestic-done', 'overseas-sending', 'unwinding', 'sending', 'needs-human', 'hedged', 'flat', 'closed', 'parted', 'abandoned'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."intents" (
	"intent_id" text PRIMARY KEY NOT NULL,
	"decision_id" text NOT NULL,
	"kind" text NOT NULL,
	"mode" text NOT NULL,
	"state" text NOT NULL,
	"user_id" integer NOT NULL,
	"strategy_id" integer NOT NULL,
	"coin" text NOT NULL,
	"pair" text NOT NULL,
	"qty_coin" numeric NOT NULL,
	"qty_contracts" numeric NOT NULL,
	"terms" jsonb NOT NULL,
	"reason" text NOT NULL,
	"planned_at" timestamp (3) with time zone NOT NULL,
	"sending_at" timestamp (3) with time zone,
	"domestic_done_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"needs_human_why" text,
	CONSTRAINT "intents_kind_check" CHECK ("schedulerx"."intents"."kind" in ('entry', 'exit')),
	CONSTRAINT "intents_mode_check" CHECK ("schedulerx"."intents"."mode" in ('paper', 'live')),
	CONSTRAINT "intents_state_check" CHECK ("schedulerx"."intents"."state" in ('planned', 'domestic-sending', 'domestic-done', 'overseas-sending', 'unwinding', 'sending', 'needs-human', 'hedged', 'flat', 'closed', 'parted', 'abandoned')),
	CONSTRAINT "intents_pair_check" CHECK ("schedulerx"."intents"."pair" in ('upbit-bybit', 'upbit-binance', 'bithumb-bybit', 'bithumb-binance')),
	CONSTRAINT "intents_ended_check" CHECK (("schedulerx"."intents"."state" in ('hedged', 'flat', 'closed', 'parted', 'abandoned')) = ("schedulerx"."intents"."ended_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."karbit_rows" (
	"intent_id" text PRIMARY KEY NOT NULL,
	"position_id" integer NOT NULL,
	"user_id" integer NOT NULL,
	"strategy_id" integer NOT NULL,
	"coin" text NOT NULL,
	"status" text NOT NULL,
	"figures" jsonb NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"entry_time" text,
	"fault" text,
	CONSTRAINT "karbit_rows_status_check" CHECK ("schedulerx"."karbit_rows"."status" in ('OPEN', 'CLOSED')),
	CONSTRAINT "karbit_rows_state_check" CHECK ("schedulerx"."karbit_rows"."state" in ('pending', 'written', 'dropped', 'failed')),
	CONSTRAINT "karbit_rows_fault_check" CHECK (("schedulerx"."karbit_rows"."state" = 'failed') = ("schedulerx"."karbit_rows"."fault" is not null))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."orders" (
	"client_order_id" text PRIMARY KEY NOT NULL,
	"intent_id" text NOT NULL,
	"venue" text NOT NULL,
	"symbol" text NOT NULL,
	"purpose" text NOT NULL,
	"attempt" integer NOT NULL,
	"side" text NOT NULL,
	"qty" numeric NOT NULL,
	"limit_price" numeric,
	"status" text NOT NULL,
	"venue_order_id" text,
	"adopted" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at_max" timestamp (3) with time zone NOT NULL,
	"empty_lookups_at_ms" jsonb NOT NULL,
	"burned_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"refusal" text,
	CONSTRAINT "orders_venue_check" CHECK ("schedulerx"."orders"."venue" in ('upbit', 'bithumb', 'bybit', 'binance')),
	CONSTRAINT "orders_purpose_check" CHECK ("schedulerx"."orders"."purpose" in ('buy', 'hedge', 'unwind', 'sell', 'cover')),
	CONSTRAINT "orders_side_check" CHECK ("schedulerx"."orders"."side" in ('buy', 'sell')),
	CONSTRAINT "orders_status_check" CHECK ("schedulerx"."orders"."status" in ('created', 'sent', 'unknown', 'open', 'done', 'rejected', 'never-arrived')),
	CONSTRAINT "orders_qty_check" CHECK ("schedulerx"."orders"."qty" > 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."position_entries" (
	"intent_id" text PRIMARY KEY NOT NULL,
	"position_id" integer NOT NULL,
	"qty_coin" numeric NOT NULL,
	"spent_krw" numeric NOT NULL,
	"fee_krw" numeric NOT NULL,
	"received_usdt" numeric NOT NULL,
	"fee_usdt" numeric NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "position_entries_qty_check" CHECK ("schedulerx"."position_entries"."qty_coin" > 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."position_exits" (
	"intent_id" text PRIMARY KEY NOT NULL,
	"position_id" integer NOT NULL,
	"profit_krw" numeric,
	"profit_rate_pct" numeric,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."position_takes" (
	"exit_intent_id" text NOT NULL,
	"entry_intent_id" text NOT NULL,
	"qty_coin" numeric NOT NULL,
	"spent_krw" numeric NOT NULL,
	"fee_krw" numeric NOT NULL,
	"received_usdt" numeric NOT NULL,
	"fee_usdt" numeric NOT NULL,
	CONSTRAINT "position_takes_exit_intent_id_entry_intent_id_pk" PRIMARY KEY("exit_intent_id","entry_intent_id"),
	CONSTRAINT "position_takes_qty_check" CHECK ("schedulerx"."position_takes"."qty_coin" > 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."writer_lease" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text,
	"fence" integer NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "schedulerx"."dust_events" ADD CONSTRAINT "dust_events_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."fills" ADD CONSTRAINT "fills_client_order_id_orders_client_order_id_fk" FOREIGN KEY ("client_order_id") REFERENCES "schedulerx"."orders"("client_order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."intent_events" ADD CONSTRAINT "intent_events_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."karbit_rows" ADD CONSTRAINT "karbit_rows_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."karbit_rows" ADD CONSTRAINT "karbit_rows_position_id_hedged_positions_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "schedulerx"."hedged_positions"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."orders" ADD CONSTRAINT "orders_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_entries" ADD CONSTRAINT "position_entries_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_entries" ADD CONSTRAINT "position_entries_position_id_hedged_positions_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "schedulerx"."hedged_positions"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_exits" ADD CONSTRAINT "position_exits_intent_id_intents_intent_id_fk" FOREIGN KEY ("intent_id") REFERENCES "schedulerx"."intents"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_exits" ADD CONSTRAINT "position_exits_position_id_hedged_positions_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "schedulerx"."hedged_positions"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_takes" ADD CONSTRAINT "position_takes_exit_intent_id_position_exits_intent_id_fk" FOREIGN KEY ("exit_intent_id") REFERENCES "schedulerx"."position_exits"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedulerx"."position_takes" ADD CONSTRAINT "position_takes_entry_intent_id_position_entries_intent_id_fk" FOREIGN KEY ("entry_intent_id") REFERENCES "schedulerx"."position_entries"("intent_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dust_events_intent" ON "schedulerx"."dust_events" USING btree ("intent_id");--> statement-breakpoint
CREATE INDEX "dust_events_newest" ON "schedulerx"."dust_events" USING btree ("mode","user_id","coin","venue","seq");--> statement-breakpoint
CREATE INDEX "fills_order" ON "schedulerx"."fills" USING btree ("client_order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "hedged_positions_open" ON "schedulerx"."hedged_positions" USING btree ("mode","user_id","coin","pair") WHERE "schedulerx"."hedged_positions"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "intent_events_intent" ON "schedulerx"."intent_events" USING btree ("intent_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "intents_decision" ON "schedulerx"."intents" USING btree ("decision_id");--> statement-breakpoint
CREATE UNIQUE INDEX "intents_one_per_user_and_coin" ON "schedulerx"."intents" USING btree ("mode","user_id","coin") WHERE "schedulerx"."intents"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "intents_one_entry_per_user" ON "schedulerx"."intents" USING btree ("mode","user_id") WHERE "schedulerx"."intents"."ended_at" is null and "schedulerx"."intents"."kind" = 'entry';--> statement-breakpoint
CREATE INDEX "intents_unfinished" ON "schedulerx"."intents" USING btree ("mode","planned_at") WHERE "schedulerx"."intents"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "karbit_rows_failed" ON "schedulerx"."karbit_rows" USING btree ("at") WHERE "schedulerx"."karbit_rows"."state" = 'failed';--> statement-breakpoint
CREATE INDEX "orders_intent" ON "schedulerx"."orders" USING btree ("intent_id","created_at");--> statement-breakpoint
CREATE INDEX "position_entries_position" ON "schedulerx"."position_entries" USING btree ("position_id");--> statement-breakpoint
CREATE INDEX "position_exits_position" ON "schedulerx"."position_exits" USING btree ("position_id");--> statement-breakpoint
CREATE INDEX "position_takes_entry" ON "schedulerx"."position_takes" USING btree ("entry_intent_id");--> statement-breakpoint
CREATE UNIQUE INDEX "writer_lease_fence" ON "schedulerx"."writer_lease" USING btree ("fence");