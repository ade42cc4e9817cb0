#!/usr/bin/env bash
# Migrations of roots whose areas and volumes lie elsewhere: on filesystems of their own, behind links, mounted again. What
# travels becomes plain directories with everything in it, and is named; what somebody mounted for a time stays behind.
# All mounts are made in a mount namespace of this script's own.
set -euo pipefail
if [ "$(id -u)" -eq 0 ] && [ "${OWN_NAMESPACE:-}" != yes ]; then
  OWN_NAMESPACE=yes exec unshare --mount --propagation private -- "$0" "$@"
fi
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"

cases=(mounts links part-links unseen deeper-mounts mounts-over-files daemon-links same-data-twice options-mounts refused-attributes
  gone-directories refused-loops resumed live)
if [ "$(id -u)" -ne 0 ]; then
  for name in "${cases[@]}"; do
    skip "migration of areas: $name" "needs root: mounts, owners, trusted attributes"
  done
  exit 0
fi

source=$work/source
target=$work/target
data=volumes/data/_data

new_source() {
  umount -q "$source"/volumes/*/_data "$source"/* 2>/dev/null || true
  rm -rf --one-file-system "$source" "$target" "$work/elsewhere"
  "$BUILD/make-root" "$top/fixtures/cases/good/everything.case" "$source" >/dev/null
  mkdir -p "$source/$data/sub" "$work/elsewhere"
  printf 'one\n' >"$source/$data/sub/first"
  ln "$source/$data/sub/first" "$source/$data/sub/second"
  cp -a "$source" "$work/plain.$$" && rm -rf "$work/plain" && mv "$work/plain.$$" "$work/plain"
}

# on_its_own AREA: puts a filesystem in the place of a directory, with what is in it, and a lost+found.
on_its_own() {
  mkdir -p "$work/mnt"
  mount -t tmpfs "disk-of-${1##*/}" "$work/mnt"
  cp -a "$source/$1/." "$work/mnt/"
  chmod --reference="$source/$1" "$work/mnt"
  mkdir "$work/mnt/lost+found"
  mount --move "$work/mnt" "$source/$1"
}

# migrate ARGS...: sets `status`; reports are in $work/text and $work/report.
migrate() {
  status=0
  timeout 120 "$DOCKER_FSCK" migrate --color never --progress none --no-trunc --report "$work/report" "$@" "$source" "$target" \
    >"$work/text" 2>&1 </dev/null || status=$?
}

plan_of() { sed -n '/^STAYS BEHIND\|^what travels/,/^copied:\|^exit code\|^LEFT IN/p' "$1" | grep -v '^copied:\|^exit code\|^LEFT IN'; }

says() { grep -qF -- "$1" "$work/text" || echo "it does not say: $1"; }
# The dry run, then the run: the same plan, and the exit status that is expected.
migrate_both() {
  local expected=$1
  shift
  migrate --dry-run "$@"
  plan_of "$work/text" >"$work/dry.plan"
  [ "$status" -eq "$expected" ] || echo "dry run: exit $status: $(tail -n 3 "$work/text")"
  [ ! -e "$target" ] || echo "the dry run wrote"
  migrate --yes "$@"
  [ "$status" -eq "$expected" ] || echo "exit $status: $(tail -n 5 "$work/text")"
  plan_of "$work/text" | cmp -s - "$work/dry.plan" || echo "dry run and run differ: $(plan_of "$work/text" | diff "$work/dry.plan" - | head -n 3)"
}

whole() {
  jq -e '.inventory | .whole and .lacking == [] and (.source | del(.volume_data)) == (.target | del(.volume_data))' \
    "$work/report" >/dev/null || echo "inventories: $(jq -c .inventory "$work/report")"
  jq -e '.copied.layers == 3 and .copied.layers_verified == 3' "$work/report" >/dev/null || echo "layers: $(jq -c .copied "$work/report")"
  jq -e '.copied.resumed or .room.files == .copied.files' "$work/report" >/dev/null || echo "files: $(jq -c '[.room, .copied]' "$work/report")"
}

# same_as DIR: the target holds what DIR does, but for what every migration leaves out or rewrites.
same_as() {
  diff <(shape "$1") <(shape "$target") | grep '^[<>]' | head -n 5 || true
}
shape() {
  (cd "$1" && find . -path ./.docker-fsck -prune -o -path '*/work/*' -prune -o -path './tmp/*' -prune -o -path './runtimes/*' -prune \
    -o -name backingFsBlockDev -prune -o -name merged -prune -o -path './buildkit/executor/*' -prune \
    -o -printf '%p %y %U:%G %m %l\n' | sort)
  (cd "$1" && find volumes overlay2 image -type f ! -name backingFsBlockDev -print0 | sort -z | xargs -0 sha256sum)
}

judge() {
  if [ -z "$2" ]; then
    ok "migration of areas: $1"
  else
    not_ok "migration of areas: $1" "$(head -c 900 <<<"$2" | tr '\n' ';')"
  fi
}

try_mounts() {
  new_source
  on_its_own volumes
  on_its_own overlay2
  mkdir "$source/volumes/lost+found/#12"
  judge "volumes and overlay2 on disks of their own" "$(
    migrate_both 0
    says 'volumes: was a mount of disk-of-volumes (tmpfs); is a plain directory in the target'
    says 'overlay2: was a mount of disk-of-overlay2 (tmpfs); is a plain directory in the target'
    grep -A 1 '^STAYS BEHIND' "$work/text" | grep -q 'volumes/lost+found: what fsck found' || echo "lost+found with something in it is not named at the top"
    says "can be removed"
    whole
    same_as "$work/plain"
  )"
  umount "$source/volumes" "$source/overlay2"
}

try_links() {
  new_source
  mkdir "$source/kept"
  mv "$source/volumes" "$work/elsewhere/vols" && ln -s "$work/elsewhere/vols" "$source/volumes"
  mv "$work/elsewhere/vols/data/_data" "$source/kept/data" && ln -s "$source/kept/data" "$work/elsewhere/vols/data/_data"
  mv "$source/containers" "$work/elsewhere/containers" && ln -s ../elsewhere/containers "$source/containers"
  judge "areas and data behind links" "$(
    migrate_both 0
    says "volumes: was a link to $work/elsewhere/vols; is a plain directory in the target"
    says "volumes/data/_data: was a link to $source/kept/data; is a plain directory in the target"
    whole
    [ -d "$target/volumes" ] && [ ! -L "$target/volumes" ] || echo "volumes is no directory"
    [ ! -L "$target/$data" ] && [ ! -L "$target/containers" ] || echo "a link was copied"
    [ "$target/$data/sub/first" -ef "$target/$data/sub/second" ] || echo "hard links were split"
    [ ! "$target/$data/sub/first" -ef "$target/kept/data/sub/first" ] || echo "one file stands for two"
    rm -r "$target/kept"
    same_as "$work/plain"
  )"
}

try_part_links() {
  new_source
  local container layer entry
  container=$(cd "$source" && echo containers/* | cut -d ' ' -f 1)
  layer=$(cd "$source" && dirname "$(echo overlay2/*/committed | cut -d ' ' -f 1)")
  [ -d "$source/$layer/diff" ] || layer=$(cd "$source" && dirname "$(echo overlay2/*/diff | cut -d ' ' -f 1)")
  entry=$(cd "$source" && echo image/overlay2/layerdb/sha256/* | cut -d ' ' -f 1)
  local path number=0
  for path in "$container" "$layer/diff" "$entry" network/files; do
    number=$((number + 1))
    mv "$source/$path" "$work/elsewhere/$number" && ln -s "$work/elsewhere/$number" "$source/$path"
  done
  judge "a container, a diff, a layerdb entry and network/files behind links" "$(
    migrate_both 0
    for path in "$container" "$layer/diff" "$entry" network/files; do
      says "$path: was a link to"
      [ ! -L "$target/$path" ] && [ -d "$target/$path" ] || echo "$path was copied as a link"
    done
    whole
    same_as "$work/plain"
  )"
}

# What is elsewhere and not to be seen, or lost as a whole: nothing is written, and nothing is said to be removable.
try_unseen() {
  local layer
  for what in database diff image layerdb; do
    new_source
    case $what in
      database) mv "$source/network/files/local-kv.db" "$work/elsewhere/kv" && ln -s "$work/elsewhere/kv" "$source/network/files/local-kv.db" ;;
      diff)
        layer=$(cd "$source" && echo overlay2/*/diff | cut -d ' ' -f 1)
        rm -r "${source:?}/$layer" && ln -s /nothing/there "$source/$layer"
        ;;
      image) rm -r "$source/image" ;;
      layerdb) rm -r "$source/image/overlay2/layerdb" ;;
    esac
    judge "not seen in the source: $what" "$(
      migrate_both 4
      [ ! -e "$target" ] || echo "something was written"
      ! grep -q "can be removed" "$work/text" || echo "it says that the source can be removed"
    )"
  done
}

try_deeper_mounts() {
  new_source
  mkdir -p "$source/$data/archive" "$work/elsewhere/archive/deep"
  printf 'old\n' >"$work/elsewhere/archive/deep/file"
  mount --bind "$work/elsewhere/archive" "$source/$data/archive"
  mount -t tmpfs passing "$source/$data/sub"
  printf 'gone soon\n' >"$source/$data/sub/file"
  judge "mounts inside the data of a volume" "$(
    migrate_both 4
    says "$data/archive: was a bind mount of"
    grep -A 1 '^STAYS BEHIND' "$work/text" | grep -qF "$data/sub/*: mount of passing (tmpfs), made by somebody, not by a daemon" || echo "the tmpfs is not named at the top"
    says "what is mounted or linked at $data/sub does not travel"
    ! grep -q 'can be removed' "$work/text" || echo "the source can be removed"
    jq -e '.inventory | .whole == false and .lacking == []' "$work/report" >/dev/null || echo "whole: $(jq -c .inventory "$work/report")"
    [ "$(cat "$target/$data/archive/deep/file")" = old ] || echo "the archive stayed behind"
    [ -d "$target/$data/sub" ] && [ ! -e "$target/$data/sub/file" ] || echo "the tmpfs was copied"
  )"
  judge "mounts inside the data of a volume, once more" "$(
    migrate --yes
    [ "$status" -eq 4 ] || echo "exit $status"
    says "what is mounted or linked at $data/sub does not travel"
    says "complete: the source is as it was"
    umount "$source/$data/sub"
    migrate --yes
    [ "$status" -eq 0 ] || echo "unmounted: exit $status: $(tail -n 5 "$work/text")"
    says "can be removed"
    [ "$(cat "$target/$data/sub/first")" = one ] || echo "what was under the mount stayed behind"
  )"
  umount "$source/$data/archive"
}

# A mount over a single file hides nothing of a daemon's: it is the file.
try_mounts_over_files() {
  local file files
  new_source
  files=(volumes/metadata.db "$(cd "$source" && echo containers/c1*/config.v2.json)" image/overlay2/repositories.json)
  for file in "${files[@]}"; do
    mkdir -p "$work/elsewhere/$(dirname "$file")"
    cp -a "$source/$file" "$work/elsewhere/$file"
    mount --bind "$work/elsewhere/$file" "$source/$file"
  done
  judge "files that are mounted" "$(
    migrate_both 0
    says "volumes/metadata.db: was a bind mount of"
    says "is a plain file in the target"
    whole
    same_as "$work/plain"
  )"
  for file in "${files[@]}"; do
    umount "$source/$file"
  done
}

# What a daemon keeps in a directory of its own may be a link that leads elsewhere: a daemon follows it.
# Links of a daemon's own that stand for no part of the root which is followed.
try_daemon_links() {
  local link
  new_source
  link=$(cd "$source" && echo containers/c2*)/checkpoints
  rmdir "$source/$link"
  mkdir -p "$source/kept/c" && echo one >"$source/kept/c/one"
  judge "a link in a container's directory" "$(
    ln -s ../../kept/c "$source/$link"
    migrate_both 0
    ! grep -q '^STAYS BEHIND' "$work/text" || echo "something stays behind: $(grep -A 2 '^STAYS' "$work/text")"
    [ -e "$target/$link/one" ] || echo "the link leads nowhere"
    rm -rf "$target" "$source/$link"
    ln -s "$work/elsewhere" "$source/$link"
    migrate_both 0
    grep -A 1 '^STAYS BEHIND' "$work/text" | grep -qF "behind a link to $work/elsewhere, which stays a link" || echo "it is not named"
    rm -rf "$target" "$source/$link"
    ln -s "$source/kept/c" "$source/$link"
    migrate_both 4
    says "what is mounted or linked at $link"
    ! grep -q 'can be removed' "$work/text" || echo "the source can be removed"
  )"
}

try_same_data_twice() {
  new_source
  mkdir -p "$source/volumes/again/_data"
  ln "$source/$data/sub/first" "$source/volumes/data/third" # a name that lies in one of the two places only
  mount --bind "$source/$data" "$source/volumes/again/_data"
  judge "the same data mounted twice" "$(
    migrate_both 0
    whole
    diff -r "$target/$data" "$target/volumes/again/_data" || true
    [ "$target/$data/sub/first" -ef "$target/$data/sub/second" ] || echo "hard links were split"
    [ ! "$target/$data/sub/first" -ef "$target/volumes/again/_data/sub/first" ] || echo "one file stands for both"
  )"
  umount "$source/volumes/again/_data"
}

# The daemon makes it anew from the options of the volume.
try_options_mounts() {
  new_source
  mount -t tmpfs tmpfs "$source/volumes/scratch/_data"
  printf 'x\n' >"$source/volumes/scratch/_data/file"
  judge "a volume that its options mount" "$(
    migrate_both 0
    says "volumes/scratch/_data/*: mount of tmpfs (tmpfs), made by the options of volume scratch"
    [ -z "$(ls -A "$target/volumes/scratch/_data")" ] || echo "it was copied"
    whole
  )"
  umount "$source/volumes/scratch/_data"
}

try_refused_loops() {
  new_source
  mkdir -p "$source/volumes/loop/_data"
  mount --bind "$work" "$source/volumes/loop/_data"
  judge "the place of the target mounted inside the source" "$(
    for how in --dry-run --yes; do
      migrate "$how"
      [ "$status" -eq 8 ] || echo "$how: exit $status"
      says "volumes/loop/_data is what the target lies in"
    done
    [ ! -e "$target" ] || echo "something was written"
  )"
  umount "$source/volumes/loop/_data"
  mount --bind "$source" "$source/volumes/loop/_data"
  judge "the source mounted inside itself" "$(
    migrate_both 8
    says "volumes/loop/_data is the source itself"
    [ ! -e "$target" ] || echo "something was written"
  )"
  umount "$source/volumes/loop/_data"
  rmdir "$source/volumes/loop/_data"
  mkdir "$target"
  ln -s "$target" "$source/volumes/loop/_data"
  judge "the target linked into the source" "$(
    migrate --yes
    [ "$status" -eq 8 ] || echo "exit $status"
    says "volumes/loop/_data is what the target lies in"
    [ -z "$(ls -A "$target")" ] || echo "something was written"
  )"
}

# ext4 holds attributes up to a block, the source's filesystem larger ones.
try_refused_attributes() {
  local plain=$source
  new_source
  mkdir -p "$work/large" "$work/small"
  mount -t tmpfs tmpfs "$work/large"
  truncate -s 64M "$work/disk" && mkfs.ext4 -q -F "$work/disk" && mount -o loop "$work/disk" "$work/small"
  cp -a "$source" "$work/large/source"
  source=$work/large/source target=$work/small/target
  printf 'large\n' >"$source/$data/sub/large"
  python3 -c 'import os, sys
for path in sys.argv[1:]: os.setxattr(path, "user.large", b"x" * 20000)' "$source/$data/sub/large" "$source/volumes"
  judge "attributes that the target refuses, again" "$(
    migrate --yes
    first=$status
    says "volumes/data/_data/sub/large: set attribute user.large"
    sed -n '/^NOT COPIED AS IT IS/,/^$/p' "$work/text" >"$work/refused"
    migrate --yes
    [ "$status" -eq "$first" ] || echo "exit $first, then $status"
    says "complete: the source is as it was"
    says "copied: 0 files"
    sed -n '/^NOT COPIED AS IT IS/,/^$/p' "$work/text" | cmp -s - "$work/refused" || echo "not the same is named"
    touch "$source/$data/sub/large"
    migrate --yes
    [ "$status" -eq "$first" ] || echo "after a change: exit $status"
    says "volumes: set attribute user.large"
  )"
  source=$plain target=$work/target
  umount "$work/large" "$work/small"
}

# What is gone from the source goes from the target, whatever it was.
try_gone_directories() {
  new_source
  mkdir -p "$source/volumes/gone/_data/deep" "$source/volumes/empty" "$source/runtimes"
  judge "directories that are gone" "$(
    migrate --yes
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    [ -d "$target/volumes/gone/_data/deep" ] && [ -d "$target/volumes/empty" ] || echo "not copied"
    rm -r "$source/volumes/gone" "$source/volumes/empty" "$source/runtimes"
    migrate --yes
    [ "$status" -eq 0 ] || echo "again: exit $status: $(tail -n 5 "$work/text")"
    same_as "$source"
    migrate --yes
    says "complete: the source is as it was"
  )"
}

# Cut off again and again by a kill, and gone on with.
try_resumed() {
  local round
  new_source
  head -c 3000000 /dev/urandom >"$source/$data/large"
  cp -a "$source/$data/large" "$work/plain/$data/large"
  on_its_own volumes
  on_its_own overlay2
  mv "$source/image" "$work/elsewhere/image" && ln -s "$work/elsewhere/image" "$source/image"
  for round in 1 2 3; do
    timeout -s KILL 0.$((round * 3)) "$DOCKER_FSCK" migrate --yes --progress none --bwlimit 3M "$source" "$target" >/dev/null 2>&1 || true
  done
  judge "that were cut off" "$(
    migrate --yes
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    whole
    same_as "$work/plain"
  )"
  umount "$source/volumes" "$source/overlay2"
}

# Layers first, the rest later; the layers are not copied twice.
try_live() {
  new_source
  on_its_own overlay2
  judge "live, then offline" "$(
    migrate --yes --live
    [ "$status" -eq 0 ] || echo "live: exit $status: $(tail -n 5 "$work/text")"
    migrate --yes
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 5 "$work/text")"
    jq -e '.copied.parts_done_before >= 3' "$work/report" >/dev/null || echo "parts: $(jq -c .copied "$work/report")"
    whole
    same_as "$work/plain"
  )"
  umount "$source/overlay2"
}

for name in ${AREA_CASES:-${cases[@]}}; do
  "try_${name//-/_}"
done
