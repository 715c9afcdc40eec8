CREATE SCHEMA IF NOT EXISTS "schedulerx";
--> statement-breakpoint
CREATE TABLE "schedulerx"."coin_rates_hourly" (
	"coin" text NOT NULL,
	"pair" smallint NOT NULL,
	"hour" integer NOT NULL,
	"entry_jeon_at_1m" integer[] NOT NULL,
	"exit_jeon_at_1m" integer[] NOT NULL,
	"entry_jeon_at_10m" integer[] NOT NULL,
	"exit_jeon_at_10m" integer[] NOT NULL,
	CONSTRAINT "coin_rates_hourly_coin_pair_hour_pk" PRIMARY KEY("coin","pair","hour")
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."coin_rates_recent" (
	"minute" integer NOT NULL,
	"pair" smallint NOT NULL,
	"coins" text[] NOT NULL,
	"entry_jeon_at_1m" integer[] NOT NULL,
	"exit_jeon_at_1m" integer[] NOT NULL,
	"entry_jeon_at_10m" integer[] NOT NULL,
	"exit_jeon_at_10m" integer[] NOT NULL,
	CONSTRAINT "coin_rates_recent_minute_pair_pk" PRIMARY KEY("minute","pair")
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."instruments" (
	"venue" text NOT NULL,
	"symbol" text NOT NULL,
	"coin" text NOT NULL,
	"multiplier" integer NOT NULL,
	"state" text NOT NULL,
	"why" text,
	"first_seen_at" timestamp with time zone NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "instruments_venue_symbol_pk" PRIMARY KEY("venue","symbol"),
	CONSTRAINT "instruments_state_check" CHECK ("schedulerx"."instruments"."state" in ('active', 'halted', 'quarantined', 'delisted')),
	CONSTRAINT "instruments_why_check" CHECK (("schedulerx"."instruments"."state" = 'quarantined') = ("schedulerx"."instruments"."why" is not null))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."pair_rates" (
	"pair" smallint NOT NULL,
	"minute" integer NOT NULL,
	"best_entry_jeon" integer,
	"best_exit_jeon" integer,
	"median_entry_jeon" integer,
	"median_exit_jeon" integer,
	"reference_jeon" integer,
	"coin_count" smallint NOT NULL,
	CONSTRAINT "pair_rates_pair_minute_pk" PRIMARY KEY("pair","minute")
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "coin_rates_hourly_hour" ON "schedulerx"."coin_rates_hourly" USING btree ("hour");