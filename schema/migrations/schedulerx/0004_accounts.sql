CREATE TABLE "schedulerx"."audit_events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedulerx"."audit_events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"user_id" integer,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"detail" jsonb NOT NULL,
	CONSTRAINT "audit_events_actor_check" CHECK ("schedulerx"."audit_events"."actor" in ('user', 'operator', 'engine'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."forced_closes" (
	"position_id" integer PRIMARY KEY NOT NULL,
	"asked_by" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "forced_closes_by_check" CHECK ("schedulerx"."forced_closes"."asked_by" in ('user', 'operator'))
);
--> statement-breakpoint
CREATE TABLE "schedulerx"."telegram_links" (
	"user_id" integer PRIMARY KEY NOT NULL,
	"code_hash" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "telegram_links_code_hash_unique" UNIQUE("code_hash")
);
--> statement-breakpoint
ALTER TABLE "schedulerx"."forced_closes" ADD CONSTRAINT "forced_closes_position_id_hedged_positions_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "schedulerx"."hedged_positions"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_events_user" ON "schedulerx"."audit_events" USING btree ("user_id","seq");