#!/bin/sh
# Makes every certificate, password and settings file of an installation, one folder a machine. Needs only openssl.
set -eu
umask 077

usage() {
  cat <<'HELP'
secrets.sh --out DIR --address IP [OPTION ...]

Makes the authority, the certificate, all passwords and the settings files of an installation into DIR, one folder a
machine. Run it on your own computer; copy each folder to its machine and install it there (install.sh settings).
What exists is never overwritten: run it again to add workers or a standby. A file that would change is written beside
the old one as FILE.new, and named.

  --out DIR        where to; made if it is not there, readable by you alone
  --address IP     private IPv4 address of the scheduler's machine: NATS and Redis listen on it
  --worker-address NAME|IP
                   where workers elsewhere reach NATS: a public name or IPv4 address of that machine, which goes into
                   their settings and the certificate (default: --address)
  --name NAME      a DNS name of that machine for the certificate as well (may be given again)
  --workers N      how many worker machines, 1 to 50 (default 5)
  --one-host       one worker, on the scheduler's own machine, instead of worker machines
  --standby        settings for a second scheduler that takes over
  --api-host       the api on a machine of its own instead of the scheduler's
  --redis          Redis on the scheduler's machine, for Karbit or an edge
  --karbit         Karbit shares the database. Its JWT_SECRET and ENCRYPTION_KEY are read from the environment
  --help           this text

From the environment, so that no secret stands in a list of processes:

  DATABASE_URL     a database elsewhere, as postgres://user:password@host:5432/name?sslmode=verify-full. Put its
                   authority as database-ca.pem into the folders of scheduler, standby and api (RDS: global-bundle.pem).
                   Left out: PostgreSQL on the scheduler's machine, with a password of its own in DIR/scheduler/postgres.sql
  JWT_SECRET, ENCRYPTION_KEY   Karbit's, with --karbit; else they are made

Keep DIR off the machines it was made for, and in a backup: without ENCRYPTION_KEY stored API keys cannot be read.
HELP
}

fail() {
  printf 'secrets.sh: %s\n' "$1" >&2
  exit 2
}

out='' address='' worker_address='' names='' workers=5 one_host=no standby=no api_host=no redis=no karbit=no
while [ $# -gt 0 ]; do
  case $1 in
    --out | --address | --worker-address | --name | --workers)
      [ $# -ge 2 ] || fail "$1: expected a value after it"
      case $1 in
        --out) out=$2 ;;
        --address) address=$2 ;;
        --worker-address) worker_address=$2 ;;
        --name) names="$names $2" ;;
        --workers) workers=$2 ;;
      esac
      shift
      ;;
    --one-host) one_host=yes ;;
    --standby) standby=yes ;;
    --api-host) api_host=yes ;;
    --redis) redis=yes ;;
    --karbit) karbit=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) fail "$1: expected one of the options that --help lists" ;;
  esac
  shift
done
[ -n "$out" ] || fail 'expected --out DIR; see --help'
is_ip() { printf '%s' "$1" | grep -Eq '^([0-9]{1,3}\.){3}[0-9]{1,3}$'; }
is_name() { printf '%s' "$1" | grep -Eq '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$'; }
is_ip "$address" || fail "--address: expected an IPv4 address like 10.0.0.10, was '$address'"
for name in $names; do
  is_name "$name" || fail "--name: expected a DNS name, was '$name'"
done
if [ -n "$worker_address" ]; then
  is_name "$worker_address" || fail "--worker-address: expected a DNS name or an IPv4 address, was '$worker_address'"
  [ "$one_host" = no ] || fail '--worker-address: expected workers elsewhere, not --one-host'
fi
case $workers in
  '' | *[!0-9]* | ???*) fail "--workers: expected 1 to 50, was '$workers'" ;;
esac
if [ "$workers" -lt 1 ] || [ "$workers" -gt 50 ]; then fail "--workers: expected 1 to 50, was '$workers'"; fi
[ "$one_host" = no ] || workers=1
command -v openssl >/dev/null || fail 'expected openssl on this machine'
if [ "$karbit" = yes ]; then
  [ -n "${JWT_SECRET:-}" ] || fail "--karbit: expected Karbit's JWT_SECRET in the environment"
  [ -n "${ENCRYPTION_KEY:-}" ] || fail "--karbit: expected Karbit's ENCRYPTION_KEY in the environment"
fi
case ${JWT_SECRET:-}${ENCRYPTION_KEY:-}${DATABASE_URL:-} in
  *\'* | *"
"*) fail 'JWT_SECRET, ENCRYPTION_KEY, DATABASE_URL: expected values of one line without a single quote' ;;
esac
if [ -z "${DATABASE_URL:-}" ] && [ "$standby" = yes ]; then
  fail '--standby: expected DATABASE_URL in the environment: both schedulers need a database that outlives one machine'
fi
if [ -z "${DATABASE_URL:-}" ] && [ "$api_host" = yes ]; then
  fail '--api-host: expected DATABASE_URL in the environment: PostgreSQL on the machine of the scheduler answers that machine only'
fi

mkdir -p "$out"
chmod 700 "$out"
out=$(cd "$out" && pwd)
mkdir -p "$out/passwords" "$out/scheduler"

# put FILE: standard input becomes FILE (mode 600), unless it is there. Another text than before goes to FILE.new.
put() {
  rm -f "$1.new"
  cat >"$1.new"
  if [ ! -e "$1" ]; then
    mv "$1.new" "$1"
    printf 'made      %s\n' "${1#"$out/"}"
  elif cmp -s "$1" "$1.new"; then
    rm -f "$1.new"
  else
    printf 'DIFFERS   %s is kept; what it would be now is in %s.new\n' "${1#"$out/"}" "${1##*/}"
  fi
}

# password NAME: the password of that name, made the first time it is asked for.
password() {
  if [ ! -e "$out/passwords/$1" ]; then
    openssl rand -hex 24 >"$out/passwords/$1.new"
    mv "$out/passwords/$1.new" "$out/passwords/$1"
  fi
  IFS= read -r text <"$out/passwords/$1"
  printf '%s' "$text"
}

# given NAME VARIABLE TEXT: TEXT, where it is not empty, becomes the password NAME.
given() {
  [ -n "$3" ] || return 0
  [ -e "$out/passwords/$1" ] || printf '%s\n' "$3" >"$out/passwords/$1"
  [ "$(password "$1")" = "$3" ] || fail "$2: $out/passwords/$1 holds another one; sessions or stored keys depend on it"
}

# setting NAME VALUE: a line of a settings file; quoted where the reader would take a character for its own.
setting() {
  case $2 in
    *[!A-Za-z0-9_./:@?=\&%+,-]*) printf "%s='%s'\n" "$1" "$2" ;;
    *) printf '%s=%s\n' "$1" "$2" ;;
  esac
}

# What must stay what it was: a certificate for another address would not be believed.
printf '%s%s%s\n' "$address" "$names" "${worker_address:+ workers=$worker_address}" >"$out/address.now"
if [ -e "$out/address" ] && ! cmp -s "$out/address" "$out/address.now"; then
  was=$(cat "$out/address")
  rm -f "$out/address.now"
  fail "--out: $out was made for '$was'; give the same --address, --worker-address and --name, or another folder"
fi
mv "$out/address.now" "$out/address"

certificates() {
  if [ ! -e "$out/ca.pem" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=schedulerx-ca \
      -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
      -keyout "$out/ca.key" -out "$out/ca.pem" 2>/dev/null
    printf 'made      ca.pem, ca.key (keep the key to yourself)\n'
  fi
  if [ ! -e "$out/scheduler/server.pem" ]; then
    {
      printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=IP:%s,IP:127.0.0.1' "$address"
      for name in $names; do printf ',DNS:%s' "$name"; done
      if is_ip "$worker_address"; then
        printf ',IP:%s' "$worker_address"
      elif [ -n "$worker_address" ]; then
        printf ',DNS:%s' "$worker_address"
      fi
    } >"$out/scheduler/server.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=schedulerx \
      -keyout "$out/scheduler/server.key" -out "$out/scheduler/server.csr" 2>/dev/null
    openssl x509 -req -in "$out/scheduler/server.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -days 825 \
      -set_serial "0x$(openssl rand -hex 8)" -extfile "$out/scheduler/server.ext" -out "$out/scheduler/server.pem" 2>/dev/null
    rm -f "$out/scheduler/server.ext" "$out/scheduler/server.csr"
    printf 'made      scheduler/server.pem, scheduler/server.key (valid for 825 days)\n'
  fi
}

# nats_user NAME: a user whose rights come on standard input. Answers come to an inbox of its own, so that no user
# hears what another was answered.
nats_user() {
  printf '    { user: "%s", password: "%s", permissions: {\n' "$1" "$(password "nats-$1")"
  sed 's/^/        /'
  printf '    } }\n'
}

# The subjects are those of schema/messages/subjects.ts; what is not named is refused.
nats_worker() {
  nats_user "$1" <<RIGHTS
# Pulls tasks and answers for them, reports, and shares its address's budget. Reads no stream, makes none.
publish: { allow: [
    "schedulerx.reports"
    "schedulerx.announce.presence"
    "\$JS.API.CONSUMER.INFO.TASKS.workers"
    "\$JS.API.CONSUMER.MSG.NEXT.TASKS.workers"
    "\$JS.ACK.TASKS.workers.>"
] }
subscribe: { allow: ["_INBOX.$1.>", "schedulerx.announce.presence"] }
RIGHTS
}

# reads STREAM: what reading a stream from a place on takes.
reads() {
  cat <<RIGHTS
    "\$JS.API.STREAM.INFO.$1"
    "\$JS.API.CONSUMER.CREATE.$1"
    "\$JS.API.CONSUMER.CREATE.$1.>"
    "\$JS.API.CONSUMER.INFO.$1.*"
    "\$JS.API.CONSUMER.MSG.NEXT.$1.*"
    "\$JS.API.CONSUMER.DELETE.$1.*"
RIGHTS
}

nats_api() {
  nats_user api <<RIGHTS
# Reads frames, the snapshot, users' events and (for --check) reports, and asks the scheduler that leads; stores nothing.
# Shares its address's budget.
publish: { allow: [
    "schedulerx.ask.desk"
    "schedulerx.announce.presence"
    "\$JS.API.STREAM.MSG.GET.SNAPSHOT"
$(reads EVENTS)
$(reads REPORTS)
] }
subscribe: { allow: ["_INBOX.api.>", "schedulerx.frames", "schedulerx.announce.presence"] }
RIGHTS
}

nats_scheduler() {
  nats_user "$1" <<RIGHTS
# Makes the streams and changes them, but may neither delete nor purge one. Answers what the api asks.
publish: { allow: [
    "_INBOX.api.>"
    "schedulerx.tasks"
    "schedulerx.reports"
    "schedulerx.snapshot"
    "schedulerx.frames"
    "schedulerx.events.*.*"
    "schedulerx.announce.presence"
$(for stream in TASKS REPORTS SNAPSHOT EVENTS; do
    for verb in CREATE UPDATE INFO; do printf "    \"\$JS.API.STREAM.%s.%s\"\n" "$verb" "$stream"; done
  done)
    "\$JS.API.STREAM.MSG.GET.SNAPSHOT"
    "\$JS.API.CONSUMER.CREATE.TASKS.workers"
    "\$JS.API.CONSUMER.DURABLE.CREATE.TASKS.workers"
    "\$JS.API.CONSUMER.INFO.TASKS.workers"
$(reads REPORTS)
] }
subscribe: { allow: ["_INBOX.$1.>", "schedulerx.announce.presence", "schedulerx.ask.desk"] }
RIGHTS
}

# The unit adds the certificate, its key and the folder of the streams: --tls, --tlscert, --tlskey, --store_dir.
nats_conf() {
  cat <<CONF
# Made by secrets.sh. Who may do what at the bus; passwords in the clear: readable by root alone.
listen: "$address:4222"
server_name: schedulerx
jetstream { max_memory_store: 16M, max_file_store: 1G }
max_connections: 256
authorization {
  # A small machine may need longer than the default of 2 s for a handshake.
  timeout: 5
  users: [
CONF
  nats_scheduler scheduler
  [ "$standby" = no ] || nats_scheduler standby
  nats_api
  count=1
  while [ "$count" -le "$workers" ]; do
    nats_worker "worker-$count"
    count=$((count + 1))
  done
  printf '  ]\n}\n'
}

# redis_user NAME RULES: Redis is given the passwords as hashes.
redis_user() {
  printf 'user %s on #%s %s\n' "$1" "$(password "redis-$1" | openssl dgst -sha256 -r | cut -d' ' -f1)" "$2"
}

redis_conf() {
  cat <<CONF
# Made by secrets.sh. Rates for Karbit and edges: nothing private, nothing kept over a restart.
bind $address
port 0
tls-port 6379
tls-auth-clients no
save ""
appendonly no
maxmemory 24mb
maxmemory-policy noeviction
client-output-buffer-limit pubsub 8mb 2mb 30
user default reset
CONF
  channels='&schedulerx:frames &exchange_rate &kimchi:premium'
  readers='-@all +get +mget +subscribe +unsubscribe +ping +select +info +quit'
  redis_user publisher "~schedulerx:snapshot ~upbit:KRW-USDT resetchannels $channels -@all +publish +set +ping +select"
  redis_user reader "~schedulerx:snapshot ~upbit:KRW-USDT resetchannels $channels $readers"
  # Karbit keeps one value of its own here.
  redis_user karbit "~upbit:KRW-USDT ~exchange-rate:USD-KRW resetchannels $channels $readers +set +setex"
}

# bus_settings USER [ADDRESS]: ADDRESS where it is reached by another than its own.
bus_settings() {
  setting NATS_URL "tls://${2:-$address}:4222"
  setting NATS_CA_FILE /etc/schedulerx/ca.pem
  setting NATS_USER "$1"
  setting NATS_PASSWORD "$(password "nats-$1")"
}

database_settings() {
  if [ -n "${DATABASE_URL:-}" ]; then
    setting DATABASE_URL "$DATABASE_URL"
    case $DATABASE_URL in
      *sslmode=verify*) setting DATABASE_CA_FILE /etc/schedulerx/database-ca.pem ;;
    esac
  else
    setting DATABASE_URL "postgres://schedulerx:$(password postgres)@127.0.0.1:5432/schedulerx"
  fi
  if [ "$karbit" = yes ]; then setting KARBIT_TABLES expect; else setting KARBIT_TABLES create; fi
  setting ENCRYPTION_KEY "$(password encryption-key)"
}

# metrics_settings PORT [ADDRESS]: Prometheus reads there, with a token that is for nothing else. Left out ADDRESS: only
# the owner knows it.
metrics_settings() {
  setting METRICS_TOKEN "$(password metrics-token)"
  setting METRICS_PORT "$1"
  if [ -n "${2:-}" ]; then
    setting METRICS_HOST "$2"
  else
    printf '# For Prometheus, the private address of this machine (now: itself alone):\n#METRICS_HOST=\n'
  fi
}

scheduler_env() {
  bus_settings "$1"
  database_settings
  if [ "$redis" = yes ]; then
    setting REDIS_URL "rediss://publisher:$(password redis-publisher)@$address:6379/0"
    setting REDIS_CA_FILE /etc/schedulerx/ca.pem
  fi
  setting SOURCE_ADDRESS "$1"
  setting CONTROL_TOKEN "$(password control-token)"
  metrics_settings 8093 "${2:-}"
  printf '# paper is the default; docs/trading.md says what live needs.\nTRADING_MODE=paper\n'
}

# api_env SOURCE_ADDRESS METRICS_HOST
api_env() {
  bus_settings api
  database_settings
  setting SOURCE_ADDRESS "$1"
  setting JWT_SECRET "$(password jwt-secret)"
  metrics_settings 8092 "${2:-}"
  printf '# on where nobody else makes accounts.\nSIGN_UP=off\nTRADING_MODE=paper\n'
}

worker_env() {
  bus_settings "$1" "$worker_address"
  setting SOURCE_ADDRESS "$2"
  metrics_settings 8091 "${3:-}"
}

postgres_sql() {
  printf "CREATE ROLE schedulerx LOGIN PASSWORD '%s';\nCREATE DATABASE schedulerx OWNER schedulerx;\n" "$(password postgres)"
}

given jwt-secret JWT_SECRET "${JWT_SECRET:-}"
given encryption-key ENCRYPTION_KEY "${ENCRYPTION_KEY:-}"
certificates
nats_conf | put "$out/scheduler/nats.conf"
scheduler_env scheduler "$address" | put "$out/scheduler/scheduler.env"
put "$out/scheduler/ca.pem" <"$out/ca.pem"
# On the scheduler's machine it reaches the exchanges from that one's address.
api_folder=$out/scheduler api_address=$address api_source=scheduler
if [ "$api_host" = yes ]; then
  api_folder=$out/api api_address='' api_source=api
  mkdir -p "$api_folder"
  put "$api_folder/ca.pem" <"$out/ca.pem"
fi
api_env "$api_source" "$api_address" | put "$api_folder/api.env"
[ -n "${DATABASE_URL:-}" ] || postgres_sql | put "$out/scheduler/postgres.sql"
if [ "$redis" = yes ]; then
  redis_conf | put "$out/scheduler/redis.conf"
  mkdir -p "$out/karbit"
  put "$out/karbit/ca.pem" <"$out/ca.pem"
  {
    setting REDIS_URL "rediss://karbit:$(password redis-karbit)@$address:6379/0"
    setting REDIS_KIMCHI_CHANNEL exchange_rate
    setting NODE_EXTRA_CA_CERTS ca.pem
  } | put "$out/karbit/karbit.env"
fi
if [ "$standby" = yes ]; then
  mkdir -p "$out/standby"
  put "$out/standby/ca.pem" <"$out/ca.pem"
  scheduler_env standby | put "$out/standby/scheduler.env"
fi
if [ "$one_host" = yes ]; then
  # Behind the scheduler's address, so they share one budget.
  worker_env worker-1 scheduler "$address" | put "$out/scheduler/worker.env"
else
  count=1
  while [ "$count" -le "$workers" ]; do
    mkdir -p "$out/worker-$count"
    put "$out/worker-$count/ca.pem" <"$out/ca.pem"
    worker_env "worker-$count" "worker-$count" | put "$out/worker-$count/worker.env"
    count=$((count + 1))
  done
fi
find "$out" -type d -exec chmod 700 {} +
find "$out" -type f -exec chmod 600 {} +
printf 'All in %s, one folder a machine. No file was overwritten.\n' "$out"
