// The tables shared with Karbit, in its final form (52 migrations applied). Karbit owns them: we create them only
// in an installation without Karbit, and never alter them. Times are UTC without zone; ids are always generated.

import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  date,
  index,
  integer,
  numeric,
  pgTable,
  text,
  timestamp,
  unique,
  varchar,
} from "drizzle-orm/pg-core";

const id = () => integer("id").primaryKey().generatedAlwaysAsIdentity();
/** `timestamp without time zone`, read and written as UTC. */
const utc = (name: string) => timestamp(name, { mode: "date" });
const createdAt = () => utc("created_at").defaultNow();
const updatedAt = () => utc("updated_at").defaultNow();
/** KRW, USDT or coin amounts; less than 10^10 in absolute value. */
const amount = (name: string) => numeric(name, { precision: 18, scale: 8 });
const rate = (name: string) => numeric(name, { precision: 10, scale: 2 });

export const plans = pgTable("plans", {
  id: id(),
  name: varchar("name", { length: 50 }).notNull().unique(),
  description: text("description"),
  price: numeric("price", { precision: 12, scale: 2 }).default("0"),
  period: varchar("period", { length: 20 }).default("월"),
  features: text("features").array(),
  limitations: text("limitations").array(),
  isPopular: boolean("is_popular").default(false),
  createdAt: createdAt(),
});

export const users = pgTable("users", {
  id: id(),
  email: varchar("email", { length: 255 }).notNull().unique(),
  /** The empty text for Google sign-ups. */
  passwordHash: text("password_hash").notNull(),
  name: varchar("name", { length: 100 }),
  planId: integer("plan_id").references(() => plans.id),
  /** No foreign key: may point to a strategy that is gone. */
  activeStrategyId: integer("active_strategy_id"),
  totalEntryCount: integer("total_entry_count").default(0),
  totalSelfEntryCount: integer("total_self_entry_count").default(0),
  totalAutoEntryCount: integer("total_auto_entry_count").default(0),
  totalAlarmCount: integer("total_alarm_count").default(0),
  totalOrderAmount: amount("total_order_amount").default("0"),
  totalProfitRate: rate("total_profit_rate").default("0"),
  lastEntryDate: date("last_entry_date"),
  dailyEntryCount: integer("daily_entry_count").default(0),
  telegramChatId: varchar("telegram_chat_id", { length: 100 }),
  telegramUsername: varchar("telegram_username", { length: 100 }),
  telegramConnectedAt: utc("telegram_connected_at"),
  telegramNotificationsEnabled: boolean("telegram_notifications_enabled").default(false),
  googleId: varchar("google_id", { length: 255 }),
  googleAvatar: varchar("google_avatar", { length: 500 }),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

export const exchanges = pgTable(
  "exchanges",
  {
    id: id(),
    /** Korean name; Karbit looks exchanges up by it, we by `engName`. Ids depend on insertion order. */
    name: varchar("name", { length: 50 }).notNull().unique(),
    engName: varchar("eng_name", { length: 50 }).notNull().unique(),
    type: varchar("type", { length: 20 }).notNull(),
    referralCode: varchar("referral_code", { length: 100 }),
  },
  (table) => [check("exchanges_type_check", sql`${table.type} in ('KR', 'Overseas')`)],
);

export const userExchanges = pgTable(
  "user_exchanges",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    exchangeId: integer("exchange_id")
      .notNull()
      .references(() => exchanges.id, { onDelete: "cascade" }),
    apiKey: text("api_key"),
    apiSecret: text("api_secret"),
    isActive: boolean("is_active").default(true),
    verified: boolean("verified").default(false),
    createdAt: createdAt(),
  },
  (table) => [unique().on(table.userId, table.exchangeId), index("idx_user_exchanges_user").on(table.userId)],
);

export const coinsExchanges = pgTable(
  "coins_exchanges",
  {
    id: id(),
    exchangeId: integer("exchange_id")
      .notNull()
      .references(() => exchanges.id, { onDelete: "cascade" }),
    coinSymbol: varchar("coin_symbol", { length: 20 }).notNull(),
    displayName: varchar("display_name", { length: 100 }).notNull(),
    depositYn: boolean("deposit_yn").default(false),
    withdrawYn: boolean("withdraw_yn").default(false),
    netType: varchar("net_type", { length: 50 }),
  },
  (table) => [unique().on(table.exchangeId, table.coinSymbol)],
);

export const strategies = pgTable(
  "strategies",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    name: varchar("name", { length: 100 }).notNull(),
    isActive: boolean("is_active").default(false),
    seedAmount: amount("seed_amount").notNull(),
    coinMode: varchar("coin_mode", { length: 10 }).notNull().default("custom"),
    tradeMode: varchar("trade_mode", { length: 10 }).notNull().default("custom"),
    selectedCoins: text("selected_coins").array(),
    entryRate: amount("entry_rate").notNull(),
    exitRate: amount("exit_rate").notNull(),
    seedDivision: integer("seed_division").notNull().default(1),
    entryCount: integer("entry_count").default(0),
    allowAverageDown: boolean("allow_average_down").default(false),
    allowAverageUp: boolean("allow_average_up").default(false),
    leverage: integer("leverage").notNull().default(1),
    aiMode: boolean("ai_mode").default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index("idx_strategies_active").on(table.isActive),
    check("strategies_coin_mode_check", sql`${table.coinMode} in ('auto', 'custom')`),
    check("strategies_trade_mode_check", sql`${table.tradeMode} in ('auto', 'custom')`),
  ],
);

export const positions = pgTable(
  "positions",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    strategyId: integer("strategy_id")
      .notNull()
      .references(() => strategies.id, { onDelete: "cascade" }),
    coinSymbol: varchar("coin_symbol", { length: 20 }).notNull(),
    leverage: integer("leverage").notNull().default(1),
    /** OPEN or CLOSED; null passes the check and must never be written. */
    status: varchar("status", { length: 20 }).default("OPEN"),
    /** Upper case: UPBIT. */
    krExchange: varchar("kr_exchange", { length: 50 }).notNull(),
    krOrderId: varchar("kr_order_id", { length: 100 }).notNull(),
    krPrice: amount("kr_price").notNull(),
    krVolume: amount("kr_volume").notNull(),
    krFunds: amount("kr_funds").notNull(),
    krFee: amount("kr_fee").notNull(),
    /** Upper case: BYBIT. */
    frExchange: varchar("fr_exchange", { length: 50 }).notNull(),
    frOrderId: varchar("fr_order_id", { length: 100 }).notNull(),
    frPrice: amount("fr_price").notNull(),
    frOriginalPrice: amount("fr_original_price"),
    frVolume: amount("fr_volume").notNull(),
    frFunds: amount("fr_funds").notNull(),
    frFee: amount("fr_fee").notNull(),
    /** Percent. */
    frSlippage: numeric("fr_slippage", { precision: 10, scale: 4 }),
    usdtPrice: rate("usdt_price"),
    entryRate: rate("entry_rate").notNull(),
    exitRate: rate("exit_rate"),
    profit: numeric("profit", { precision: 18, scale: 2 }),
    profitRate: rate("profit_rate"),
    entryTime: utc("entry_time").defaultNow(),
    exitTime: utc("exit_time"),
    createdAt: createdAt(),
  },
  (table) => [
    index("idx_positions_strategy").on(table.strategyId),
    index("idx_positions_status").on(table.status),
    check("positions_status_check", sql`${table.status} in ('OPEN', 'CLOSED')`),
  ],
);

/** Nobody writes it, but its rows keep a coin from being deleted. */
export const trades = pgTable(
  "trades",
  {
    id: id(),
    positionId: integer("position_id")
      .notNull()
      .references(() => positions.id, { onDelete: "cascade" }),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    exchangeCoinId: integer("exchange_coin_id")
      .notNull()
      .references(() => coinsExchanges.id),
    side: varchar("side", { length: 4 }).notNull(),
    price: amount("price").notNull(),
    amount: amount("amount").notNull(),
    fee: amount("fee"),
    tradeTime: utc("trade_time").notNull(),
  },
  (table) => [
    index("idx_trades_position").on(table.positionId),
    index("idx_trades_exchange_coin").on(table.exchangeCoinId),
    check("trades_side_check", sql`${table.side} in ('BUY', 'SELL')`),
  ],
);

export const userSessions = pgTable("user_sessions", {
  id: id(),
  userId: integer("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" }),
  token: text("token").notNull().unique(),
  expiresAt: utc("expires_at").notNull(),
  sessionData: text("session_data"),
});

export const userPlanHistory = pgTable(
  "user_plan_history",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    planId: integer("plan_id")
      .notNull()
      .references(() => plans.id),
    startDate: utc("start_date").notNull().defaultNow(),
    endDate: utc("end_date"),
    isActive: boolean("is_active").default(true),
    reason: varchar("reason", { length: 100 }),
    createdAt: createdAt(),
  },
  (table) => [index("idx_user_plan_history_user").on(table.userId)],
);
