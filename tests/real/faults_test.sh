#!/usr/bin/env bash
# Every fault injector, applied to a copy of a root that a real dockerd made: the fault is found on the object that was
# damaged, under a problem that answers its kind of damage, at that problem's severity, and nothing unrelated is
# reported above info.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
faults=$top/fixtures/inject/faults.sh

if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  "$faults" list | while read -r area name _; do
    skip "fault $area/$name" "needs root and dockerd"
  done
  exit 0
fi

real_root "$work/small" small
real_root "$work/swarm" swarm
"$DOCKER_FSCK" list problems --format json >"$work/problems"

# judge REPORT INJECTED: prints what is wrong, nothing if all is right.
# A finding belongs to the fault if its path is the object's, lies in it or holds it; if it names the object; if it is a
# consequence of one that does; or if it sums up findings that do (a layer that lost the bytes of files).
judge() {
  jq -r --slurpfile problems "$work/problems" --rawfile injected "$2" '
    ($injected | split("\n")) as $lines
    | [$lines[] | select(startswith("object=") or startswith("also=")) | sub("^[a-z]+="; "")] as $objects
    | ($lines[] | select(startswith("expect=")) | sub("^expect="; "")) as $expect
    | ($problems[0].problems | map({(.code): .catalogue}) | add) as $catalogue
    | .findings as $all
    | def related($f): any($objects[]; . as $o | $f.path == $o or $f.path == "." or ($f.path | startswith($o + "/")) or
          ($o | startswith($f.path + "/")) or
          (($o | startswith("volumes/")) and ($f.message | contains("volume " + ($o | split("/")[1]) + ","))) or
          any($o | split("/")[] | select(length >= 20); . as $id | $f.message | contains($id)));
      def belongs($f; $depth): related($f) or ($depth < 8 and $f.caused_by != null and belongs($all[$f.caused_by]; $depth + 1));
      def sums_up($f): any($all[]; . as $below | $below.caused_by != null and $all[$below.caused_by] == $f and related($below));
    ($all | map(select(.severity != "info"))) as $above
    | if $expect == "none" then
        ($above | map("healthy, but: \(.code) \(.path) \(.message)") | .[])
      else
        (if any($all[]; (($catalogue[.code] // []) | index($expect)) and belongs(.; 0)) then empty
         else "not found as \($expect) on \($objects | join(" "))" end),
        ($above[] | select((belongs(.; 0) or sums_up(.)) | not) | "unrelated: \(.code) \(.path) | \(.message)")
      end' "$1"
}

# REAL_FAULTS="NAME..." tries only these.
"$faults" list | while read -r area name expect; do
  [ -z "${REAL_FAULTS:-}" ] || [[ " $REAL_FAULTS " == *" $name "* ]] || continue
  case $area in
    swarm) source=$work/swarm ;;
    *) source=$work/small ;;
  esac
  rm -rf --one-file-system "$work/copy"
  cp -a "$source" "$work/copy"
  status=0
  timeout 60 "$faults" "$name" "$work/copy" </dev/null >"$work/injected" 2>"$work/inject.err" || status=$?
  if [ "$status" -eq 3 ]; then
    skip "fault $area/$name" "$(tail -n 1 "$work/inject.err")"
    continue
  fi
  if [ "$status" -ne 0 ]; then
    not_ok "fault $area/$name" "could not be injected: $(tail -n 1 "$work/inject.err")"
    continue
  fi
  fsck_json "$work/report" "$work/copy"
  errors=$(jq '[.findings[] | select(.severity == "error")] | length' "$work/report" 2>/dev/null || echo none)
  wrong=$(judge "$work/report" "$work/injected" 2>&1 || true)
  want=$([ "$errors" = 0 ] && echo 0 || echo 4)
  if [ "$status" -ne "$want" ]; then
    wrong="exit $status with $errors errors; $wrong"
  fi
  if [ -z "$wrong" ]; then
    ok "fault $area/$name ($expect)"
  else
    not_ok "fault $area/$name ($expect)" "$(head -c 700 <<<"$wrong" | tr '\n' ';')"
  fi
done
