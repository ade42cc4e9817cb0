#!/usr/bin/env bash
# An environment that fails is never damage. A preloaded library (tests/preload/fail_calls.cc) makes the n-th call of a kind
# fail, once or from then on, in every command that reads a root. What may come of it: the same report as without, or exit
# code 8 with that reason; never a finding that is not there otherwise, a crash, or a hang. What a command that writes has
# left must be finished by the same command without faults, and a repair be taken back exactly.
#
# A sample of all n is tried, the same in every run; all of them with ENVIRONMENT_ALL=1, which takes hours.
# ENVIRONMENT_COMMANDS="check repair save load migrate" chooses among the commands.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
library=$BUILD/fail-calls.so
sample=${ENVIRONMENT_SAMPLE:-4}

if [ ! -e "$library" ]; then
  skip "calls that fail" "not in a build with sanitizers, which replace the same calls"
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  skip "calls that fail" "needs root: owners and trusted attributes"
  exit 0
fi

# KIND ERRNO TEXT: what fails with what.
faults="open 12 Cannot allocate memory
open 24 Too many open files
open 13 Permission denied
read 12 Cannot allocate memory
getdents 12 Cannot allocate memory
getdents 13 Permission denied
stat 12 Cannot allocate memory
stat 13 Permission denied
readlink 12 Cannot allocate memory
xattr 12 Cannot allocate memory
xattr 13 Permission denied
mmap 12 Cannot allocate memory
thread 11 Resource temporarily unavailable
malloc 12 Cannot allocate memory"

good=$work/good bad=$work/bad
"$BUILD/make-root" "$top/fixtures/cases/good/everything.case" "$good"
"$BUILD/make-root" "$top/fixtures/cases/content/file-restorable.case" "$bad" --damaged
find "$bad/overlay2" -mindepth 2 -maxdepth 2 -name link -delete
rm -r "$bad/overlay2/l"
printf '%s\n' "$faults" >"$work/faults"

# run [KIND N ERRNO LASTING] -- ARGS...: docker-fsck with that fault; sets status. Output in out and err.
run() {
  local fault=()
  while [ "$1" != -- ]; do
    fault+=("$1")
    shift
  done
  shift
  status=0
  if [ ${#fault[@]} -eq 0 ]; then
    timeout 60 "$DOCKER_FSCK" "$@" >"$work/out" 2>"$work/err" || status=$?
    return
  fi
  rm -f "$work/counts"
  timeout 60 env LD_PRELOAD="$library" FAIL_COUNTS="$work/counts" FAIL_KIND="${fault[0]}" FAIL_AT="${fault[1]}" \
    FAIL_ERRNO="${fault[2]}" FAIL_LASTING="${fault[3]}" "$DOCKER_FSCK" "$@" >"$work/out" 2>"$work/err" || status=$?
}

# By path: a damaged file whose bytes were not to be found is the same finding by another code. Information accuses nothing.
findings() {
  { jq -r '[.. | .findings? // empty | .[]] | .[] | select(.severity != "info") | .path' "$1" 2>/dev/null || true; } | sort -u
}
# The records of earlier repairs may be refused without any harm to the check, which says so.
tells_of_hidden_runs() { jq -e 'any(.findings[]?; .slug == "own-runs-hidden")' "$work/out" >/dev/null 2>&1; }

# What came of a run of a command, in a word: same, exit8, or what must not be. Expects baseline files of the command.
outcome() {
  local text=$1
  case $status in
    124) echo hang; return ;;
    12[6-9] | 13? | 14?) echo crash; return ;;
  esac
  if [ "$compare" = report ] && [ "$status" -eq "$base_status" ] && cmp -s "$work/out" "$work/base"; then
    echo same  # asked first: most tries end here
  elif [ -n "$(comm -13 "$work/base.findings" <(findings "$work/out"))" ]; then
    echo false-finding
  elif [ $((status & 8)) -ne 0 ]; then
    grep -qF -e "$text" "$work/out" "$work/err" && echo exit8 || echo no-reason
  elif [ "$status" -eq "$base_status" ] && [ "$compare" = exit ]; then
    echo same
  elif [ "$status" -eq "$base_status" ] && tells_of_hidden_runs; then
    echo named
  elif [ "$compare" = exit ] && [ "$status" -ne 0 ] && grep -qF -e "$text" "$work/out" "$work/err"; then
    echo named  # one thing could not be done, or not be vouched for, and the report says why
  else
    echo other-report
  fi
}

# The n to try of $1 calls.
numbers() {
  local count=$1 i
  if [ -n "${ENVIRONMENT_ALL:-}" ] || [ "$count" -le "$sample" ]; then
    seq 1 "$count"
  else
    for ((i = 0; i < sample; i++)); do
      echo $((1 + (count * i + RANDOM % count) / sample))
    done | sort -nu
  fi
}

# matrix NAME BEFORE AFTER ARGS...: a row for each fault, once and lasting. BEFORE is run before each try, AFTER behind it
# and prints what is wrong with what was left.
matrix() {
  local name=$1 before=$2 after=$3 kind code text lasting count n word left tried line
  shift 3
  [[ " ${ENVIRONMENT_COMMANDS:-${name%%[ ,]*}} " == *" ${name%%[ ,]*} "* ]] || return 0
  RANDOM=1
  "$before"
  run none 0 0 0 -- "$@"
  base_status=$status
  cp "$work/out" "$work/base"
  findings "$work/base" >"$work/base.findings"
  cp "$work/counts" "$work/totals"
  while read -r kind code text; do
    count=$(sed -n "s/^$kind //p" "$work/totals")
    [ "$count" -gt 0 ] || continue
    for lasting in 0 1; do
      declare -A seen=()
      tried=0 left=""
      for n in $(numbers "$count"); do
        "$before"
        run "$kind" "$n" "$code" "$lasting" -- "$@"
        word=$(outcome "$text")
        seen[$word]=$((${seen[$word]:-0} + 1))
        tried=$((tried + 1))
        [[ $word =~ ^(same|exit8|named)$ ]] || left+="$word at $n ($(sed -n 's/^failed //p' "$work/counts" 2>/dev/null || true)); "
        line=$("$after")
        [ -z "$line" ] || left+="after $n: $line; "
      done
      line="$(for word in "${!seen[@]}"; do printf '%s %s  ' "$word" "${seen[$word]}"; done)"
      printf '%-22s %-9s %-8s %-36s %3d tried: %s\n' "$name" "$kind" \
        "$([ "$lasting" = 1 ] && echo lasting || echo once)" "$text" "$tried" "$line" | tee -a "$work/table" >&2
      line="$name: $kind, $text, $([ "$lasting" = 1 ] && echo "from the n-th call on" || echo "the n-th call")"
      [ -z "$left" ] && ok "$line" || not_ok "$line" "${left:0:400}"
    done
  done <"$work/faults"
}

nothing() { :; }
compare=report

json=(--format json --progress none)
for level in --structure --quick --full; do
  arguments=(--dry-run "${json[@]}" --jobs 2)
  [ "$level" = --full ] || arguments+=("$level")
  matrix "check $level" nothing nothing "${arguments[@]}" "$good"
done
matrix "check, damaged" nothing nothing --dry-run "${json[@]}" "$bad"

# Names, types, owners, times and contents, but for what docker-fsck keeps for itself and the root's own time.
state_of() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" | grep -avE '^(stat|xattr|sha256) "?\./\.docker-fsck|^stat "\."'
}
state_of "$bad" >"$work/bad.state"

copy_bad() {
  rm -rf --one-file-system "$work/root"
  cp -a "$bad" "$work/root"
}
# Recovered if need be, repaired by another run, and taken back.
repaired_and_back() {
  if "$DOCKER_FSCK" history --format json "$work/root" | jq -e '.runs[] | select(.state == "unfinished")' >/dev/null; then
    run -- recover --yes "$work/root"
    [ "$status" -le 1 ] || echo "recover: exit $status: $(tail -n 1 "$work/err")"
  fi
  run -- --yes --progress none "$work/root"
  [ "$status" -le 1 ] || echo "another repair: exit $status: $(tail -n 1 "$work/out")"
  run -- --dry-run --progress none "$work/root"
  [ "$status" -eq 0 ] || echo "still damaged"
  while "$DOCKER_FSCK" undo --yes "$work/root" >/dev/null 2>&1; do :; done
  state_of "$work/root" | cmp -s - "$work/bad.state" || echo "the damaged root is not back"
}
sample=$(((sample + 1) / 2))
compare=exit  # reports of what was done have times in them; what was left is looked at instead
matrix "repair" copy_bad repaired_and_back --yes --progress none --quiet "$work/root"

image=$("$DOCKER_FSCK" show --format json --root "$good" | jq -r '[.. | .tags? // empty | .[]?] | .[0]' 2>/dev/null || true)
[ -n "$image" ] && [ "$image" != null ] || image=app:1
no_archive() { rm -f "$work/saved.tar"; }
no_half_archive() {
  [ "$status" -ne 0 ] || tar -tf "$work/saved.tar" >/dev/null || echo "no archive though exit 0"
  [ $((status & 8)) -eq 0 ] || [ ! -e "$work/saved.tar" ] || echo "an archive in spite of exit $status"
}
matrix "save" no_archive no_half_archive save --progress none --root "$good" -o "$work/saved.tar" "$image"

run -- save --progress none --root "$good" -o "$work/whole.tar" "$image"
"$BUILD/make-root" "$top/fixtures/cases/good/fresh.case" "$work/empty"
copy_empty() {
  rm -rf --one-file-system "$work/root"
  cp -a "$work/empty" "$work/root"
}
loaded_by_another() {
  run -- load --yes --progress none --root "$work/root" -i "$work/whole.tar"
  if [ "$status" -ne 0 ]; then
    run -- recover --yes "$work/root"
    run -- load --yes --progress none --root "$work/root" -i "$work/whole.tar"
  fi
  [ "$status" -eq 0 ] || echo "another load: exit $status: $(tail -n 1 "$work/err")"
  run -- --dry-run --progress none "$work/root"
  [ "$status" -eq 0 ] || echo "damaged afterwards"
}
matrix "load" copy_empty loaded_by_another load --yes --progress none --root "$work/root" -i "$work/whole.tar"

no_target() {
  rm -rf --one-file-system "$work/target"
}
migrated_by_another() {
  [ "$status" -ne 0 ] || return 0
  run -- migrate --yes --progress none "$good" "$work/target"
  [ "$status" -eq 0 ] || echo "another migration: exit $status: $(tail -n 1 "$work/err")"
}
matrix "migrate" no_target migrated_by_another migrate --yes --progress none "$good" "$work/target"

# Little memory: as much as the program can be loaded in, and more.
compare=report
run -- --dry-run "${json[@]}" "$good"
base_status=$status
cp "$work/out" "$work/base"
findings "$work/base" >"$work/base.findings"
for ((limit = 60000; limit <= 300000; limit += 20000)); do
  name="a check with ulimit -v $limit"
  if ! (ulimit -v "$limit" && "$DOCKER_FSCK" --version) >/dev/null 2>&1; then
    skip "$name" "the program itself does not fit"
    continue
  fi
  status=0
  (ulimit -v "$limit" && exec timeout 60 "$DOCKER_FSCK" --dry-run "${json[@]}" "$good") >"$work/out" 2>"$work/err" ||
    status=$?
  word=$(outcome "Cannot allocate memory")
  printf 'ulimit -v %-8s %s\n' "$limit" "$word" >&2
  [ "$word" = same ] || [ "$word" = exit8 ] && ok "$name" || not_ok "$name" "$word: exit $status: $(tail -n 1 "$work/err")"
done
