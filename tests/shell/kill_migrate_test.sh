#!/usr/bin/env bash
# Migrations that are killed from outside at random moments of their time, some of them again while they go on. The run
# after that ends with 0 and a target that is the source in every attribute; the one after that copies nothing.
# (tests/cmd/migrate_kill_test.cc kills at single calls, from inside.)
#
#   MIGRATE_KILLS=N      so many kills (25)
#   MIGRATE_ROOT=DIR     of a copy of this root (one that is made)
#   MIGRATE_SEED=N       at other moments
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
kills=${MIGRATE_KILLS:-25}

if [ "$(id -u)" -ne 0 ]; then
  skip "a migration that is killed" "needs root: owners and trusted attributes"
  exit 0
fi

# Everything that a copy keeps, but for what docker-fsck keeps for itself.
seen() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" | grep -avE '^(stat|xattr|sha256) "?\./(\.docker-fsck|lost\+found)'
}

# What a migration leaves out or writes anew is left to the first one, which was not killed.
migrate() {
  status=0
  "$DOCKER_FSCK" migrate --progress none --format json --final-path /var/lib/docker "$work/source" "$work/target" \
    >"$work/report" 2>"$work/report.err" </dev/null || status=$?
}

if [ -n "${MIGRATE_ROOT:-}" ]; then
  cp -a "$MIGRATE_ROOT" "$work/source"
else
  "$BUILD/make-root" --scale 60 40 "$work/source"
fi
started=$(date +%s%N)
migrate
lasted=$((($(date +%s%N) - started) / 1000000))
[ "$status" -eq 0 ] && ok "a migration that is not killed" ||
  not_ok "a migration that is not killed" "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")"
seen "$work/target" >"$work/wanted"
seen "$work/source" >"$work/source.seen"

# Where the kill has caught it.
phase() {
  local own=$work/target/.docker-fsck
  if [ -d "$own/trial" ]; then
    echo trial
  elif [ -d "$own/migrated" ]; then
    echo after-the-end
  elif [ ! -e "$own/migration/journal" ]; then
    echo before-copying
  elif grep -qa '^{"record":"changes"' "$own/migration/journal"; then
    echo rewriting-and-checking
  else
    echo copying
  fi
}

RANDOM=${MIGRATE_SEED:-11}
for ((killed = 0; killed < kills; )); do
  rm -rf --one-file-system "$work/target"
  : >"$work/wrong"
  while :; do
    delay=$((lasted * (RANDOM % 1050) / 1000))
    "$DOCKER_FSCK" migrate --progress none --final-path /var/lib/docker "$work/source" "$work/target" >/dev/null 2>&1 </dev/null &
    pid=$!
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    killed=$((killed + 1))
    phase >>"$work/phases"
    ((killed < kills && RANDOM % 3 == 0)) || break
  done
  at=$(tail -n 1 "$work/phases")
  migrate
  [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")" >>"$work/wrong"
  seen "$work/target" | diff "$work/wanted" - | grep -a '^[<>]' | head -n 3 >>"$work/wrong" || true
  migrate
  [ "$status" -eq 0 ] || echo "again: exit $status" >>"$work/wrong"
  jq -e '.complete and .copied.bytes == 0' "$work/report" >/dev/null || echo "again: it is not complete" >>"$work/wrong"
  [ ! -s "$work/wrong" ] && ok "a migration killed $killed times ($at)" ||
    not_ok "a migration killed $killed times ($at)" "$(tr '\n' ';' <"$work/wrong")"
done
seen "$work/source" | cmp -s - "$work/source.seen" && ok "the source of killed migrations is as it was" ||
  not_ok "the source of killed migrations is as it was" "it was changed"
sort "$work/phases" | uniq -c | sed 's/^/# killed: /'
