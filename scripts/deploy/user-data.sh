#!/bin/sh
# EC2 user data: makes an empty machine ready for install.sh. Paste it into the field "User data", with ROLE set.
# It holds no secret, since anything on the machine may read user data. Safe to run again.
set -eu

# worker: Debian 12 or newer, or Amazon Linux 2023. scheduler: Debian 12 or newer.
: "${ROLE:=worker}"
# For the scheduler's machine: yes where Karbit or an edge reads rates; yes where no managed database is used.
: "${WITH_REDIS:=no}"
: "${WITH_POSTGRES:=no}"
# Nothing else needs to be changed.
: "${SWAP_MB:=1024}"
: "${ROOT:=}"

usage() {
  cat <<'HELP'
user-data.sh

Makes an empty EC2 machine ready for SchedulerX: swap, exact time, a limit to the journal, KST in login shells, and on
the scheduler's machine the servers. Takes its settings from its first lines or the environment:

  ROLE=worker|scheduler   what the machine is for
  WITH_REDIS=yes|no       Redis, for Karbit or an edge (scheduler only)
  WITH_POSTGRES=yes|no    PostgreSQL on this machine (scheduler only)
  SWAP_MB=1024            size of the swap file; 0: none
HELP
}

fail() {
  printf 'user-data.sh: %s\n' "$1" >&2
  exit 1
}

case ${1:-} in
  '') ;;
  --help | -h)
    usage
    exit 0
    ;;
  *) fail "$1: expected no operand; see --help" ;;
esac
case $ROLE in worker | scheduler) ;; *) fail "ROLE: expected worker or scheduler, was '$ROLE'" ;; esac
case $WITH_REDIS$WITH_POSTGRES in
  yesyes | yesno | noyes | nono) ;;
  *) fail "WITH_REDIS, WITH_POSTGRES: expected yes or no, were '$WITH_REDIS' and '$WITH_POSTGRES'" ;;
esac
[ "$ROLE$WITH_REDIS$WITH_POSTGRES" = workernono ] || [ "$ROLE" = scheduler ] ||
  fail "WITH_REDIS, WITH_POSTGRES: expected no on a worker's machine"
case $SWAP_MB in '' | *[!0-9]*) fail "SWAP_MB: expected a number, was '$SWAP_MB'" ;; esac
[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail 'expected to run as root (sudo)'

# write FILE: standard input becomes FILE.
write() {
  mkdir -p "$ROOT${1%/*}"
  cat >"$ROOT$1.new"
  chmod 644 "$ROOT$1.new"
  mv -f "$ROOT$1.new" "$ROOT$1"
}

packages() {
  redis='' postgres=''
  if command -v apt-get >/dev/null; then
    [ "$WITH_REDIS" = no ] || redis='redis-server'
    [ "$WITH_POSTGRES" = no ] || postgres=postgresql
    nats=''
    if [ "$ROLE" = scheduler ]; then
      nats='nats-server'
      # Debian starts what it installs, open to everybody behind the firewall: ours run by units and settings of our own.
      systemctl mask nats-server.service redis-server.service
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=300 update
    # shellcheck disable=SC2086 # an empty word is no package
    apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chrony openssl ca-certificates curl tzdata \
      $nats $redis $postgres
    chrony=chrony
  elif command -v dnf >/dev/null; then
    [ "$ROLE" = worker ] || fail 'expected Debian for the scheduler: Amazon Linux has no package of nats-server'
    dnf install -y -q chrony openssl ca-certificates tzdata util-linux
    chrony=chronyd
  else
    fail 'expected apt-get (Debian) or dnf (Amazon Linux 2023)'
  fi
}

swap_file() {
  [ "$SWAP_MB" -gt 0 ] || return 0
  write /etc/sysctl.d/60-schedulerx.conf <<'CONF'
# Swap is for the worst moment, not for every day.
vm.swappiness=10
CONF
  sysctl -q -p "$ROOT/etc/sysctl.d/60-schedulerx.conf"
  grep -qs '^/swapfile ' "$ROOT/etc/fstab" && return 0
  # dd, since a file with holes is no swap on xfs.
  dd if=/dev/zero of="$ROOT/swapfile" bs=1M count="$SWAP_MB" status=none
  chmod 600 "$ROOT/swapfile"
  mkswap -q "$ROOT/swapfile" 2>/dev/null || mkswap "$ROOT/swapfile" >/dev/null
  swapon "$ROOT/swapfile"
  printf '/swapfile none swap sw 0 0\n' >>"$ROOT/etc/fstab"
}

# Books are judged by the exchanges' own time stamps, so the clock matters. 169.254.169.123 is Amazon's, on every machine.
exact_time() {
  if [ "$chrony" = chrony ]; then
    write /etc/chrony/sources.d/amazon.sources <<'CONF'
server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4
CONF
  fi
  systemctl enable --quiet "$chrony.service"
  systemctl restart "$chrony.service"
  # Where it is there, time-sync.target waits for the first correction, and the programs wait for that target.
  systemctl enable --quiet chrony-wait.service 2>/dev/null || true
}

# Services log in UTC; people here read KST.
login_shells_in_kst() {
  write /etc/profile.d/schedulerx.sh <<'CONF'
export TZ=Asia/Seoul
CONF
}

journal_limits() {
  write /etc/systemd/journald.conf.d/schedulerx.conf <<'CONF'
[Journal]
Storage=persistent
SystemMaxUse=300M
MaxRetentionSec=30day
CONF
  systemctl restart systemd-journald.service
}

# A small machine's share, and only from this machine.
local_postgres() {
  [ "$ROLE" = scheduler ] && [ "$WITH_POSTGRES" = yes ] || return 0
  for folder in "$ROOT"/etc/postgresql/*/main/conf.d; do
    write "${folder#"$ROOT"}/schedulerx.conf" <<'CONF'
listen_addresses = '127.0.0.1'
shared_buffers = 32MB
max_connections = 40
# Each of these may take so much to clear the history away: 64 MB and three by default.
maintenance_work_mem = 16MB
autovacuum_max_workers = 2
CONF
  done
  # With all of ours the machine's memory goes round: the units' ceilings and this one are less than a t3.micro has.
  write /etc/systemd/system/postgresql@.service.d/schedulerx.conf <<'CONF'
[Service]
MemoryHigh=128M
MemoryMax=136M
CONF
  systemctl daemon-reload
  systemctl restart postgresql.service
}

# Swap first: installing packages is what a small machine has too little memory for.
swap_file
packages
exact_time
login_shells_in_kst
journal_limits
local_postgres
mkdir -p "$ROOT/etc/schedulerx"
chmod 755 "$ROOT/etc/schedulerx"
printf 'user-data.sh: ready for install.sh (%s)\n' "$ROLE"
