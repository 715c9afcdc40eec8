CREATE TABLE "schedulerx"."cooling_rests" (
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"coin" text NOT NULL,
	"cause" text NOT NULL,
	"until_at" timestamp (3) with time zone NOT NULL,
	"troubles" integer NOT NULL,
	CONSTRAINT "cooling_rests_mode_user_id_coin_pk" PRIMARY KEY("mode","user_id","coin"),
	CONSTRAINT "cooling_rests_mode_check" CHECK ("schedulerx"."cooling_rests"."mode" in ('paper', 'live')),
	CONSTRAINT "cooling_rests_cause_check" CHECK ("schedulerx"."cooling_rests"."cause" in ('closed', 'entry-empty', 'unwound', 'guardian')),
	CONSTRAINT "cooling_rests_troubles_check" CHECK ("schedulerx"."cooling_rests"."troubles" >= 0)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."funding_events" (
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"venue" text NOT NULL,
	"event_id" text NOT NULL,
	"coin" text NOT NULL,
	"position_id" integer NOT NULL,
	"amount_usdt" numeric NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"late" boolean NOT NULL,
	CONSTRAINT "funding_events_mode_user_id_venue_event_id_pk" PRIMARY KEY("mode","user_id","venue","event_id"),
	CONSTRAINT "funding_events_mode_check" CHECK ("schedulerx"."funding_events"."mode" in ('paper', 'live')),
	CONSTRAINT "funding_events_venue_check" CHECK ("schedulerx"."funding_events"."venue" in ('upbit', 'bithumb', 'bybit', 'binance'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."incidents" (
	"incident_id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."incidents_incident_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"kind" text NOT NULL,
	"coin" text NOT NULL,
	"intent_id" text NOT NULL,
	"detail" text NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	"closed_by" text,
	CONSTRAINT "incidents_mode_check" CHECK ("schedulerx"."incidents"."mode" in ('paper', 'live')),
	CONSTRAINT "incidents_kind_check" CHECK ("schedulerx"."incidents"."kind" in ('needs-human', 'unknown-difference', 'projection-failed', 'key', 'defect')),
	CONSTRAINT "incidents_by_check" CHECK ("schedulerx"."incidents"."closed_by" in ('user', 'operator', 'engine')),
	CONSTRAINT "incidents_closed_check" CHECK (("schedulerx"."incidents"."closed_at" is null) = ("schedulerx"."incidents"."closed_by" is null))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."last_decisions" (
	"mode" text NOT NULL,
	"user_id" integer NOT NULL,
	"strategy_id" integer NOT NULL,
	"coin" text NOT NULL,
	"pair" text NOT NULL,
	"action" text NOT NULL,
	"reason" text NOT NULL,
	"context" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "last_decisions_mode_user_id_strategy_id_coin_pk" PRIMARY KEY("mode","user_id","strategy_id","coin"),
	CONSTRAINT "last_decisions_mode_check" CHECK ("schedulerx"."last_decisions"."mode" in ('paper', 'live')),
	CONSTRAINT "last_decisions_pair_check" CHECK ("schedulerx"."last_decisions"."pair" in ('upbit-bybit', 'upbit-binance', 'bithumb-bybit', 'bithumb-binance')),
	CONSTRAINT "last_decisions_action_check" CHECK ("schedulerx"."last_decisions"."action" in ('enter', 'exit', 'hold'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."risk_limits" (
	"user_id" integer PRIMARY KEY NOT NULL,
	"limits" jsonb NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."trader_terms" (
	"user_id" integer PRIMARY KEY NOT NULL,
	"live_consent" boolean DEFAULT false NOT NULL,
	"consent_at" timestamp (3) with time zone,
	"stop_rate" numeric,
	"holding_ms_max" bigint,
	"exit_terms_at" timestamp (3) with time zone,
	CONSTRAINT "trader_terms_exit_check" CHECK ("schedulerx"."trader_terms"."stop_rate" > 0 and "schedulerx"."trader_terms"."holding_ms_max" > 0),
	CONSTRAINT "trader_terms_consent_check" CHECK (not "schedulerx"."trader_terms"."live_consent" or "schedulerx"."trader_terms"."consent_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."trading_switches" (
	"scope" text NOT NULL,
	"subject" text NOT NULL,
	"entries_off" boolean NOT NULL,
	"halted" boolean NOT NULL,
	"why" text NOT NULL,
	"set_by" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "trading_switches_scope_subject_pk" PRIMARY KEY("scope","subject"),
	CONSTRAINT "trading_switches_scope_check" CHECK ("schedulerx"."trading_switches"."scope" in ('global', 'user', 'coin')),
	CONSTRAINT "trading_switches_subject_check" CHECK (("schedulerx"."trading_switches"."scope" = 'global') = ("schedulerx"."trading_switches"."subject" = '')),
	CONSTRAINT "trading_switches_halt_check" CHECK ("schedulerx"."trading_switches"."scope" = 'global' or not "schedulerx"."trading_switches"."halted"),
	CONSTRAINT "trading_switches_off_check" CHECK ("schedulerx"."trading_switches"."entries_off" or "schedulerx"."trading_switches"."halted"),
	CONSTRAINT "trading_switches_by_check" CHECK ("schedulerx"."trading_switches"."set_by" in ('user', 'operator', 'engine'))
);
--> statement-breakpoint
ALTER TABLE "schedulerx"."funding_events" ADD CONSTRAINT "funding_events_position_id_hedged_positions_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "schedulerx"."hedged_positions"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "funding_events_position" ON "schedulerx"."funding_events" USING btree ("position_id");--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_open" ON "schedulerx"."incidents" USING btree ("mode","user_id","kind","coin","intent_id") WHERE "schedulerx"."incidents"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "orders_unwind" ON "schedulerx"."orders" USING btree ("intent_id") WHERE "schedulerx"."orders"."purpose" = 'unwind';--> statement-breakpoint
CREATE INDEX "position_exits_at" ON "schedulerx"."position_exits" USING btree ("at");