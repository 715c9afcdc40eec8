-- Karbit's database as its own migrations leave it, written from the contract (karbit.md, section 3.2) and from nothing
-- of ours: names of constraints and indexes are PostgreSQL's own, and columns the contract does not tell are left out.

create table plans (
  id integer generated always as identity primary key,
  name varchar(50) not null unique
);

create table users (
  id integer generated always as identity primary key,
  email varchar(255) not null unique,
  password_hash text not null,
  name varchar(100),
  plan_id integer references plans (id),
  active_strategy_id integer,
  total_entry_count integer default 0,
  total_self_entry_count integer default 0,
  total_auto_entry_count integer default 0,
  total_alarm_count integer default 0,
  total_order_amount numeric(18,8) default '0',
  total_profit_rate numeric(10,2) default '0',
  last_entry_date date,
  daily_entry_count integer default 0,
  telegram_chat_id varchar(100),
  telegram_username varchar(100),
  telegram_connected_at timestamp,
  telegram_notifications_enabled boolean default false,
  google_id varchar(255),
  google_avatar varchar(500),
  created_at timestamp default now(),
  updated_at timestamp default now()
);

create table exchanges (
  id integer generated always as identity primary key,
  name varchar(50) not null unique,
  eng_name varchar(50) not null unique,
  type varchar(20) not null check (type in ('KR', 'Overseas')),
  referral_code varchar(100)
);

create table user_exchanges (
  id integer generated always as identity primary key,
  user_id integer not null references users (id) on delete cascade,
  exchange_id integer not null references exchanges (id) on delete cascade,
  api_key text,
  api_secret text,
  is_active boolean default true,
  verified boolean default false,
  created_at timestamp default now(),
  unique (user_id, exchange_id)
);
create index on user_exchanges (user_id);

create table coins_exchanges (
  id integer generated always as identity primary key,
  exchange_id integer not null references exchanges (id) on delete cascade,
  coin_symbol varchar(20) not null,
  display_name varchar(100) not null,
  deposit_yn boolean default false,
  withdraw_yn boolean default false,
  net_type varchar(50),
  unique (exchange_id, coin_symbol)
);

create table strategies (
  id integer generated always as identity primary key,
  user_id integer not null references users (id) on delete cascade,
  name varchar(100) not null,
  is_active boolean default false,
  seed_amount numeric(18,8) not null,
  entry_rate numeric(18,8) not null,
  exit_rate numeric(18,8) not null,
  coin_mode varchar(10) not null default 'custom' check (coin_mode in ('auto', 'custom')),
  trade_mode varchar(10) not null default 'custom' check (trade_mode in ('auto', 'custom')),
  selected_coins text[],
  seed_division integer not null default 1,
  leverage integer not null default 1,
  entry_count integer default 0,
  allow_average_down boolean default false,
  allow_average_up boolean default false,
  ai_mode boolean default false,
  created_at timestamp default now(),
  updated_at timestamp default now()
);
create index on strategies (is_active);

create table positions (
  id integer generated always as identity primary key,
  user_id integer not null references users (id) on delete cascade,
  strategy_id integer not null references strategies (id) on delete cascade,
  coin_symbol varchar(20) not null,
  leverage integer not null default 1,
  status varchar(20) default 'OPEN' check (status in ('OPEN', 'CLOSED')),
  kr_exchange varchar(50) not null,
  fr_exchange varchar(50) not null,
  kr_order_id varchar(100) not null,
  fr_order_id varchar(100) not null,
  kr_price numeric(18,8) not null,
  kr_volume numeric(18,8) not null,
  kr_funds numeric(18,8) not null,
  kr_fee numeric(18,8) not null,
  fr_price numeric(18,8) not null,
  fr_volume numeric(18,8) not null,
  fr_funds numeric(18,8) not null,
  fr_fee numeric(18,8) not null,
  fr_original_price numeric(18,8),
  usdt_price numeric(10,2),
  entry_rate numeric(10,2) not null,
  exit_rate numeric(10,2),
  fr_slippage numeric(10,4),
  profit numeric(18,2),
  profit_rate numeric(10,2),
  entry_time timestamp default now(),
  exit_time timestamp,
  created_at timestamp default now()
);
create index on positions (strategy_id);
create index on positions (status);

create table user_sessions (
  id integer generated always as identity primary key,
  user_id integer not null references users (id) on delete cascade,
  token text not null unique,
  expires_at timestamp not null,
  session_data text
);

create table user_plan_history (
  id integer generated always as identity primary key,
  user_id integer not null references users (id) on delete cascade,
  plan_id integer not null references plans (id),
  start_date timestamp not null default now(),
  end_date timestamp,
  is_active boolean default true,
  reason varchar(100)
);

-- Nobody writes it, and of its columns the contract tells the keys alone: the others are ours, for the rows of a test.
create table trades (
  id integer generated always as identity primary key,
  position_id integer not null references positions (id) on delete cascade,
  user_id integer not null references users (id) on delete cascade,
  exchange_coin_id integer not null references coins_exchanges (id),
  side varchar(4) not null,
  price numeric(18,8) not null,
  amount numeric(18,8) not null,
  fee numeric(18,8),
  trade_time timestamp not null
);

insert into exchanges (name, eng_name, type) values
  ('업비트', 'upbit', 'KR'),
  ('빗썸', 'bithumb', 'KR'),
  ('바이낸스', 'binance', 'Overseas'),
  ('바이빗', 'bybit', 'Overseas'),
  ('OKX', 'okx', 'Overseas');
insert into plans (name) values ('Free'), ('Starter'), ('Premium');
