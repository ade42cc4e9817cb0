#!/usr/bin/env bash
# Repairs of which one cannot be made (an immutable file), and repairs of a root whose areas are filesystems of their own.
# What can be done is done, the report says what failed, why and what helps, undo gives the damaged root.
# (tests/core/journal/groups_test.cc kills such runs at every single call, from inside.)
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"

if [ "$(id -u)" -ne 0 ]; then
  skip "repairs that fail" "needs root: owners, flags and mounts"
  exit 0
fi
if [ -z "${APART:-}" ]; then
  rm -rf -- "$work"
  APART=1 exec unshare --mount --propagation private -- "$0" "$@"
fi

# Names, types, owners, times and contents, but for what docker-fsck keeps for itself, the root's own time, and the number of
# directories in an area, which counts that.
state_of() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" |
    grep -avE '^(stat|xattr|sha256) "?\./([a-z0-9]+/)?\.docker-fsck|^stat "\."' |
    sed -E 's,^(stat "\./(overlay2|volumes)" .*) [0-9]+ 0:0$,\1 0:0,'
}

# is NAME WANTED GOT
is() {
  [ "$2" = "$3" ] && ok "$1" || not_ok "$1" "wanted $2, got $3"
}

# How many errors are left, by $work/report.
left() {
  jq '[(.repair.after.findings? // .findings)[] | select(.severity == "error")] | length' "$work/report"
}

# fsck MODE ROOT: sets `status`, the report is in $work/report, for people in $work/text.
fsck() {
  status=0
  "$DOCKER_FSCK" "$1" --structure --progress none --color never --report "$work/report" "$2" >"$work/text" 2>&1 || status=$?
}

said() {
  grep -qF -- "$1" "$work/text" && ok "$2" || not_ok "$2" "no word of \"$1\" in: $(tr '\n' ';' <"$work/text" | tail -c 1500)"
}

unsaid() {
  grep -qF -- "$1" "$work/text" && not_ok "$2" "it says: $(grep -F -- "$1" "$work/text")" || ok "$2"
}

# mounted DIR: an empty filesystem of its own there, with inode flags if loop devices can be had.
mounted() {
  mkdir -p "$1"
  local image="$work/disk$((++disks))"
  truncate -s 64M "$image" && mkfs.ext4 -q -F "$image" && mount -o loop "$image" "$1" 2>/dev/null && return
  mount -t tmpfs dfsck-test "$1"
}
disks=0
mounts=()
unmount_all() {
  local at
  for at in "${mounts[@]}"; do
    chattr -R -f -i "$at" 2>/dev/null || true
    umount "$at" 2>/dev/null || true
  done
  remove_work
}
trap unmount_all EXIT

### One of three repairs cannot be made.

mounts+=("$work/flags")
mounted "$work/flags"
root=$work/flags/root
"$BUILD/make-root" --scale 6 2 "$root"
mapfile -t links < <(find "$root/overlay2" -mindepth 2 -maxdepth 2 -name link | sort | head -n 3)
for link in "${links[@]}"; do
  printf 'WRONGWRONGWRONGWRONGWRONGW' >"$link"
done
state_of "$root" >"$work/damaged"
if ! chattr +i "${links[0]}" 2>/dev/null; then
  skip "a repair of an immutable file" "the filesystem of $work has no inode flags"
else
  fsck --dry-run "$root"
  is "a check sees the immutable file" 1 "$(jq '[.findings[] | select(.repair.status == "blocked")] | length' "$work/report")"
  said "chattr -i ${links[0]}" "a check says what must be changed first"
  for round in first second; do
    fsck --preen "$root"
    is "the $round --preen: exit status" 4 "$((status & 4))"
    is "the $round --preen: repairs that failed" 1 "$(jq .repair.failed "$work/report")"
    is "the $round --preen: errors left" 1 "$(left)"
    said "chattr -i ${links[0]}" "the $round --preen says what must be changed first"
    unsaid "-p makes it" "the $round --preen does not offer again what it could not do"
    [ "$round" = second ] || is "two repairs are made" 2 "$(jq .repair.done "$work/report")"
  done
  is "a repair that changed nothing leaves no run" 1 "$("$DOCKER_FSCK" history --format json "$root" | jq '.runs | length')"
  "$DOCKER_FSCK" undo --yes "$root" >"$work/out" 2>&1 && ok "undo" || not_ok "undo" "$(cat "$work/out")"
  chattr -i "${links[0]}"
  state_of "$root" | cmp -s - "$work/damaged" && ok "undo gives the damaged root" ||
    not_ok "undo gives the damaged root" "$(state_of "$root" | diff - "$work/damaged" | head -n 5)"
  # A directory that takes names and gives none back: what is made in it could not be undone.
  rm "${links[0]}"
  chattr +a "${links[0]%/link}"
  fsck --preen "$root"
  is "an append-only directory: repairs done and failed" "2 1" "$(jq -r '"\(.repair.done) \(.repair.failed)"' "$work/report")"
  said "chattr -a ${links[0]%/link}" "an append-only directory is named, with what helps"
  is "an append-only directory leaves no repair unfinished" "stopped" \
    "$("$DOCKER_FSCK" history --format json "$root" | jq -r '.runs[-1].state')"
  [ ! -e "${links[0]}" ] && ok "nothing is made in an append-only directory" ||
    not_ok "nothing is made in an append-only directory" "${links[0]} is there"
  chattr -a "${links[0]%/link}"
  fsck --preen "$root"
  is "without the flag all is repaired" "1 0" "$status $(left)"
fi

### Areas that are filesystems of their own.

"$BUILD/make-root" --scale 6 2 "$work/plain"
root=$work/areas
mkdir "$root"
for area in overlay2 volumes; do
  mounts+=("$root/$area")
  mounted "$root/$area"
done
cp -a "$work/plain/." "$root/"
fsck --dry-run "$root"
healthy=$status
mapfile -t links < <(find "$root/overlay2" -mindepth 2 -maxdepth 2 -name link | sort | head -n 3)
for link in "${links[@]}"; do
  printf 'WRONGWRONGWRONGWRONGWRONGW' >"$link"
done
head -c 40000 /dev/zero >"$root/volumes/metadata.db"
state_of "$root" >"$work/damaged"
fsck --yes "$root"
is "repairs in areas on their own filesystems" "1" "$status"
is "one run for all of them" 1 "$("$DOCKER_FSCK" history --format json "$root" | jq '.runs | length')"
[ -d "$root/overlay2/.docker-fsck" ] && [ -d "$root/volumes/.docker-fsck" ] && ok "what is replaced stays on its filesystem" ||
  not_ok "what is replaced stays on its filesystem" "$(find "$root" -maxdepth 2 -name .docker-fsck)"
fsck --dry-run "$root"
is "what is kept there is no finding" "$healthy" "$status"
grep -q docker-fsck "$work/text" && grep -q "found: no errors, no warnings" "$work/text" && ok "nothing is left" ||
  not_ok "nothing is left" "$(cat "$work/text")"
"$DOCKER_FSCK" undo --yes "$root" >"$work/out" 2>&1 && ok "one undo" || not_ok "one undo" "$(cat "$work/out")"
state_of "$root" | cmp -s - "$work/damaged" && ok "undo gives the damaged areas" ||
  not_ok "undo gives the damaged areas" "$(state_of "$root" | diff - "$work/damaged" | head -n 5)"
"$DOCKER_FSCK" purge --yes "$root" >"$work/out" 2>&1 && ok "one purge" || not_ok "one purge" "$(cat "$work/out")"
is "a purge leaves nothing in the areas" "" "$(find "$root/overlay2" "$root/volumes" -maxdepth 1 -name .docker-fsck)"
