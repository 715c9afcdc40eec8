CREATE TABLE "schedulerx"."login_failures" (
	"address_hash" text PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "login_failures_count_check" CHECK ("schedulerx"."login_failures"."count" >= 0)
);
--> statement-breakpoint
CREATE INDEX "login_failures_since" ON "schedulerx"."login_failures" USING btree ("since");