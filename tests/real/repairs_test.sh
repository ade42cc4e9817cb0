#!/usr/bin/env bash
# Every fault injector, and random combinations of them, applied to a copy of a root that a real dockerd made, repaired
# with -y: what is proven is back byte for byte, nothing healthy is touched, what is lost was named, a second repair
# changes nothing, undo brings back the damaged root exactly, and a real dockerd starts on the repaired one, lists what
# it listed before, saves and runs every image and starts the stopped container.
#
#   REPAIR_FAULTS="NAME..."   only these faults, and no combinations unless told so; "all" means every fault, which takes
#                             half an hour, while otherwise every second one is tried
#   REPAIR_ROUNDS=N           so many combinations (4)
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
trap 'daemon_cleanup; remove_work' EXIT
faults=$top/fixtures/inject/faults.sh
expectations=$top/fixtures/inject/repairs.txt
rounds=${REPAIR_ROUNDS:-$([ -n "${REPAIR_FAULTS:-}" ] && echo 0 || echo 4)}

if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  "$faults" list | while read -r area name _; do
    skip "repair of $area/$name" "needs root and dockerd"
  done
  exit 0
fi

# Undamaged roots, with what a daemon reads (.read) and lists (.inventory) of them. All workers use them.
prepared=$work/prepared
mkdir "$prepared"

prepare() {
  real_root "$prepared/$1" "$1"
  as_read "$prepared/$1" >"$prepared/$1.read"
  cp -a "$prepared/$1" "$work/copy"
  daemon_start "$work/copy"
  inventory "$prepared/$1.inventory"
  daemon_stop
  daemon_cleanup
  rm -rf --one-file-system "$work/copy"
}

# Errors of a report, one a line: CODE PATH SUBJECT. What follows from a loss that the report names is that loss.
errors_of() {
  jq -r '.. | .findings? // empty | . as $all | .[] | select(.severity == "error") |
    select(.caused_by == null or $all[.caused_by].code != "DF1205") | "\(.code) \(.path) \(.subject.id)"' "$1" | sort
}

# Names of things that differ between two snapshots.
changed_names() {
  diff "$1" "$2" | grep -a '^[<>]' | sed -E 's/^[<>] (stat|xattr|sha256) //; s/^"([^"]*)".*/\1/; s/ .*//' | sort -u
}

# Whether the file of that name is also that of a planned path: one step changes what all its names show.
is_other_name_of_planned() {
  local path
  while read -r path; do
    [ "$work/copy/$1" -ef "$work/copy/$path" ] && return 0
  done <"$work/planned"
  return 1
}

# What a daemon makes of the repaired copy. Many faults are repaired into one and the same root: it is asked once.
judged_once() {
  local judgement
  judgement=$prepared/judged-$1-$(sha256sum <"$work/repaired.read" | cut -c 1-64)
  if [ ! -e "$judgement" ]; then
    cp -a "$work/copy" "$work/running"
    judged_by_daemon "$work/running" "$prepared/$1.inventory" >"$work/judgement"
    rm -rf --one-file-system "$work/running"
    mv "$work/judgement" "$judgement"
  fi
  cat "$judgement"
}

# repaired_as EXPECTED SOURCE: repairs $work/copy and prints everything that is not right. EXPECTED is what
# repairs.txt says: "same" (the root is what it was), "other" (something may be chosen anew, all works), or
# "lost" (something is gone and was named).
repaired_as() {
  local expected=$1 source=$2 before daemon
  exact "$work/copy" >"$work/damaged.exact"
  repair "$work/first" -n "$work/copy"
  repair "$work/done" -y "$work/copy"
  case $status in 0 | 1 | 4) ;; *) echo "-y: exit $status: $(tail -n 1 "$work/done.err") $(jq -r '.failures[0] // .error.message // ""' "$work/done")" ;; esac
  [ "$expected" = lost ] || [ "$status" -ne 4 ] || echo "-y: left $(errors_of "$work/done" | head -n 3 | tr '\n' ';')"

  repair "$work/after" -n "$work/copy"
  case $status in 0 | 4) ;; *) echo "-n after -y: exit $status" ;; esac
  comm -13 <(errors_of "$work/first") <(errors_of "$work/after") | grep -v '^DF12' | sed 's/^/new: /'
  [ "$expected" = lost ] || [ "$status" -eq 0 ] || echo "left: $(errors_of "$work/after" | head -n 3 | tr '\n' ';')"

  as_read "$work/copy" >"$work/repaired.read"
  exact "$work/copy" >"$work/repaired.exact"
  # What was whole stays whole: a repair changes only what the damage had changed, or what a step of the plan names.
  jq -r '[.. | .plan? // empty | .[] | .path, (.to // empty)] | .[]' "$work/done" | sort -u >"$work/planned"
  comm -23 <(changed_names "$work/damaged.exact" "$work/repaired.exact" | sed 's,^\./,,') <(sort -u "$work/planned") |
    while read -r name; do
      # What lies below a planned path goes with it, and a directory above one has its links counted anew.
      awk -v name="$name" 'index(name, $0 "/") == 1 || index($0, name "/") == 1 { found = 1 } END { exit found }' \
        "$work/planned" && ! is_other_name_of_planned "$name" && echo "touched: $name"
    done
  if ! cmp -s "$prepared/$source.read" "$work/repaired.read"; then
    [ "$expected" != same ] || echo "not as before: $(changed_names "$prepared/$source.read" "$work/repaired.read" | head -n 4 | tr '\n' ' ')"
    daemon=$(judged_once "$source")
    # What is lost was said: by a finding that is left or that a lossy repair answered.
    if [ -n "$daemon" ] && [ "$expected" != lost ]; then
      echo "daemon: $(head -n 4 <<<"$daemon" | tr '\n' ';')"
    elif grep -q 'does not start' <<<"$daemon" && ! grep -q . <(errors_of "$work/after"); then
      echo "daemon: $daemon"
    fi
  fi

  before=$(sha256sum <"$work/repaired.exact")
  repair "$work/again" -y "$work/copy"
  [ "$(exact "$work/copy" | sha256sum)" = "$before" ] || echo "a second -y changes something"
  for _ in 1 2 3; do
    jq -e 'any(.runs[]; .state == "finished" or .state == "stopped")' <("$DOCKER_FSCK" history --format json "$work/copy") >/dev/null || break
    "$DOCKER_FSCK" undo --yes "$work/copy" >"$work/undo" 2>&1 || echo "undo: exit $?: $(tail -n 1 "$work/undo")"
  done
  exact "$work/copy" >"$work/undone.exact"
  cmp -s "$work/damaged.exact" "$work/undone.exact" ||
    echo "undo: $(diff "$work/damaged.exact" "$work/undone.exact" | grep -a '^[<>]' | head -n 3 | tr '\n' ';')"
}

report() {
  if [ -z "$2" ]; then
    ok "$1"
  else
    not_ok "$1" "$(head -c 900 <<<"$2" | tr '\n' ';')"
  fi
}

# Injects the fault into a fresh copy, repairs that and reports.
try_fault() {
  local area=$1 name=$2 source=small expected
  expected=$(awk -v name="$name" '$1 == name { print $2 }' "$expectations")
  if [ -n "${REPAIR_FAULTS:-}" ] && [ "$REPAIR_FAULTS" != all ]; then
    [[ " $REPAIR_FAULTS " == *" $name "* ]] || return 0
  elif [ -z "$expected" ]; then
    not_ok "repair of $area/$name" "repairs.txt does not say what becomes of it"
    return
  fi
  [ "$area" != swarm ] || source=swarm
  rm -rf --one-file-system "$work/copy"
  cp -a "$prepared/$source" "$work/copy"
  status=0
  timeout 60 "$faults" "$name" "$work/copy" </dev/null >"$work/injected" 2>"$work/inject.err" || status=$?
  if [ "$status" -eq 0 ]; then
    report "repair of $area/$name" "$(repaired_as "${expected:-same}" "$source" 2>&1)"
  elif [ "$status" -eq 3 ]; then
    skip "repair of $area/$name" "$(tail -n 1 "$work/inject.err")"
  else
    not_ok "repair of $area/$name" "could not be injected: $(tail -n 1 "$work/inject.err")"
  fi
}

# Two to ten faults at once; the same ones for the same number.
try_combination() {
  local count chosen=() name
  RANDOM=$1
  rm -rf --one-file-system "$work/copy"
  cp -a "$prepared/small" "$work/copy"
  count=$((2 + RANDOM % 9))
  while ((${#chosen[@]} < count)); do
    name=${names[RANDOM % ${#names[@]}]}
    # An injector may find nothing left to damage.
    timeout 60 "$faults" "$name" "$work/copy" </dev/null >"$work/injected" 2>"$work/inject.err" || continue
    chosen+=("$name")
  done
  report "repair of combination $1 (${chosen[*]})" "$(repaired_as lost small 2>&1)"
}

# Every so-and-so-many-th of all trials, in a directory of its own.
worker() {
  local at=0 trial
  work=$work/worker-$1
  mkdir "$work"
  trap daemon_cleanup EXIT
  for trial in "${trials[@]}"; do
    if ((at++ % workers == $1)); then
      # shellcheck disable=SC2086 # a function and its arguments
      $trial
    fi
  done
}

prepare small
prepare swarm
mapfile -t trials < <("$faults" list | awk '{ print "try_fault", $1, $2 }')
if [ -z "${REPAIR_FAULTS:-}" ]; then
  count=${#trials[@]}
  for ((i = 1; i < count; i += 2)); do
    read -r _ area name <<<"${trials[i]}"
    if grep -q "^$name " "$expectations"; then
      skip "repair of $area/$name" "only REPAIR_FAULTS=all tries it"
    else
      not_ok "repair of $area/$name" "repairs.txt does not say what becomes of it"
    fi
    unset "trials[i]"
  done
fi
mapfile -t names < <("$faults" list | awk '$1 != "swarm" { print $2 }')
for ((round = 1; round <= rounds; round++)); do
  trials+=("try_combination $round")
done
run_workers
