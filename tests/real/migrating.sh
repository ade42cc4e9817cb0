#!/usr/bin/env bash
# Running migrations, for tests of what becomes of them. Sourced after shell.sh.

# migrate REPORT ARGS...: sets `status`.
migrate() {
  local out=$1
  shift
  status=0
  timeout 300 "$DOCKER_FSCK" migrate --yes --progress none --format json "$@" >"$out" 2>"$out.err" </dev/null || status=$?
}

# plan_migration REPORT ARGS...: what the same would do; sets `status`.
plan_migration() {
  local out=$1
  shift
  status=0
  timeout 300 "$DOCKER_FSCK" migrate --dry-run --progress none --format json "$@" >"$out" 2>"$out.err" </dev/null || status=$?
}
