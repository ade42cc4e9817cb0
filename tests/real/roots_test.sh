#!/usr/bin/env bash
# Roots made by a real dockerd, untouched: nothing above info is found, the exit code is 0, and the root is the same
# to the last attribute afterwards. Roots left by kill -9 may hold garbage, and nothing but garbage.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"

kinds=(small classic buildkit mixed swarm userns)
killed=(killed-load killed-build)
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for kind in "${kinds[@]}" "${killed[@]}" live; do
    skip "real root $kind" "needs root and dockerd"
  done
  exit 0
fi

check_same() {
  local kind=$1 root=$2
  if "$top/fixtures/real/snapshot.sh" "$root" >"$work/after" && cmp -s "$work/before" "$work/after"; then
    ok "real root $kind: nothing was changed"
  else
    not_ok "real root $kind: nothing was changed" "$(diff "$work/before" "$work/after" | head -3)"
  fi
}

for kind in "${kinds[@]}" "${killed[@]}"; do
  root=$work/$kind
  if ! real_root "$root" "$kind" 2>"$work/make.log"; then
    not_ok "real root $kind" "could not be made: $(tail -n 3 "$work/make.log" | tr '\n' ' ')"
    continue
  fi
  "$top/fixtures/real/snapshot.sh" "$root" >"$work/before"
  fsck_json "$work/j2" -j2 "$root"
  found=$(show_findings "$work/j2" || true)
  case $kind in
    killed-*) wrong=$(grep -vE '^DF[0-9]+ warning ' <<<"$found" || true) ;;
    *) wrong=$found ;;
  esac
  if [ "$status" -eq 0 ] && [ -z "$wrong" ] && jq -e '.counts.layers > 0 or (.below | length > 0)' "$work/j2" >/dev/null; then
    ok "real root $kind is found healthy"
  else
    not_ok "real root $kind is found healthy" "exit $status: $(head -c 1000 <<<"$wrong" | tr '\n' ';') $(head -c 300 "$work/j2.err")"
  fi
  verified=$(jq '[.counts, .below[].counts] | map(.layers_verified // 0) | add' "$work/j2")
  layers=$(jq '[.counts, .below[].counts] | map(.layers // 0) | add' "$work/j2")
  if [ "$verified" = "$layers" ]; then
    ok "real root $kind: every layer is proven by its digest"
  else
    not_ok "real root $kind: every layer is proven by its digest" "$verified of $layers"
  fi
  fsck_json "$work/j1" -j1 "$root"
  if cmp -s "$work/j1" "$work/j2"; then
    ok "real root $kind: the same report with one job"
  else
    not_ok "real root $kind: the same report with one job" "$(diff "$work/j1" "$work/j2" | head -3)"
  fi
  check_same "$kind" "$root"
  [ "$kind" = small ] || rm -rf --one-file-system "$root"
done

# A root while its daemon runs, and after the daemon is gone.
# shellcheck source=fixtures/real/daemon.sh
. "$top/fixtures/real/daemon.sh"
trap 'daemon_cleanup; remove_work' EXIT
fsck_json "$work/still" "$work/small"
daemon_start "$work/small"
fsck_json "$work/live" "$work/small"
if [ "$status" -eq 0 ] && jq -e '.daemon.live and (.daemon.evidence | length > 0)' "$work/live" >/dev/null &&
  [ -z "$(show_findings "$work/live")" ]; then
  ok "live root: healthy, and said to be live"
else
  not_ok "live root: healthy, and said to be live" "exit $status: $(show_findings "$work/live" | head -3 | tr '\n' ';')"
fi
if timeout 60 "$DOCKER_FSCK" -n --progress none "$work/small" 2>/dev/null | grep -qi 'stale'; then
  ok "live root: the text report warns that findings may be stale"
else
  not_ok "live root: the text report warns that findings may be stale" "no such warning"
fi
daemon_stop

# As an ordinary user: what could not be read is said, and the exit code has 8.
if setpriv --reuid=65534 --regid=65534 --clear-groups "$DOCKER_FSCK" --version >/dev/null 2>&1; then
  status=0
  setpriv --reuid=65534 --regid=65534 --clear-groups "$DOCKER_FSCK" -n --progress none "$work/small" \
    >"$work/user" 2>&1 || status=$?
  if [ $((status & 8)) -eq 8 ] && grep -q 'Permission denied' "$work/user"; then
    ok "an ordinary user is told what could not be read"
  else
    not_ok "an ordinary user is told what could not be read" "exit $status: $(head -c 300 "$work/user")"
  fi
else
  skip "an ordinary user is told what could not be read" "the program's folder is closed to other users"
fi
