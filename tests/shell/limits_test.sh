#!/usr/bin/env bash
# Limits of the process, as `ulimit` sets them, are no wish to stop: exit code 8 with the reason, never "cancelled". What a
# repair had done before stays done and is told; one that could not begin leaves nothing, and one that was cut off in its steps
# says so and is recovered.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"

if [ "$(id -u)" -ne 0 ]; then
  skip "limits" "needs root: owners and trusted attributes"
  exit 0
fi

bad=$work/bad
"$BUILD/make-root" "$top/fixtures/cases/content/file-restorable.case" "$bad" --damaged
find "$bad/overlay2" -mindepth 2 -maxdepth 2 -name link -delete

# limited LIMIT VALUE ARGS...: docker-fsck with that ulimit; sets status. Output in out.
limited() {
  local limit=$1 value=$2
  shift 2
  status=0
  (ulimit "$limit" "$value" && exec timeout 60 "$DOCKER_FSCK" "$@") >"$work/out" 2>&1 || status=$?
}

# What is wrong with how a repair under a limit came out; empty where nothing is.
judged() {
  local runs
  runs=$(find "$work/root" -mindepth 2 -maxdepth 2 -path '*/.docker-fsck/*T*Z-*' | wc -l)
  if [ $((status & 32)) -ne 0 ] || grep -q CANCELLED "$work/out"; then
    echo "says that it was cancelled"
  elif [ "$status" -gt 15 ]; then
    echo "ended with $status"
  elif [ "$status" -le 1 ]; then
    return
  elif [ $((status & 8)) -eq 0 ]; then
    echo "ended with $status without a reason"
  elif grep -q '^repaired: nothing' "$work/out" && [ "$runs" -ne 0 ]; then
    if ! grep -q 'ending the repair:.*recover' "$work/out"; then
      echo "nothing was repaired, and a run is left"
    elif ! "$DOCKER_FSCK" recover --yes "$work/root" >/dev/null 2>&1; then
      echo "it was cut off, and is not recovered"
    fi
  elif ! grep -q '^repaired: nothing' "$work/out" && grep -q '^repaired:' "$work/out" &&
       grep -q '^left: [0-9]' "$work/out" && grep -q 'checking again:' "$work/out"; then
    echo "what was found before the repair is shown as what is left"
  fi
}

try_repair() {
  local name="a repair with ulimit $1 $2" problem
  rm -rf "$work/root"
  cp -a "$bad" "$work/root"
  limited "$1" "$2" --yes --progress none "$work/root"
  problem=$(judged)
  if [ -n "$problem" ]; then
    not_ok "$name" "$problem: $(tail -3 "$work/out" | tr '\n' ';')"
  else
    ok "$name"
  fi
}

for count in $(seq 8 2 40); do
  try_repair -n "$count"
done
for kilobytes in 1 8 64 255 257 300; do
  try_repair -f "$kilobytes"
done

limited -f 1 save --root "$bad" --all -o "$work/saved.tar"
if [ "$status" -eq 8 ] && grep -q 'saved.tar.*File too large\|File too large.*saved.tar' "$work/out" && [ ! -e "$work/saved.tar" ]; then
  ok "a save with ulimit -f 1"
else
  not_ok "a save with ulimit -f 1" "$status: $(head -3 "$work/out" | tr '\n' ';')"
fi
