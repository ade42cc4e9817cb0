#!/usr/bin/env bash
# What the shell tests share: reporting of cases, temporary directories, running docker-fsck. Sourced.
# Expects DOCKER_FSCK (the program) in the environment; tests/check.sh sets it.

# Names of files are bytes: in another locale a pattern does not match those that are no text.
export LC_ALL=C

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
: "${DOCKER_FSCK:?set it to the program that is to be tested}"
work=$(mktemp -d "${TMPDIR:-/var/tmp}/dfsck-test.XXXXXX")

ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s: %s\n' "$1" "$2"; }
skip() { printf 'skip %s: %s\n' "$1" "$2"; }

# A test that goes through leaves nothing; one that failed leaves its directory only with KEEP=1.
remove_work() {
  [ -n "${KEEP:-}" ] || rm -rf --one-file-system -- "$work"
}
trap remove_work EXIT

# real_root OUT KIND: a root made by a real dockerd (see fixtures/real/make-root.sh). REAL_ROOTS is a directory that keeps
# one of each kind, so that it is made once for all tests.
real_root() {
  local kept=${REAL_ROOTS:-$work/kept}/$2
  [ -d "$kept" ] || { mkdir -p "${kept%/*}" && "$top/fixtures/real/make-root.sh" "$kept" "$2" >&2; } || return 1
  cp -a "$kept" "$1"
}

# fsck_json OUT ARGS...: runs a dry run with a JSON report in OUT; sets `status`. A run that hangs counts as failed.
fsck_json() {
  local out=$1
  shift
  status=0
  timeout 300 "$DOCKER_FSCK" --dry-run --format json --progress none "$@" >"$out" 2>"$out.err" || status=$?
}

# A finding in one line: CODE SEVERITY PATH | MESSAGE.
above_info='[.. | .findings? // empty | .[]] | map(select(.severity != "info"))'
show_findings() {
  jq -r "$above_info"' | .[] | "\(.code) \(.severity) \(.path) | \(.message)"' "$1"
}

# differences ARGS...: the first lines of a diff, in one line. Succeeds whatever they are.
differences() {
  { diff "$@" || true; } | sed -n 1,3p | tr '\n' ';'
}

# archive_contents ARCHIVE: type, mode, owner, size, name, link and digest of every member. Times are left out: newer
# daemons give index.json the time of the save.
archive_contents() {
  local scratch=$work/contents
  rm -rf "$scratch"
  mkdir "$scratch"
  tar --numeric-owner --full-time -tvf "$1" | awk '{ $4 = ""; $5 = ""; print }'
  tar -xf "$1" -C "$scratch"
  (cd "$scratch" && find . -type f -exec sha256sum {} + | sort -k 2)
  rm -rf "$scratch"
}
