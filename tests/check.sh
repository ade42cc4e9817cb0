#!/usr/bin/env bash
# Runs every test program and every shell test of this folder, and counts. With --unit only those that need no daemon.
# BUILD is the build to test; the test programs of SANITIZED, a build with sanitizers, are run first if it is given.
# A shell test prints one line per case: "ok NAME", "not ok NAME: WHY" or "skip NAME: WHY".
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:?}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# run_programs BUILD: the test programs of that build, each with the docker-fsck of the same build.
run_programs() {
  export DOCKER_FSCK="$PWD/$1/docker-fsck" BUILD="$PWD/$1"
  local program status ok bad not
  for program in core_tests checks_tests cmd_tests; do
    echo "== $1/$program"
    "$1/$program" --gtest_brief=1 >"$log" 2>&1
    status=$?
    grep -vE '^(Running main|Note: )' "$log" | tail -n 60
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\?.*/\1/p' "$log" | tail -n 1)
    bad=$(grep -cE '^\[  FAILED  \] .*[(]' "$log")
    not=$(grep -cE '^\[  SKIPPED \] .*[(]' "$log")
    passed=$((passed + ${ok:-0})) failed=$((failed + bad)) skipped=$((skipped + not))
    # A crash leaves no count behind, so it is one failure by itself.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
      echo "$program ended with $status"
      failed=$((failed + 1))
    fi
  done
}

[ -z "${SANITIZED:-}" ] || run_programs "$SANITIZED"
run_programs "$build"

tests=(tests/sh_*_test.sh)
[ "${1:-}" = "--unit" ] || tests+=(tests/real_*_test.sh)
for script in "${tests[@]}"; do
  [ -e "$script" ] || continue
  echo "== $script"
  bash "$script" >"$log" 2>"$log.err"
  status=$?
  grep -E '^(not ok|skip)' "$log"
  passed=$((passed + $(grep -c '^ok ' "$log")))
  failed=$((failed + $(grep -c '^not ok ' "$log")))
  skipped=$((skipped + $(grep -c '^skip ' "$log")))
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$log.err"
    echo "$script ended with $status"
    failed=$((failed + 1))
  fi
  rm -f "$log.err"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
