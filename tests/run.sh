#!/usr/bin/env bash
# Installs what is missing, builds docker-fsck and passes all its tests: first the program as it is shipped, real
# daemons included, then every test that needs no daemon once more under the address and undefined-behaviour sanitizers.
# The last line counts them all.
set -uo pipefail
cd "$(dirname "$0")/.."
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
compgen -G '/var/lib/apt/lists/*_Packages' >/dev/null || $as_root apt-get update -qq
sh fixtures/install-needs.sh --tests || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

# run_all ARG...: one run of make; its last line is added to the counts.
run_all() {
  make -s -j"$(nproc)" "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} counts
  counts=$(tail -n 1 "$log")
  if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  fi
  if [ "$status" -ne 0 ] && { [ "${BASH_REMATCH[2]:-0}" = 0 ] || [ -z "${BASH_REMATCH[2]:-}" ]; }; then
    echo "make $* ended with $status"
    failed=$((failed + 1))
  fi
}

run_all check
# The sanitizers' instrumentation makes g++ warn of things in the standard library that are not so.
run_all SAN=address,undefined OPT='-O1 -g1' WERROR= check-unit
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
