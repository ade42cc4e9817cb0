#!/usr/bin/env bash
# Roots whose owners are not those of a rootful daemon: of a daemon in an unprivileged container, of a rootful one that was
# moved into such a container, of a rootless daemon. Healthy, nothing is said about them, from the host and from inside. One
# owner that is wrong among right ones is found. Damage is repaired as on any root, with the owners that the root has, and
# undone. A migration keeps owners. Real daemons, each in its namespace, run everything afterwards.
#
#   HOSTS="NAME..."   only these: lxc shifted rootless; or plain, a rootful root, of which the same is asked
#                     but from inside of nothing
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
# shellcheck source=tests/real/hosts.sh
. "$top/tests/real/hosts.sh"
# shellcheck source=fixtures/real/contexts.sh
. "$top/fixtures/real/contexts.sh"
trap finish EXIT

read -ra hosts <<<"${HOSTS:-lxc shifted rootless}"
cases=()
for host in "${hosts[@]}"; do
  for name in "healthy, from the host" "healthy, from inside" "a stranger, from the host" "a stranger, from inside" \
    "safe damage" "safe damage, repaired from inside" "losses, with a donor" "migrated"; do
    cases+=("$host: $name")
  done
done
none_of() {
  for name in "${cases[@]}"; do skip "$name" "$1"; done
  exit 0
}
[ "$(id -u)" -eq 0 ] || none_of "needs root"
needs dockerd jq setpriv unshare || exit 0
in_namespace=$top/fixtures/real/in_namespace.sh
shifted_map='0 100000 65536'
[ "$("$in_namespace" "$shifted_map" id -u 2>/dev/null)" = 0 ] || none_of "no user namespaces here"
# The program must be within reach of everybody.
chmod 711 "$work"
cp "$DOCKER_FSCK" "$work/docker-fsck"
DOCKER_FSCK=$work/docker-fsck
setpriv --reuid=65534 --regid=65534 --clear-groups "$DOCKER_FSCK" --version >/dev/null 2>&1 ||
  none_of "$work is closed to other users"

# inside COMMAND...: as the root of this host's daemon.
inside() {
  if [ -n "$map" ]; then
    "$in_namespace" "$map" "$@"
  else
    "$@"
  fi
}

# fsck_inside OUT ARGS...: as fsck_json, from inside.
fsck_inside() {
  local out=$1
  shift
  status=0
  inside timeout 300 "$DOCKER_FSCK" --format json --progress none "$@" </dev/null >"$out" 2>"$out.err" || status=$?
}

# A rootful root without ids that a container does not have, moved into one.
make_shifted() {
  real_root "$1" small
  daemon_start "$1"
  dk rmi import:1 >/dev/null
  archive_import "$work/import.tar" 65000
  dk import "$work/import.tar" import:1 >/dev/null
  daemon_stop
  daemon_cleanup
  rm "$work/import.tar"
  "$top/fixtures/inject/shift.sh" "$1" 100000
}

make_host() {
  case $host in
    lxc) map=$shifted_map DAEMON_MAP=$map && real_root "$1" lxc ;;
    shifted) map=$shifted_map && make_shifted "$1" && DAEMON_MAP=$map ;;
    plain) map= && real_root "$1" small ;;
    rootless)
      map=$'0 65001 1\n1 200000 65536'
      DAEMON_USER=65001
      daemon_user_files "$work/etc" rootless "$DAEMON_USER" 200000
      real_root "$1" rootless
      ;;
  esac
}

copy() {
  rm -rf --one-file-system "$work/copy"
  cp -a "$work/root" "$work/copy"
}

# Runs what is there, on a copy. What the daemon cannot do with the healthy root on this machine is no fault of a repair.
ask_daemon() {
  cp -a "$1" "$work/running"
  judged_by_daemon "$work/running" "$work/expected" | grep -vF -f "$work/unable" || true
  rm -rf --one-file-system "$work/running"
}

try_healthy() {
  "$top/fixtures/real/snapshot.sh" "$work/root" >"$work/before"
  fsck_json "$work/report" "$work/root"
  verdict "$host: healthy, from the host" "$(healthy "$work/report" layers)"
  fsck_inside "$work/report" --dry-run "$work/root"
  verdict "$host: healthy, from inside" "$(
    healthy "$work/report" layers
    "$top/fixtures/real/snapshot.sh" "$work/root" | cmp -s "$work/before" - || echo "something was changed"
  )"
}

# One directory of a layer belongs to the root of the machine, and nobody else may enter.
try_stranger() {
  local dir mode
  copy
  dir=$(find "$work/copy/overlay2" -mindepth 4 -maxdepth 4 -type d -path '*/diff/srv/lib' -print -quit)
  dir=${dir#"$work/copy/"}
  mode=$(stat -c %a "$work/copy/$dir")
  chown 0:0 "$work/copy/$dir" && chmod 750 "$work/copy/$dir"
  one_error='[.. | .findings? // empty | .[] | select(.severity == "error")] | length == 1 and .[0].path == $path'
  fsck_inside "$work/report" --dry-run "$work/copy"
  verdict "$host: a stranger, from inside" "$(
    [ $((status & 4)) -eq 4 ] || echo "exit $status"
    jq -e --arg path "$dir" "$one_error"' and (.[0].safety == "none" or $plain)' --argjson plain "$([ "$map" ] && echo false || echo true)" \
      "$work/report" >/dev/null ||
      show_findings "$work/report" | cut -c 1-250 | head -n 3
    ! grep -qiE 'disk[^"]{0,40}damaged|run it as root' "$work/report" || echo "it blames the disk, or wants root"
  )"
  fsck_json "$work/report" "$work/copy"
  verdict "$host: a stranger, from the host" "$(
    [ "$status" -eq 4 ] || echo "exit $status"
    jq -e --arg path "$dir" "$one_error and .[0].safety == \"safe\"" "$work/report" >/dev/null ||
      show_findings "$work/report" | cut -c 1-250 | head -n 3
    repair "$work/done" -p "$work/copy"
    [ "$status" -eq 1 ] || echo "-p: exit $status"
    [ "$(stat -c '%u:%g %a' "$work/copy/$dir")" = "$(stat -c '%u:%g %a' "$work/root/$dir")" ] ||
      echo "-p made it $(stat -c '%u:%g %a' "$work/copy/$dir"), not $(stat -c '%u:%g' "$work/root/$dir") $mode"
    as_read "$work/copy" | diff "$work/root.read" - | grep -a '^[<>]' | head -n 2 || true
    # What the run on the host has kept is the host's; the root can still be checked from inside.
    fsck_inside "$work/report" --dry-run "$work/copy"
    healthy "$work/report" | sed 's/^/then from inside: /'
  )"
}

# Links, orders, deletions, hard links, modes, access lists, entries: all of this is proven.
safe_faults=(link_missing lower_tainted_order content_missing_symlink whiteout_lost hardlinks_split content_setuid_lost
  acl_lost entry_diff_missing mount_parent_missing)

# repaired_from WHERE FAULT...: $work/copy by -p there; prints what is wrong.
repaired_from() {
  inject "$work/copy" "${@:2}"
  exact "$work/copy" >"$work/damaged"
  fsck_json "$work/report" "$work/copy"
  [ "$status" -eq 4 ] || echo "exit $status"
  all_found "$work/report"
  if [ "$1" = inside ]; then
    fsck_inside "$work/done" -p "$work/copy"
  else
    repair "$work/done" -p "$work/copy"
  fi
  [ "$status" -eq 1 ] || echo "-p: exit $status: $(jq -r '.failures[0] // .error.message // ""' "$work/done" 2>/dev/null)"
  fsck_json "$work/report" "$work/copy"
  healthy "$work/report" | sed 's/^/after -p: /'
  as_read "$work/copy" | diff "$work/root.read" - | grep -a '^[<>]' | head -n 3 || true
}

# undone [COMMAND...]: from where the repair was made.
undone() {
  undo_all "$work/copy" "$@"
  exact "$work/copy" | diff "$work/damaged" - | grep -a '^[<>]' | head -n 3 | sed 's/^/after undo: /' || true
}

try_safe() {
  copy
  verdict "$host: safe damage" "$(
    # An owner from elsewhere can only be changed from the host.
    repaired_from host content_owner "${safe_faults[@]}"
    ask_daemon "$work/copy"
    undone
  )"
  copy
  verdict "$host: safe damage, repaired from inside" "$(
    repaired_from inside "${safe_faults[@]}"
    undone inside
  )"
}

# What only a donor has: contents, descriptions of tars, configurations.
try_losses() {
  copy
  verdict "$host: losses, with a donor" "$(
    inject "$work/copy" content_empty tarsplit_missing config_missing caps_lost ctr_config_torn_write
    exact "$work/copy" >"$work/damaged"
    repair "$work/done" -y --from "$work/root" "$work/copy"
    [ "$status" -eq 1 ] || echo "-y: exit $status: $(jq -r '.failures[0] // .error.message // ""' "$work/done" 2>/dev/null)"
    all_found "$work/done"
    fsck_json "$work/report" "$work/copy"
    healthy "$work/report" layers | sed 's/^/after -y: /'
    find "$work/copy" -path "$work/copy/.docker-fsck" -prune -o -printf '%P %U:%G %m\n' | sort |
      diff "$work/root.owners" - | grep -a '^[<>]' | head -n 3 || true
    ask_daemon "$work/copy"
    undone
  )"
}

try_migrated() {
  local target=$work/target
  mkdir "$target"
  migrate "$work/report" --final-path /var/lib/docker "$work/root" "$target"
  verdict "$host: migrated" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c '.obstacles // .error.message' "$work/report" 2>/dev/null)"
    jq -e '.end == "done"' "$work/report" >/dev/null || echo "end: $(jq -c .end "$work/report")"
    copied_as "$work/report" "$work/root" "$target"
    ask_daemon "$target"
  )"
}

# One host, in a directory of its own.
try_host() {
  host=$1
  work=$work/$host
  mkdir -m 711 "$work"
  trap daemon_cleanup EXIT
  if ! make_host "$work/root" 2>"$work/make.log"; then
    for name in "${cases[@]}"; do
      [[ $name != "$host:"* ]] || not_ok "$name" "the root could not be made: $(tail -n 3 "$work/make.log" | tr '\n' ' ')"
    done
    return
  fi
  as_read "$work/root" >"$work/root.read"
  find "$work/root" -printf '%P %U:%G %m\n' | sort >"$work/root.owners"
  try_healthy
  cp -a "$work/root" "$work/running"
  daemon_start "$work/running"
  inventory "$work/expected"
  use_everything >"$work/failing"
  daemon_stop
  daemon_cleanup
  rm -rf --one-file-system "$work/running"
  cut -d ' ' -f 1,2 "$work/failing" >"$work/unable"
  if [ -s "$work/failing" ]; then
    skip "$host: a daemon runs everything of the healthy root" "here it does not: $(head -n 1 "$work/failing")"
  else
    ok "$host: a daemon runs everything of the healthy root"
  fi
  try_stranger
  try_safe
  try_losses
  try_migrated
}

running=()
for host in "${hosts[@]}"; do
  if [ "$host" = rootless ] && ! command -v rootlesskit newuidmap >/dev/null; then
    for name in "${cases[@]}"; do
      [[ $name != "$host:"* ]] || skip "$name" "needs rootlesskit and newuidmap"
    done
    continue
  fi
  try_host "$host" >"$work/report-$host" 2>"$work/errors-$host" &
  running+=("$host $!")
done
for one in "${running[@]}"; do
  read -r host pid <<<"$one"
  wait "$pid" || not_ok "$host" "ended with $?: $(tail -n 2 "$work/errors-$host" | tr '\n' ' ')"
  cat "$work/report-$host"
done
