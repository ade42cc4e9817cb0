#!/usr/bin/env bash
# Areas of a root that lie elsewhere: behind symbolic links, on filesystems of their own, bind-mounted. What a real daemon
# does with each decides what is right. What works is found healthy and travels with a migration, whose dry run says the same;
# what does not is an error, and what lies behind it is checked nevertheless. A repair reaches every area and is undone.
#
#   AREAS="NAME..."   only these: link-volumes link-overlay2 link-containers link-nowhere link-tmp disks data-disk bound
#                     overlaid, a whole root as a container sees one that is a layer of its own
set -euo pipefail
# shellcheck source=tests/real/mounts.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/mounts.sh"
# shellcheck source=fixtures/inject/areas.sh
. "$top/fixtures/inject/areas.sh"

read -ra cases <<<"${AREAS:-link-volumes link-overlay2 link-containers link-nowhere link-tmp disks data-disk bound overlaid}"
in_own_mounts mkfs.ext4

copy() {
  root=$work/root
  cp -a "$work/plain" "$root"
}

# What a real daemon does with $root itself, which it changes. A daemon takes any directory in volumes/ for a volume, the place
# where a repair keeps what it replaced as well.
ask_daemon() {
  judged_by_daemon "${1:-$root}" "$work/expected" | grep -vE '^> volume local (lost\+found|\.docker-fsck) *$' || true
}

# as_many REPORT: prints what the report counts otherwise than on the plain root.
as_many() {
  diff <(jq -S '.counts | {images, layers, layers_verified, containers, volumes, files, overlay_dirs}' "$work/plain.report") \
    <(jq -S '.counts | {images, layers, layers_verified, containers, volumes, files, overlay_dirs}' "$1") | grep '^[<>]' || true
}

# What a dry run and the run must tell alike; what is free changes by itself.
plan='[[.left_out[]?.path], .boundaries, .inventory.source, (.room | del(.free_bytes, .free_inodes))]'

# travels AREA...: the migration of $root and its dry run carry all, flattened, and name where the areas were.
travels() {
  local area target=$work/target
  mkdir "$target"
  # The source as a tree in which nothing is behind a link.
  mkdir "$work/flat"
  cp -a "$root/." "$work/flat/"
  for area in "$@"; do
    [ ! -L "$work/flat/$area" ] || { rm "$work/flat/$area" && cp -a "$(realpath "$root/$area")" "$work/flat/$area"; }
  done
  plan_migration "$work/planned" --final-path /var/lib/docker "$root" "$target"
  [ "$status" -eq 0 ] || echo "dry run: exit $status: $(jq -c '.obstacles' "$work/planned")"
  for area in "$@"; do
    jq -e --arg area "$area" 'any(.boundaries[]?; .path == $area)' "$work/planned" >/dev/null ||
      echo "the dry run does not name $area"
  done
  [ -z "$(find "$target" -mindepth 1 -print -quit)" ] || echo "the dry run writes"
  migrate "$work/report" --final-path /var/lib/docker "$root" "$target"
  [ "$status" -eq 0 ] || echo "migrate: exit $status: $(jq -c '.obstacles' "$work/report")"
  jq -e '.end == "done"' "$work/report" >/dev/null || echo "end: $(jq -c .end "$work/report")"
  diff <(jq -S "$plan" "$work/planned") <(jq -S "$plan" "$work/report") >/dev/null || echo "the dry run has another plan"
  for area in "$@"; do
    [ -d "$target/$area" ] && [ ! -L "$target/$area" ] || echo "$area is no directory in the target"
  done
  [ -d "$target/volumes/data/_data" ] || echo "the volume's data is not in the target"
  copied_as "$work/report" "$work/flat" "$target"
  ask_daemon "$target"
  rm -rf --one-file-system "$target" "$work/flat"
}

try_link_volumes() {
  copy
  area_behind_link "$root" volumes "$work/elsewhere"
  fsck_json "$work/report" "$root"
  verdict "volumes as a link" "$(
    [ "$status" -eq 0 ] || echo "exit $status"
    jq -e "$above_info"' | length == 1 and .[0].severity == "warning" and .[0].path == "volumes" and .[0].safety == "none"' \
      "$work/report" >/dev/null || echo "found: $(show_findings "$work/report" | head -n 3)"
    grep -q 'docker volume rm' "$work/report" || echo "it does not say what does not work"
    as_many "$work/report"
    "$DOCKER_FSCK" show --root "$root" data >"$work/text" 2>&1 || true
    ! grep -qi missing "$work/text" || echo "show: the volume is missing"
    grep -q "lies behind.*$work/elsewhere" "$work/text" || echo "show does not say where its data is: $(head -n 5 "$work/text")"
  )"
  verdict "volumes as a link, migrated" "$(travels volumes)"
  verdict "volumes as a link, by a daemon" "$(
    ask_daemon
    daemon_start "$root"
    dk volume create made >/dev/null || echo "no volume can be made"
    { dk volume rm made 2>&1 || true; } | grep 'outside of the local volume root' >/dev/null ||
      echo "the daemon removes a volume: nothing is wrong with it"
    daemon_stop
    daemon_cleanup
  )"
}

# What is in the root and what is behind its link.
exact_both() {
  exact "$root"
  exact "$work/elsewhere"
}

try_link_overlay2() {
  copy
  inject "$root" link_missing content_empty whiteout_lost
  area_behind_link "$root" overlay2 "$work/elsewhere"
  fsck_json "$work/report" "$root"
  verdict "overlay2 as a link" "$(
    [ "$status" -eq 4 ] || echo "exit $status"
    jq -e "$above_info"' | any(.[]; .path == "overlay2" and .severity == "error" and .safety == "none")' "$work/report" >/dev/null ||
      echo "it is no error: $(show_findings "$work/report" | head -n 3)"
    grep -q 'symlink' "$work/report" || echo "it has not the daemon's words"
    all_found "$work/report" | sed 's/^/behind it: /'
  )"
  verdict "overlay2 as a link: what is behind it is repaired, and undone" "$(
    exact_both >"$work/damaged"
    repair "$work/done" -y --from "$work/plain" "$root"
    # The link itself stays, and stays an error.
    [ "$status" -eq 4 ] || echo "-y: exit $status: $(jq -r '.failures[0] // .error.message // ""' "$work/done" 2>/dev/null)"
    fsck_json "$work/report" "$root"
    jq -e "$above_info"' | length == 1 and .[0].path == "overlay2"' "$work/report" >/dev/null ||
      echo "after -y: $(show_findings "$work/report" | head -n 3)"
    as_read "$work/elsewhere" | diff <(as_read "$work/plain/overlay2") - | grep -a '^[<>]' | head -n 3 || true
    undo_all "$root"
    exact_both | diff "$work/damaged" - | grep -a '^[<>]' | head -n 3 | sed 's/^/after undo: /' || true
  )"
  rm -rf --one-file-system "$root" "$work/elsewhere"
  copy
  area_behind_link "$root" overlay2 "$work/elsewhere"
  verdict "overlay2 as a link, by a daemon" "$(
    daemon_start "$root"
    dk image ls | grep '^app' >/dev/null || echo "images are not listed"
    { dk run --rm --network none base:1 true 2>&1 || true; } | grep 'symlink' >/dev/null || echo "containers start: nothing is wrong with it"
    daemon_stop
    daemon_cleanup
  )"
}

try_link_containers() {
  copy
  area_behind_link "$root" containers "$work/elsewhere"
  fsck_json "$work/report" "$root"
  verdict "containers as a link" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(show_findings "$work/report" | head -n 3)"
    as_many "$work/report"
  )"
  verdict "containers as a link, migrated" "$(travels containers)"
  verdict "containers as a link, by a daemon" "$(ask_daemon)"
}

try_link_nowhere() {
  copy
  rm -r "${root:?}/volumes"
  ln -s "$work/nowhere" "$root/volumes"
  fsck_json "$work/report" "$root"
  verdict "volumes as a link to nowhere" "$(
    [ "$status" -eq 4 ] || echo "exit $status"
    jq -e "$above_info"' | any(.[]; .path == "volumes" and .severity == "error")' "$work/report" >/dev/null ||
      echo "it is no error: $(show_findings "$work/report" | head -n 3)"
    mkdir "$work/target"
    migrate "$work/report" "$root" "$work/target"
    [ $((status & 12)) -ne 0 ] || echo "migrate: exit $status"
    jq -e '.end != "done"' "$work/report" >/dev/null || echo "migrate: $(jq -c .end "$work/report")"
    rm -rf "$work/target"
    if daemon_start "$root" 2>"$work/start.err"; then
      echo "the daemon starts: nothing is wrong with it"
    else
      grep -q 'volumes: file exists' "$work/start.err" || echo "the daemon says something else: $(tail -n 1 "$work/start.err")"
    fi
    daemon_cleanup
  )"
}

try_link_tmp() {
  copy
  rm -rf "${root:?}/tmp"
  ln -s "$work/nowhere" "$root/tmp"
  fsck_json "$work/report" "$root"
  verdict "tmp as a link to nowhere" "$(
    healthy "$work/report" layers
    ask_daemon
  )"
}

# exact, but for the links of the two areas' own directories: what a repair keeps lies in them.
exact_disks() {
  exact "$root" | sed -E '/^stat "\.\/(overlay2|volumes)" /s/ [0-9]+ ([0-9a-f]+:[0-9a-f]+)$/ \1/'
}

# damaged_and_mended FAULT...: all of it in one run, and undone. Prints what is wrong.
damaged_and_mended() {
  inject "$root" "$@"
  exact_disks >"$work/damaged"
  repair "$work/done" -y "$root"
  all_found "$work/done"
  [ "$status" -eq 1 ] || echo "-y: exit $status: $(jq -r '.failures[0] // .error.message // ""' "$work/done" 2>/dev/null)"
  fsck_json "$work/report" "$root"
  healthy "$work/report" layers | sed 's/^/after -y: /'
  as_read "$root" | diff "$work/disks.read" - | grep -a '^[<>]' | head -n 3 || true
  [ "$("$DOCKER_FSCK" history --format json "$root" | jq '.runs | length')" -eq 1 ] || echo "it was not one run"
  undo_all "$root"
  exact_disks | diff "$work/damaged" - | grep -a '^[<>]' | head -n 3 | sed 's/^/after undo: /' || true
  repair "$work/done" -y "$root"
}

try_disks() {
  copy
  if ! disk ext4 "$work/disk" || ! area_on_disk "$root" volumes "$work/disk" || ! disk ext4 "$work/disk" ||
    ! area_on_disk "$root" overlay2 "$work/disk"; then
    skip "volumes and overlay2 on disks of their own" "no loop devices here"
    return
  fi
  as_read "$root" >"$work/disks.read"
  fsck_json "$work/report" "$root"
  verdict "volumes and overlay2 on disks of their own" "$(
    healthy "$work/report" layers
    as_many "$work/report"
  )"
  verdict "both disks migrated" "$(travels volumes overlay2)"
  verdict "damage on both disks" "$(damaged_and_mended link_missing content_owner whiteout_lost vol_opts_missing entry_diff_missing)"
  verdict "both disks, by a daemon" "$(ask_daemon)"
  umount "$root/overlay2" "$root/volumes"
}

try_data_disk() {
  copy
  if ! disk ext4 "$work/disk" || ! area_on_disk "$root" volumes/data/_data "$work/disk"; then
    skip "a volume's data on a disk of its own" "no loop devices here"
    return
  fi
  fsck_json "$work/report" "$root"
  verdict "a volume's data on a disk of its own" "$(
    healthy "$work/report" layers
    as_many "$work/report"
  )"
  verdict "a volume's data on a disk of its own, migrated" "$(travels volumes/data/_data)"
  umount "$root/volumes/data/_data"
}

try_bound() {
  copy
  area_bound "$root" volumes "$work/elsewhere"
  area_bound "$root" containers "$work/elsewhere-too"
  fsck_json "$work/report" "$root"
  verdict "bind-mounted areas" "$(
    healthy "$work/report" layers
    as_many "$work/report"
  )"
  verdict "bind-mounted areas, migrated" "$(travels volumes containers)"
  umount "$root/volumes" "$root/containers"
}

try_overlaid() {
  root=$work/overlaid/merged
  mkdir -p "$work/overlaid"/{upper,work,merged}
  if ! mount -t overlay overlay -o "lowerdir=$work/plain,upperdir=$work/overlaid/upper,workdir=$work/overlaid/work" "$root"; then
    skip "a root seen through an overlay" "no overlay mounts here"
    return
  fi
  fsck_json "$work/report" "$root"
  verdict "a root seen through an overlay" "$(
    [ "$status" -eq 12 ] || echo "exit $status"
    jq -e "$above_info"' | map(.code) | unique == ["DF0108", "DF0141"]' "$work/report" >/dev/null ||
      echo "found: $(show_findings "$work/report" | head -n 3)"
    jq -c '.findings[] | select(.code == "DF0141")' "$work/report" | grep -q "$work/plain" || echo "the real place is not named"
  )"
  umount "$root"
}

real_root "$work/plain" small
fsck_json "$work/plain.report" "$work/plain"
cp -a "$work/plain" "$work/running"
daemon_start "$work/running"
inventory "$work/expected"
daemon_stop
daemon_cleanup
rm -rf --one-file-system "$work/running"

for name in "${cases[@]}"; do
  "try_${name//-/_}"
  rm -rf --one-file-system "$work/root" "$work"/elsewhere* "$work/target" "$work/flat" "$work/overlaid"
done
