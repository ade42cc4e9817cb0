#!/usr/bin/env bash
# Repairs of a root whose links, lower files and overlay2/l are all lost, killed from outside at moments that cover the
# whole repair. Afterwards recover brings the root to repaired, or back to what it was before, and nothing is lost: undo
# gives the damaged root. (tests/core/journal/crash_test.cc kills at every single call, from inside.)
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
rounds=12

if [ "$(id -u)" -ne 0 ]; then
  skip "a repair that is killed" "needs root: owners and trusted attributes"
  exit 0
fi

# Names, types, owners, times and contents, but for what docker-fsck keeps for itself and the root's own time.
state_of() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" | grep -avE '^(stat|xattr|sha256) "?\./\.docker-fsck|^stat "\."'
}

"$BUILD/make-root" --scale 300 30 "$work/damaged"
find "$work/damaged/overlay2" -mindepth 2 -maxdepth 2 -type f \( -name link -o -name lower \) -delete
rm -r "$work/damaged/overlay2/l"
state_of "$work/damaged" >"$work/damaged.state"
cp -a "$work/damaged" "$work/repaired"
started=$(date +%s%N)
"$DOCKER_FSCK" --yes --structure --progress none "$work/repaired" >"$work/out" 2>&1 || true
lasted=$((($(date +%s%N) - started) / 1000000))

# Prints what is wrong after a repair that was killed after $1 milliseconds.
killed_after() {
  local pid status=0 runs
  rm -rf --one-file-system "$work/root"
  cp -a "$work/damaged" "$work/root"
  "$DOCKER_FSCK" --yes --structure --progress none "$work/root" >"$work/out" 2>&1 &
  pid=$!
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  runs=$("$DOCKER_FSCK" history --format json "$work/root" | jq -r '.runs[].state' | sort -u | tr '\n' ' ')
  if [[ $runs == *unfinished* ]]; then
    echo >>"$work/unfinished"
    "$DOCKER_FSCK" recover --yes ${2:+"$2"} "$work/root" >"$work/out" 2>&1 || status=$?
    [ "$status" -le 1 ] || echo "recover: exit $status: $(tail -n 1 "$work/out")"
  fi
  if [[ -z ${2:-} || $runs != *unfinished* ]]; then
    status=0
    "$DOCKER_FSCK" --yes --structure --progress none "$work/root" >"$work/out" 2>&1 || status=$?
    [ "$status" -le 1 ] || echo "another repair: exit $status: $(tail -n 1 "$work/out")"
    "$DOCKER_FSCK" --dry-run --structure --progress none "$work/root" >"$work/out" 2>&1 || echo "still damaged"
    while "$DOCKER_FSCK" undo --yes "$work/root" >"$work/out" 2>&1; do :; done
  fi
  state_of "$work/root" | cmp -s - "$work/damaged.state" || echo "the damaged root is not back ($runs)"
}

touch "$work/unfinished"
for ((round = 1; round <= rounds; round++)); do
  for back in "" --back; do
    wrong=$(killed_after $((lasted * round / rounds)) $back)
    name="a repair killed at $round/$rounds of its time, then ${back:-recover}"
    [ -z "$wrong" ] && ok "$name" || not_ok "$name" "$(tr '\n' ';' <<<"$wrong")"
  done
done
[ -s "$work/unfinished" ] && ok "kills that leave a repair unfinished" ||
  not_ok "kills that leave a repair unfinished" "every repair was over, or had not begun, when it was killed"
