#!/usr/bin/env bash
# Unfinished removals of layers: what a real daemon deletes by them at a clean stop, and what docker-fsck says of each
# before that. Entries that threaten what is in use are errors, and after a repair the daemon deletes nothing.
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
trap 'daemon_cleanup; remove_work' EXIT

if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  skip "unfinished removals" "needs root and dockerd"
  exit 0
fi

verdict() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi; }

real_root "$work/root" small
layerdb=image/overlay2/layerdb
db=$work/root/$layerdb/sha256
random=$(printf %064d 7)
mapfile -t chains < <(cd "$db" && printf '%s\n' * | sort)
container=$(ls "$work/root/containers" | head -n 1)

# entry ROOT NAME CACHE-ID: an entry of that name; "" for none in it.
entry() {
  mkdir "$1/$layerdb/sha256/$2"
  [ -z "$3" ] || printf %s "$3" >"$1/$layerdb/sha256/$2/cache-id"
}
cache_of() { cat "$db/$1/cache-id"; }

# Each names the directory of another layer in use: NAME, and whether the daemon acts on it.
forms=(
  "${chains[0]}-before-removing yes"
  "${chains[0]}-removing yes"
  "${chains[0]}-$random-removing yes"
  "${chains[0]}-a-b--removing yes"
  "old-${chains[0]}-removing no"
  "${chains[0]}removing no"
  "${chains[0]}-removing-old no"
  "${chains[0]:0:63}-a-removing no"
  "${chains[0]^^}-a-removing no"
)
# name_all ROOT: makes them, and prints NAME ACTS DIRECTORY for each.
name_all() {
  local form number=1
  for form in "${forms[@]}"; do
    entry "$1" "${form% *}" "$(cache_of "${chains[number]}")"
    printf '%s %s\n' "$form" "$(cache_of "${chains[number]}")"
    number=$((number + 1))
  done
}

# cycle ROOT: the daemon starts and stops cleanly.
cycle() {
  daemon_start "$1"
  daemon_stop
  daemon_cleanup
}

# What could be deleted, whether it is there or not.
data_of() {
  { find "$1/overlay2" "$1/volumes" -printf '%P %y %s\n' || true; } | sort
}

try_names() {
  local why="" name acts dir
  cp -a "$work/root" "$work/copy"
  name_all "$work/copy" >"$work/named"
  fsck_json "$work/report" "$work/copy"
  jq -r '.. | .findings? // empty | .[] | select(.code == "DF0240") | .path' "$work/report" >"$work/urgent"
  jq -e '[.. | .findings? // empty | .[] | .code][0] == "DF0240"' "$work/report" >/dev/null || why+="it is not the first; "
  cycle "$work/copy"
  while read -r name acts dir; do
    case $acts in
      yes) [ ! -e "$work/copy/overlay2/$dir/diff" ] || why+="$name: the daemon keeps its directory; " ;;
      no) [ -e "$work/copy/overlay2/$dir/diff" ] || why+="$name: the daemon deletes its directory; " ;;
    esac
    grep -qxF "$layerdb/sha256/$name" "$work/urgent" && found=yes || found=no
    [ "$found" = "$acts" ] || why+="$name: an error: $found; "
  done <"$work/named"
  rm -rf --one-file-system "$work/copy"
  verdict "what a daemon takes for an unfinished removal is what is called one" "$why"
}

try_repair() {
  local why="" dir
  cp -a "$work/root" "$work/copy"
  name_all "$work/copy" >"$work/named"
  entry "$work/copy" "${chains[0]}-c-removing" "$(cat "$work/copy/$layerdb/mounts/$container/mount-id")"
  entry "$work/copy" "${chains[0]}-l-removing" l
  entry "$work/copy" "${chains[0]}-v-removing" ../volumes
  entry "$work/copy" "${chains[0]}-d-removing" .
  entry "$work/copy" "${chains[0]}-n-removing" ""
  repair "$work/done" -p "$work/copy"
  [ "$status" -eq 1 ] || why+="exit $status; "
  cycle "$work/copy"
  data_of "$work/root" >"$work/wanted"
  data_of "$work/copy" >"$work/found"
  why+=$(differences "$work/wanted" "$work/found")
  rm -rf --one-file-system "$work/copy"
  verdict "after a repair the daemon deletes nothing" "$why"
}

try_undo() {
  local why=""
  cp -a "$work/root" "$work/copy"
  name_all "$work/copy" >/dev/null
  exact "$work/copy" >"$work/damaged"
  repair "$work/done" -p "$work/copy"
  "$DOCKER_FSCK" undo --yes "$work/copy" >/dev/null 2>"$work/err" || why+="undo: $(tail -n 1 "$work/err"); "
  exact "$work/copy" | cmp -s - "$work/damaged" || why+="another root than before; "
  rm -rf --one-file-system "$work/copy"
  verdict "undo brings the entries back as they were" "$why"
}

try_names
try_repair
try_undo
