#!/usr/bin/env bash
# Two states in which one thing must not spoil another. A repair of which one step cannot be made: the others are made, the
# report says what stopped the one and what has to be changed first, and undo takes back exactly what was done. A layer entry
# that the daemon takes for one being removed, though a living layer has its directory: the daemon proves that it is
# dangerous, and that the repaired root is not.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
# shellcheck source=tests/real/hosts.sh
. "$top/tests/real/hosts.sh"

cases=("one step of three fails" "an entry that is being removed has the directory of a living layer")
[ "$(id -u)" -eq 0 ] || { for name in "${cases[@]}"; do skip "$name" "needs root"; done; exit 0; }
needs dockerd jq chattr || exit 0
release() { chattr -R -f -i "$work/copy/overlay2" 2>/dev/null || true; }
trap 'release; finish' EXIT

copy() {
  release
  rm -rf --one-file-system "$work/copy"
  cp -a "$work/plain" "$work/copy"
}

# three_files: one file in each of three layers, a line each.
three_files() {
  local entry
  for entry in "$work"/copy/image/overlay2/layerdb/sha256/*/cache-id; do
    find "$work/copy/overlay2/$(<"$entry")/diff" -type f -links 1 ! -perm /6000 -print -quit
  done | sort | sed -n 1,3p
}

try_one_fails() {
  local files file owner
  copy
  mapfile -t files < <(three_files)
  chown 5:5 "${files[@]}"
  if ! chattr +i "${files[0]}" 2>/dev/null; then
    skip "one step of three fails" "no inode flags on this filesystem"
    return
  fi
  exact "$work/copy" >"$work/damaged"
  repair "$work/done" -p "$work/copy"
  verdict "one step of three fails: the others are made" "$(
    [ "$status" -eq 4 ] || echo "exit $status: $(jq -r '.error.message // ""' "$work/done" 2>/dev/null)"
    for file in "${files[@]:1}"; do
      owner=$(stat -c %u:%g "$file")
      [ "$owner" = "$(stat -c %u:%g "$work/plain${file#"$work/copy"}")" ] || echo "not done: ${file##*/} is $owner"
    done
    [ "$(stat -c %u "${files[0]}")" = 5 ] || echo "the immutable file was changed"
    jq -e '[.. | .repair? // empty | .status] | (map(select(. == "done")) | length) == 2 and (map(select(. == "failed")) | length) == 1' \
      "$work/done" >/dev/null || echo "statuses: $(jq -c '[.. | .repair? // empty | .status]' "$work/done")"
    grep -q 'chattr -i' "$work/done" || echo "it does not name chattr -i"
  )"
  verdict "one step of three fails: what is left is not promised again" "$(
    status=0
    "$DOCKER_FSCK" -p --progress none "$work/copy" >"$work/text" 2>&1 </dev/null || status=$?
    [ "$status" -eq 4 ] || echo "exit $status"
    grep -q 'chattr -i' "$work/text" || echo "a second run does not name chattr -i: $(tail -n 4 "$work/text" | tr '\n' ' ')"
    fsck_json "$work/report" "$work/copy"
    jq -e '[.findings[] | select(.severity == "error")] | length == 1' "$work/report" >/dev/null ||
      echo "left: $(show_findings "$work/report" | head -n 3)"
  )"
  verdict "one step of three fails: undo" "$(
    undo_all "$work/copy"
    exact "$work/copy" | diff "$work/damaged" - | grep -a '^[<>]' | head -n 3 || true
  )"
  verdict "one step of three fails: after what it says" "$(
    chattr -i "${files[0]}"
    repair "$work/done" -p "$work/copy"
    [ "$status" -eq 1 ] || echo "exit $status"
    as_read "$work/copy" | cmp -s "$work/plain.read" - || echo "not as it was"
  )"
  release
}

# An entry as a removal leaves it that was cut off, for the directory of a layer that lives; prints that layer's directory.
# REST is what follows the chain id.
dangerous_entry() {
  local entry id
  entry=$(dirname -- "$(grep -l . "$work"/copy/image/overlay2/layerdb/sha256/*/parent | head -n 1)")
  id=$(<"$entry/cache-id")
  cp -a "$entry" "$entry-$1"
  printf '%s\n' "$work/copy/overlay2/$id"
}

# The daemon starts on what there is and stops cleanly; whether the directory then still has what it had.
layer_survives() {
  local before
  before=$(find "$1" | wc -l)
  daemon_start "$work/copy" 2>"$work/daemon.err" || echo "the daemon does not start: $(tail -n 1 "$work/daemon.err")"
  daemon_stop
  daemon_cleanup
  [ -d "$1" ] && [ "$(find "$1" | wc -l)" -eq "$before" ]
}

try_removing() {
  local rest dir
  for rest in x-removing "$(printf more | sha256sum | cut -c 1-64)-removing"; do
    copy
    dir=$(dangerous_entry "$rest")
    fsck_json "$work/report" "$work/copy"
    verdict "an entry -$(sed -E 's/^[0-9a-f]{64}/HEX/' <<<"$rest") of a living layer: an error, and a repair" "$(
      [ "$status" -eq 4 ] || echo "exit $status"
      jq -e --arg rest "$rest" '.findings[0] | .severity == "error" and .safety == "safe" and (.path | endswith($rest))' \
        "$work/report" >/dev/null || echo "first of the report: $(jq -c '.findings[0] | [.code, .severity, .safety, .path]' "$work/report")"
      exact "$work/copy" >"$work/damaged"
      repair "$work/done" -p "$work/copy"
      [ "$status" -eq 1 ] || echo "-p: exit $status"
      as_read "$work/copy" | diff "$work/plain.read" - | grep -a '^[<>]' | head -n 3 || true
      undo_all "$work/copy"
      exact "$work/copy" | cmp -s "$work/damaged" - || echo "undo is not exact"
      repair "$work/done" -p "$work/copy"
      layer_survives "$dir" || echo "after the repair, the daemon removed the layer"
    )"
  done
  copy
  dir=$(dangerous_entry x-removing)
  if layer_survives "$dir"; then
    not_ok "without a repair the daemon removes the living layer" "it leaves it: nothing is wrong with such an entry"
  else
    ok "without a repair the daemon removes the living layer"
  fi
}

real_root "$work/plain" small
as_read "$work/plain" >"$work/plain.read"
try_one_fails
try_removing
