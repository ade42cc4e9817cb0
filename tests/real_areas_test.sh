#!/usr/bin/env bash
# Areas of a real root behind links, on disks of their own, of other storage drivers, and seen through an overlay: what is
# there is checked, what cannot be is named, nothing healthy is accused, and a real daemon agrees.
set -euo pipefail
if [ "$(id -u)" -eq 0 ] && [ "${AREAS_INSIDE:-}" != yes ]; then
  AREAS_INSIDE=yes exec unshare --mount --propagation private -- "$0" "$@"  # no mount of this test outlives it
fi
# shellcheck source=tests/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shell.sh"

if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  skip "areas of real roots" "needs root and dockerd"
  exit 0
fi
# shellcheck source=tests/real_repair.sh
. "$top/tests/real_repair.sh"
trap 'daemon_cleanup; umount -R "$work" 2>/dev/null || true; remove_work' EXIT

real_root "$work/plain" small
fsck_json "$work/plain.json" "$work/plain"
counts() { jq -c '[.counts.images, .counts.layers, .counts.layers_verified, .counts.containers, .counts.volumes]' "$1"; }

# expect NAME OUT EXIT CODES...: exactly these problems above info, and everything of the plain root is counted.
expect() {
  local name=$1 out=$2 wanted=$3
  shift 3
  local found
  found=$(jq -r "$above_info | map(.code) | unique | join(\" \")" "$out")
  if [ "$status" = "$wanted" ] && [ "$found" = "$*" ]; then
    ok "$name"
  else
    not_ok "$name" "exit $status, found: $found $(show_findings "$out" | head -3 | tr '\n' ';') $(head -c 200 "$out.err")"
  fi
}
expect_all_counted() {
  if [ "$(counts "$2")" = "$(counts "$work/plain.json")" ]; then
    ok "$1: everything is counted and verified as before"
  else
    not_ok "$1: everything is counted and verified as before" "$(counts "$2"), not $(counts "$work/plain.json")"
  fi
}

# linked AREA: a copy whose area lies beside it.
linked() {
  rm -rf --one-file-system "$work/root" "$work/moved"
  cp -a "$work/plain" "$work/root"
  mv "$work/root/$1" "$work/moved"
  ln -s "$work/moved" "$work/root/$1"
}

linked volumes
fsck_json "$work/volumes" "$work/root"
expect "volumes behind a link" "$work/volumes" 0 DF0134
expect_all_counted "volumes behind a link" "$work/volumes"
if "$DOCKER_FSCK" show --root "$work/root" data 2>&1 | grep -q "lies behind.*$work/moved"; then
  ok "volumes behind a link: show"
else
  not_ok "volumes behind a link: show" "$("$DOCKER_FSCK" show --root "$work/root" data 2>&1 | head -5)"
fi
daemon_start "$work/root"
dk volume create kept >/dev/null
refused=$(dk volume rm kept 2>&1 || true)
daemon_stop
if grep -q 'outside of the local volume root' <<<"$refused"; then
  ok "volumes behind a link: the daemon works, and refuses docker volume rm"
else
  not_ok "volumes behind a link: the daemon works, and refuses docker volume rm" "$refused"
fi

linked overlay2
fsck_json "$work/overlay2" "$work/root"
expect "layers behind a link" "$work/overlay2" 4 DF0135
expect_all_counted "layers behind a link" "$work/overlay2"

linked volumes
mv "$work/moved" "$work/lost"
fsck_json "$work/nowhere" "$work/root"
if jq -e "$above_info | map(.code) | index(\"DF0136\")" "$work/nowhere" >/dev/null && [ "$status" -eq 4 ]; then
  ok "volumes that lead nowhere"
else
  not_ok "volumes that lead nowhere" "exit $status: $(show_findings "$work/nowhere" | head -3)"
fi
if ! daemon_start "$work/root" 2>"$work/start.err" && grep -q 'volumes: file exists' "$work/start.err"; then
  ok "volumes that lead nowhere: the daemon does not start, with the words of the report"
else
  not_ok "volumes that lead nowhere: the daemon does not start, with the words of the report" "$(tail -n 2 "$work/start.err")"
fi
daemon_cleanup
rm -rf --one-file-system "$work/lost"

# on_disk TYPE DIRECTORY: a new filesystem on a loop device, mounted there.
on_disk() {
  truncate -s 700M "$work/disk" && "mkfs.$1" -q "$work/disk" >/dev/null 2>&1 && mkdir -p "$2" &&
    mount -o loop "$work/disk" "$2" && rm "$work/disk"
}

rm -rf --one-file-system "$work/root"
cp -a "$work/plain" "$work/root"
own_disks=yes
for area in volumes overlay2; do
  mv "$work/root/$area" "$work/before"
  on_disk ext4 "$work/root/$area" || { own_disks=no; break; }
  cp -a "$work/before/." "$work/root/$area"
  rm -rf --one-file-system "$work/before"
done
if [ "$own_disks" = yes ]; then
  fsck_json "$work/disks" "$work/root"
  expect "areas on disks of their own" "$work/disks" 0 ""
  expect_all_counted "areas on disks of their own" "$work/disks"
  umount "$work/root/volumes" "$work/root/overlay2"
else
  skip "areas on disks of their own" "no loop devices"
fi

mkdir -p "$work/over"/{upper,work,merged}
if mount -t overlay overlay -o "lowerdir=$work/plain,upperdir=$work/over/upper,workdir=$work/over/work" "$work/over/merged"; then
  fsck_json "$work/through" "$work/over/merged"
  expect "a root seen through an overlay" "$work/through" 12 DF0108 DF0141
  if jq -r '.findings[] | select(.code == "DF0141") | .remedy // .args.places' "$work/through" | grep -q "$work/plain"; then
    ok "a root seen through an overlay: the real place is named"
  else
    not_ok "a root seen through an overlay: the real place is named" "$(jq -c '.findings[] | select(.code == "DF0141")' "$work/through")"
  fi
  umount "$work/over/merged"
else
  skip "a root seen through an overlay" "no overlay mounts"
fi

# of_driver DRIVER LAYERS: a root of that driver by a real daemon; then its layers are lost.
of_driver() {
  local driver=$1 layers=$2 root=$work/$1/root
  mkdir -p "$root"
  daemon_start "$root" --storage-driver "$driver"
  dk load -i "$work/images.tar" >/dev/null
  dk volume create kept >/dev/null
  dk create --name job "$(dk image ls -q | head -1)" true >/dev/null
  daemon_stop
  fsck_json "$work/$driver.json" "$root"
  expect "a healthy root of $driver" "$work/$driver.json" 8 DF0137
  fsck_json "$work/$driver.json" --skip layers-not-checked "$root"
  expect "a healthy root of $driver, its layers left out" "$work/$driver.json" 0 ""
  "$DOCKER_FSCK" -n --progress none "$root" >"$work/text" || true
  if grep -q '^not checked: the .* of storage driver' "$work/text"; then
    ok "a healthy root of $driver: the summary says what was not checked"
  else
    not_ok "a healthy root of $driver: the summary says what was not checked" "$(tail -n 5 "$work/text")"
  fi
  if [ "$driver" = btrfs ]; then
    btrfs subvolume delete "$root/$layers"/* >/dev/null
  else
    rm -rf "${root:?}/$layers"/*
  fi
  fsck_json "$work/$driver.json" "$root"
  expect "a root of $driver without its layers" "$work/$driver.json" 12 DF0137 DF0138
}

daemon_start "$work/plain"
dk save -o "$work/images.tar" "$(dk image ls --format '{{.Repository}}:{{.Tag}}' | grep -v none | head -1)"
daemon_stop
of_driver vfs vfs/dir
if command -v mkfs.btrfs >/dev/null && on_disk btrfs "$work/btrfs"; then
  of_driver btrfs btrfs/subvolumes
  umount "$work/btrfs"
else
  skip "a root of btrfs" "no btrfs"
fi
