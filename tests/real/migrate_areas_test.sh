#!/usr/bin/env bash
# Migrations of real roots that do not lie on one filesystem, and of other storage drivers: a daemon finds everything on the
# target, or the run is refused before it writes. All mounts are made in a mount namespace of this script's own.
#
#   MIGRATE_AREA_CASES="NAME..."   only these: disks links btrfs vfs
set -euo pipefail
if [ "$(id -u)" -eq 0 ] && [ "${OWN_NAMESPACE:-}" != yes ]; then
  OWN_NAMESPACE=yes exec unshare --mount --propagation private -- "$0" "$@"
fi
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"

cases=(disks links btrfs vfs)
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for name in "${cases[@]}"; do
    skip "migration of a real root: $name" "needs root and dockerd"
  done
  exit 0
fi
trap 'daemon_cleanup; umount -q "$work"/source/volumes/*/_data "$work"/source/* "$work"/source 2>/dev/null || true; remove_work' EXIT

source=$work/source
target=$work/target

# disk TYPE DIR: a filesystem of its own in the place of DIR, with what is in it. False where the machine cannot do that.
disk() {
  truncate -s 512M "$work/disk"
  "mkfs.$1" -q "$work/disk" >/dev/null 2>&1 || return 1
  mkdir -p "$work/mnt" "$2"
  mount -o loop "$work/disk" "$work/mnt" || return 1
  cp -a "$2/." "$work/mnt/"
  mount --move "$work/mnt" "$2"
  rm "$work/disk" # the loop device keeps it until the mount ends
}

# migrate ARGS...: sets `status`; the report is in $work/report, the text in $work/text.
migrate() {
  status=0
  timeout 300 "$DOCKER_FSCK" migrate --color never --progress none --no-trunc --report "$work/report" "$@" "$source" "$target" \
    >"$work/text" 2>&1 </dev/null || status=$?
}

judge() {
  if [ -z "$2" ]; then
    ok "migration of a real root: $1"
  else
    not_ok "migration of a real root: $1" "$(head -c 900 <<<"$2" | tr '\n' ';')"
  fi
}

new_source() {
  umount -q "$source"/volumes/*/_data "$source"/* 2>/dev/null || true
  rm -rf --one-file-system "$source" "$target" "$work/elsewhere"
  real_root "$source" small
  mkdir "$work/elsewhere"
}

# What a daemon lists of the plain root, before anything is moved around in it.
real_root "$work/plain" small
daemon_start "$work/plain"
inventory "$work/expected"
daemon_stop
daemon_cleanup
rm -rf --one-file-system "$work/plain"

all_is_there() {
  jq -e '.inventory.whole and (.inventory.source | del(.volume_data)) == (.inventory.target | del(.volume_data))
    and .copied.layers > 0 and .copied.layers == .copied.layers_verified' "$work/report" >/dev/null ||
    echo "inventories: $(jq -c '[.inventory, .copied]' "$work/report")"
  judged_by_daemon "$target" "$work/expected"
}

try_disks() {
  local volume
  new_source
  volume=$(find "$source/volumes" -mindepth 1 -maxdepth 1 -type d | sort | head -n 1)
  volume=${volume##*/}
  if ! disk ext4 "$source/volumes" || ! disk ext4 "$source/overlay2" || ! disk ext4 "$source/volumes/$volume/_data"; then
    skip "migration of a real root: volumes and layers on disks of their own" "needs loop devices"
    return
  fi
  printf 'on its own disk\n' >"$source/volumes/$volume/_data/marked"
  judge "volumes and layers on disks of their own" "$(
    migrate --dry-run --final-path /var/lib/docker
    [ "$status" -eq 0 ] || echo "dry run: exit $status: $(tail -n 3 "$work/text")"
    jq -c '[.boundaries, .inventory.source]' "$work/report" >"$work/planned"
    migrate --yes --final-path /var/lib/docker
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    jq -c '[.boundaries, .inventory.source]' "$work/report" | cmp -s - "$work/planned" || echo "the plan was another one"
    for place in volumes overlay2 "volumes/$volume/_data"; do
      grep -qE "^  $place: was a mount of /dev/loop[0-9]+ \(ext4\); is a plain directory in the target" "$work/text" || echo "$place is not named"
    done
    [ "$(cat "$target/volumes/$volume/_data/marked")" = 'on its own disk' ] || echo "the data of the volume is not there"
    all_is_there
  )"
  umount -R "$source/volumes" "$source/overlay2"
}

# A missing disk is no small root: what a link leads to must be there.
try_links() {
  new_source
  mv "$source/volumes" "$work/elsewhere/volumes" && ln -s "$work/elsewhere/volumes" "$source/volumes"
  mv "$source/overlay2" "$work/elsewhere/overlay2" && ln -s "$work/elsewhere/overlay2" "$source/overlay2"
  judge "volumes and layers behind links" "$(
    migrate --yes --final-path /var/lib/docker
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    [ ! -L "$target/volumes" ] && [ ! -L "$target/overlay2" ] || echo "a link was copied"
    all_is_there
    mv "$work/elsewhere/volumes" "$work/elsewhere/unplugged"
    rm -rf --one-file-system "$target"
    migrate --yes --final-path /var/lib/docker
    [ "$status" -ne 0 ] || echo "a link to nowhere: exit 0"
    ! grep -q 'can be removed' "$work/text" || echo "a link to nowhere: it says that the root can be removed"
  )"
}

# small_root DRIVER: a daemon's own root of that driver, with an image, a container and a volume.
small_root() {
  DAEMON_ROOT_AS='' daemon_start "$source" --storage-driver "$1" || return 1
  mkdir -p "$work/context"
  cp /bin/busybox "$work/context/"
  tar -C "$work/context" -c . | dk import - box:1 >/dev/null
  dk run --name job --network none --volume shop:/data box:1 /busybox sh -c 'echo sold >/data/file; echo mine >/own'
  inventory "$work/of-$1"
  daemon_stop
  daemon_cleanup
}

try_btrfs() {
  rm -rf --one-file-system "$source" "$target"
  if ! command -v mkfs.btrfs >/dev/null || ! disk btrfs "$source" || ! small_root btrfs; then
    daemon_cleanup
    skip "migration of a real root: btrfs" "needs btrfs"
    return
  fi
  judge "of btrfs" "$(
    for how in --dry-run --yes; do
      migrate "$how"
      [ "$status" -eq 8 ] || echo "$how: exit $status: $(tail -n 3 "$work/text")"
      grep -q 'docker save -o images.tar' "$work/text" || echo "$how: it does not say what works"
      grep -q 'btrfs send' "$work/text" || echo "$how: it does not say how btrfs moves it"
      [ ! -e "$target" ] || echo "$how: something was written"
    done
  )"
  umount "$source"
}

try_vfs() {
  rm -rf --one-file-system "$source" "$target"
  small_root vfs
  judge "of vfs" "$(
    migrate --yes
    [ $((status & ~8)) -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    grep -q 'copied whole, as they are, and unverified' "$work/text" || echo "it does not say that the layers are unverified"
    DAEMON_ROOT_AS=''
    daemon_start "$target" --storage-driver vfs
    inventory "$work/found"
    diff "$work/of-vfs" "$work/found" | grep '^[<>]' || true
    [ "$(dk run --rm --network none --volume shop:/data box:1 /busybox cat /data/file)" = sold ] || echo "the volume is empty"
    [ "$(dk cp job:/own - | tar -xO)" = mine ] || echo "the container lost what it wrote"
    daemon_stop
    daemon_cleanup
  )"
}

for name in ${MIGRATE_AREA_CASES:-${cases[@]}}; do
  "try_$name"
done
