#!/bin/sh
# Installs, upgrades and rolls back a program of SchedulerX on this machine. Needs systemd and coreutils.
set -eu
umask 022

usage() {
  cat <<'HELP'
install.sh settings DIR
install.sh program FILE [--no-check] [--settle SECONDS]
install.sh rollback NAME [--settle SECONDS]

Run as root, from the folder it came in: the units lie beside it.

  settings DIR   installs this machine's folder of secrets.sh into /etc/schedulerx, and with nats.conf or redis.conf
                 the servers' units. What runs with changed settings is started anew; the old files stay as *.previous
  program FILE   installs or upgrades schedulerx-scheduler, schedulerx-worker or schedulerx-api (the file's name says
                 which): asks the new file for its version and --check, puts it in the old one's place, starts it and
                 waits until it says that it runs. If it does not, the old one is put back and started
  rollback NAME  changes places with the version before; again: back. NAME: scheduler, worker or api

  --no-check          install although --check finds something wrong (a venue that is down, no worker yet)
  --settle SECONDS    how long it must stay up to count as started (default 5)
  --root DIR          work below DIR instead of /, for images and tests
  --help              this text

Exit: 0 done, 1 not done and as it was before, 2 wrong usage.
HELP
}

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

here=$(cd "$(dirname "$0")" && pwd)
root='' check=yes settle=5 command='' operand=''
while [ $# -gt 0 ]; do
  case $1 in
    --no-check) check=no ;;
    --root | --settle)
      [ $# -ge 2 ] || fail "$1: expected a value after it" 2
      if [ "$1" = --root ]; then root=${2%/}; else settle=$2; fi
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) fail "$1: expected one of the options that --help lists" 2 ;;
    *)
      if [ -z "$command" ]; then
        command=$1
      elif [ -z "$operand" ]; then
        operand=$1
      else
        fail "$1: expected one operand; see --help" 2
      fi
      ;;
  esac
  shift
done
case $command in
  settings | program | rollback) [ -n "$operand" ] || fail "$command: expected an operand; see --help" 2 ;;
  '') fail 'expected settings, program or rollback; see --help' 2 ;;
  *) fail "$command: expected settings, program or rollback; see --help" 2 ;;
esac
case $settle in
  '' | *[!0-9]*) fail "--settle: expected a number of seconds, was '$settle'" 2 ;;
esac
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail 'expected to run as root (sudo)' 2

etc=$root/etc/schedulerx
bin=$root/usr/local/bin
# The versions before; the last one that did not come up lies here too, to be looked into.
old=$root/usr/local/lib/schedulerx
units=$root/etc/systemd/system
start_seconds_max=240
check_seconds_max=120

mkdir -p "$etc" "$bin" "$old" "$units"
exec 9>"$old/lock"
flock -n 9 || fail 'another install.sh is running'

# place FILE TARGET MODE: in one step, so that no reader ever sees half a file.
place() {
  install -m "$3" "$1" "$2.new"
  mv -f "$2.new" "$2"
}

# start UNIT: false unless it says that it runs, and stays up.
start() {
  systemctl daemon-reload
  systemctl enable --quiet "$1.service"
  timeout "$start_seconds_max" systemctl restart "$1.service" || return 1
  sleep "$settle"
  systemctl is-active --quiet "$1.service"
}

install_settings() {
  [ -d "$1" ] || fail "$1: expected a folder made by secrets.sh"
  [ -f "$1/ca.pem" ] || fail "$1: expected ca.pem in it, as secrets.sh makes it"
  changed=''
  for file in "$1"/*.pem "$1"/*.key "$1"/*.conf "$1"/*.env; do
    [ -f "$file" ] || continue
    name=${file##*/}
    cmp -s "$file" "$etc/$name" && continue
    # What systemd hands to the programs is for root alone; certificates are read by the programs themselves.
    case $name in
      *.pem) mode=0644 ;;
      *) mode=0600 ;;
    esac
    [ ! -e "$etc/$name" ] || cp -p "$etc/$name" "$etc/$name.previous"
    place "$file" "$etc/$name" "$mode"
    printf 'installed %s\n' "/etc/schedulerx/$name"
    changed="$changed $name"
  done
  for server in nats redis; do
    [ -f "$etc/$server.conf" ] || continue
    unit=schedulerx-$server
    if ! cmp -s "$here/units/$unit.service" "$units/$unit.service"; then
      place "$here/units/$unit.service" "$units/$unit.service" 0644
      changed="$changed $server.conf"
    fi
    case $changed in
      *" $server.conf"* | *" server."*)
        start "$unit" || fail "$unit did not start: journalctl -u $unit -n 50"
        printf 'runs      %s\n' "$unit"
        ;;
    esac
  done
  for program in scheduler worker api; do
    case $changed in
      *" $program.env"* | *'ca.pem'*)
        systemctl is-active --quiet "schedulerx-$program.service" || continue
        start "schedulerx-$program" ||
          fail "schedulerx-$program does not run with these settings; the old ones are $etc/$program.env.previous"
        printf 'runs      schedulerx-%s, with the new settings\n' "$program"
        ;;
    esac
  done
}

# keep NAME: the installed program and unit become the version before.
keep() {
  if [ -f "$bin/$1" ]; then place "$bin/$1" "$old/$1.previous" 0755; fi
  if [ -f "$units/$1.service" ]; then place "$units/$1.service" "$old/$1.service.previous" 0644; fi
}

# put_back NAME: the version before is installed again, and the present one is kept as SUFFIX.
put_back() {
  place "$bin/$1" "$old/$1.$2" 0755
  place "$units/$1.service" "$old/$1.service.$2" 0644
  mv -f "$old/$1.previous" "$bin/$1"
  mv -f "$old/$1.service.previous" "$units/$1.service"
}

install_program() {
  name=${1##*/}
  case $name in
    schedulerx-scheduler | schedulerx-worker | schedulerx-api) ;;
    *) fail "$1: expected a file named schedulerx-scheduler, schedulerx-worker or schedulerx-api" ;;
  esac
  [ -f "$1" ] || fail "$1: expected a file, there is none"
  settings=$etc/${name#schedulerx-}.env
  [ -f "$settings" ] || fail "expected $settings; run 'install.sh settings DIR' first"

  new=$bin/$name.new
  trap 'rm -f "$new"' EXIT
  install -m 0755 "$1" "$new"
  version=$("$new" --version) || fail "$1: does not run on this machine; was it built for another processor?"
  if [ "$check" = yes ] && ! timeout "$check_seconds_max" "$new" --env-file "$settings" --check; then
    fail "$version finds something wrong (above); nothing was changed. --no-check installs it all the same"
  fi

  first=no
  if [ ! -f "$bin/$name" ]; then
    first=yes
  elif ! cmp -s "$new" "$bin/$name" || ! cmp -s "$here/units/$name.service" "$units/$name.service"; then
    keep "$name"
  fi
  mv -f "$new" "$bin/$name"
  place "$here/units/$name.service" "$units/$name.service" 0644
  if start "$name"; then
    printf 'runs      %s\n' "$version"
    return
  fi
  journalctl -u "$name.service" -n 20 --no-pager 2>/dev/null || true
  [ "$first" = no ] || fail "$version did not come up (above). It is the first version here, so it stays and is tried on"
  [ -f "$old/$name.previous" ] || fail "$version did not come up (above), and there is no other version to go back to"
  put_back "$name" failed
  start "$name" || fail "$version did not come up, and neither does the version before, which is installed again"
  fail "$version did not come up (above). $("$bin/$name" --version) is back and runs"
}

roll_back() {
  name=schedulerx-${1#schedulerx-}
  [ -f "$old/$name.previous" ] || fail "$1: expected a version before, there is none in $old"
  put_back "$name" present
  mv -f "$old/$name.present" "$old/$name.previous"
  mv -f "$old/$name.service.present" "$old/$name.service.previous"
  version=$("$bin/$name" --version)
  start "$name" || fail "$version is installed again but did not come up: journalctl -u $name -n 50"
  printf 'runs      %s\n' "$version"
}

case $command in
  settings) install_settings "$operand" ;;
  program) install_program "$operand" ;;
  rollback) roll_back "$operand" ;;
esac
