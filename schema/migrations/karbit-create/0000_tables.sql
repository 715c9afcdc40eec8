CREATE TABLE "coins_exchanges" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "coins_exchanges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"exchange_id" integer NOT NULL,
	"coin_symbol" varchar(20) NOT NULL,
	"display_name" varchar(100) NOT NULL,
	"deposit_yn" boolean DEFAULT false,
	"withdraw_yn" boolean DEFAULT false,
	"net_type" varchar(50),
	CONSTRAINT "coins_exchanges_exchange_id_coin_symbol_unique" UNIQUE("exchange_id","coin_symbol")
);
--> statement-breakpoint
CREATE TABLE "exchanges" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "exchanges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" varchar(50) NOT NULL,
	"eng_name" varchar(50) NOT NULL,
	"type" varchar(20) NOT NULL,
	"referral_code" varchar(100),
	CONSTRAINT "exchanges_name_unique" UNIQUE("name"),
	CONSTRAINT "exchanges_eng_name_unique" UNIQUE("eng_name"),
	CONSTRAINT "exchanges_type_check" CHECK ("exchanges"."type" in ('KR', 'Overseas'))
);
--> statement-breakpoint
CREATE TABLE "plans" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "plans_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" varchar(50) NOT NULL,
	"description" text,
	"price" numeric(12, 2) DEFAULT '0',
	"period" varchar(20) DEFAULT '월',
	"features" text[],
	"limitations" text[],
	"is_popular" boolean DEFAULT false,
	"created_at" timestamp DEFAULT now(),
	CONSTRAINT "plans_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "positions" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "positions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"strategy_id" integer NOT NULL,
	"coin_symbol" varchar(20) NOT NULL,
	"leverage" integer DEFAULT 1 NOT NULL,
	"status" varchar(20) DEFAULT 'OPEN',
	"kr_exchange" varchar(50) NOT NULL,
	"kr_order_id" varchar(100) NOT NULL,
	"kr_price" numeric(18, 8) NOT NULL,
	"kr_volume" numeric(18, 8) NOT NULL,
	"kr_funds" numeric(18, 8) NOT NULL,
	"kr_fee" numeric(18, 8) NOT NULL,
	"fr_exchange" varchar(50) NOT NULL,
	"fr_order_id" varchar(100) NOT NULL,
	"fr_price" numeric(18, 8) NOT NULL,
	"fr_original_price" numeric(18, 8),
	"fr_volume" numeric(18, 8) NOT NULL,
	"fr_funds" numeric(18, 8) NOT NULL,
	"fr_fee" numeric(18, 8) NOT NULL,
	"fr_slippage" numeric(10, 4),
	"usdt_price" numeric(10, 2),
	"entry_rate" numeric(10, 2) NOT NULL,
	"exit_rate" numeric(10, 2),
	"profit" numeric(18, 2),
	"profit_rate" numeric(10, 2),
	"entry_time" timestamp DEFAULT now(),
	"exit_time" timestamp,
	"created_at" timestamp DEFAULT now(),
	CONSTRAINT "positions_status_check" CHECK ("positions"."status" in ('OPEN', 'CLOSED'))
);
--> statement-breakpoint
CREATE TABLE "strategies" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "strategies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"name" varchar(100) NOT NULL,
	"is_active" boolean DEFAULT false,
	"seed_amount" numeric(18, 8) NOT NULL,
	"coin_mode" varchar(10) DEFAULT 'custom' NOT NULL,
	"trade_mode" varchar(10) DEFAULT 'custom' NOT NULL,
	"selected_coins" text[],
	"entry_rate" numeric(18, 8) NOT NULL,
	"exit_rate" numeric(18, 8) NOT NULL,
	"seed_division" integer DEFAULT 1 NOT NULL,
	"entry_count" integer DEFAULT 0,
	"allow_average_down" boolean DEFAULT false,
	"allow_average_up" boolean DEFAULT false,
	"leverage" integer DEFAULT 1 NOT NULL,
	"ai_mode" boolean DEFAULT false,
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	CONSTRAINT "strategies_coin_mode_check" CHECK ("strategies"."coin_mode" in ('auto', 'custom')),
	CONSTRAINT "strategies_trade_mode_check" CHECK ("strategies"."trade_mode" in ('auto', 'custom'))
);
--> statement-breakpoint
CREATE TABLE "trades" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "trades_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"position_id" integer NOT NULL,
	"user_id" integer NOT NULL,
	"exchange_coin_id" integer NOT NULL,
	"side" varchar(4) NOT NULL,
	"price" numeric(18, 8) NOT NULL,
	"amount" numeric(18, 8) NOT NULL,
	"fee" numeric(18, 8),
	"trade_time" timestamp NOT NULL,
	CONSTRAINT "trades_side_check" CHECK ("trades"."side" in ('BUY', 'SELL'))
);
--> statement-breakpoint
CREATE TABLE "user_exchanges" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "user_exchanges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"exchange_id" integer NOT NULL,
	"api_key" text,
	"api_secret" text,
	"is_active" boolean DEFAULT true,
	"verified" boolean DEFAULT false,
	"created_at" timestamp DEFAULT now(),
	CONSTRAINT "user_exchanges_user_id_exchange_id_unique" UNIQUE("user_id","exchange_id")
);
--> statement-breakpoint
CREATE TABLE "user_plan_history" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "user_plan_history_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"plan_id" integer NOT NULL,
	"start_date" timestamp DEFAULT now() NOT NULL,
	"end_date" timestamp,
	"is_active" boolean DEFAULT true,
	"reason" varchar(100),
	"created_at" timestamp DEFAULT now()
);
--> statement-breakpoint
CREATE TABLE "user_sessions" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "user_sessions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"token" text NOT NULL,
	"expires_at" timestamp NOT NULL,
	"session_data" text,
	CONSTRAINT "user_sessions_token_unique" UNIQUE("token")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"email" varchar(255) NOT NULL,
	"password_hash" text NOT NULL,
	"name" varchar(100),
	"plan_id" integer,
	"active_strategy_id" integer,
	"total_entry_count" integer DEFAULT 0,
	"total_self_entry_count" integer DEFAULT 0,
	"total_auto_entry_count" integer DEFAULT 0,
	"total_alarm_count" integer DEFAULT 0,
	"total_order_amount" numeric(18, 8) DEFAULT '0',
	"total_profit_rate" numeric(10, 2) DEFAULT '0',
	"last_entry_date" date,
	"daily_entry_count" integer DEFAULT 0,
	"telegram_chat_id" varchar(100),
	"telegram_username" varchar(100),
	"telegram_connected_at" timestamp,
	"telegram_notifications_enabled" boolean DEFAULT false,
	"google_id" varchar(255),
	"google_avatar" varchar(500),
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
--> statement-breakpoint
ALTER TABLE "coins_exchanges" ADD CONSTRAINT "coins_exchanges_exchange_id_exchanges_id_fk" FOREIGN KEY ("exchange_id") REFERENCES "public"."exchanges"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "positions" ADD CONSTRAINT "positions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "positions" ADD CONSTRAINT "positions_strategy_id_strategies_id_fk" FOREIGN KEY ("strategy_id") REFERENCES "public"."strategies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "strategies" ADD CONSTRAINT "strategies_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_position_id_positions_id_fk" FOREIGN KEY ("position_id") REFERENCES "public"."positions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_exchange_coin_id_coins_exchanges_id_fk" FOREIGN KEY ("exchange_coin_id") REFERENCES "public"."coins_exchanges"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_exchanges" ADD CONSTRAINT "user_exchanges_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_exchanges" ADD CONSTRAINT "user_exchanges_exchange_id_exchanges_id_fk" FOREIGN KEY ("exchange_id") REFERENCES "public"."exchanges"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_plan_history" ADD CONSTRAINT "user_plan_history_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_plan_history" ADD CONSTRAINT "user_plan_history_plan_id_plans_id_fk" FOREIGN KEY ("plan_id") REFERENCES "public"."plans"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_sessions" ADD CONSTRAINT "user_sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_plan_id_plans_id_fk" FOREIGN KEY ("plan_id") REFERENCES "public"."plans"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_positions_strategy" ON "positions" USING btree ("strategy_id");--> statement-breakpoint
CREATE INDEX "idx_positions_status" ON "positions" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_strategies_active" ON "strategies" USING btree ("is_active");--> statement-breakpoint
CREATE INDEX "idx_trades_position" ON "trades" USING btree ("position_id");--> statement-breakpoint
CREATE INDEX "idx_trades_exchange_coin" ON "trades" USING btree ("exchange_coin_id");--> statement-breakpoint
CREATE INDEX "idx_user_exchanges_user" ON "user_exchanges" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_user_plan_history_user" ON "user_plan_history" USING btree ("user_id");