#!/usr/bin/env bash
# Runs every test program and every shell test, and counts. With --unit only those that need no daemon.
# BUILD is the build to test; the test programs of SANITIZED, a build with sanitizers, are run first if it is given.
# A shell test prints one line per case: "ok NAME", "not ok NAME: WHY" or "skip NAME: WHY".
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:?}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"; [ -z "${own_roots:-}" ] || rm -rf --one-file-system "$own_roots"' EXIT
# Roots made by real daemons take minutes: the tests share them.
[ -n "${REAL_ROOTS:-}" ] || own_roots=$(mktemp -d "${TMPDIR:-/var/tmp}/dfsck-roots.XXXXXX")
export REAL_ROOTS=${REAL_ROOTS:-$own_roots}

# run_programs BUILD: the test programs of that build, each with the docker-fsck of the same build, as many at once as
# there are processors, each with its share of the tests.
run_programs() {
  export DOCKER_FSCK="$PWD/$1/docker-fsck" BUILD="$PWD/$1" GTEST_TOTAL_SHARDS
  local program share shares status ok bad not
  GTEST_TOTAL_SHARDS=$(nproc)
  for program in core_tests checks_tests cmd_tests; do
    echo "== $1/$program"
    shares=()
    for ((share = 0; share < GTEST_TOTAL_SHARDS; share++)); do
      GTEST_SHARD_INDEX=$share "$1/$program" --gtest_brief=1 >"$log.$share" 2>&1 &
      shares+=($!)
    done
    for share in "${!shares[@]}"; do
      wait "${shares[share]}"
      status=$?
      grep -vE '^(Running main|Note: )' "$log.$share" | tail -n 60
      ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\?.*/\1/p' "$log.$share" | tail -n 1)
      bad=$(grep -cE '^\[  FAILED  \] .*[(]' "$log.$share")
      not=$(grep -cE '^\[  SKIPPED \] .*[(]' "$log.$share")
      rm -f "$log.$share"
      passed=$((passed + ${ok:-0})) failed=$((failed + bad)) skipped=$((skipped + not))
      # A crash leaves no count behind, so it is one failure by itself.
      if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "$program ended with $status"
        failed=$((failed + 1))
      fi
    done
  done
}

[ -z "${SANITIZED:-}" ] || run_programs "$SANITIZED"
run_programs "$build"

tests=(tests/shell/*_test.sh)
[ "${1:-}" = "--unit" ] || tests+=(tests/real/*_test.sh)
for script in "${tests[@]}"; do
  [ -e "$script" ] || continue
  echo "== $script"
  bash "$script" >"$log" 2>"$log.err"
  status=$?
  grep -aE '^(not ok|skip)' "$log"
  passed=$((passed + $(grep -ac '^ok ' "$log")))
  failed=$((failed + $(grep -ac '^not ok ' "$log")))
  skipped=$((skipped + $(grep -ac '^skip ' "$log")))
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$log.err"
    echo "$script ended with $status"
    failed=$((failed + 1))
  fi
  rm -f "$log.err"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
