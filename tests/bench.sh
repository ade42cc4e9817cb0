#!/usr/bin/env bash
# Measures docker-fsck on generated roots and prints figures and ratios, all from one run on the same data:
#   1. a root of at least 4 GB and 100,000 files (this machine's /usr, imported by a real dockerd): the full check at
#      -j1 and -j2 and the quick check, against the same bytes hashed by sha256sum and by openssl over xargs -P2;
#   2. a root of 10,000 layers and 1,000 images: --structure;
#   3. a root of 1,000 layers that lost every link, lower and short link: --yes --structure;
#   4. the first root with 200 files zeroed, healed from one archive of its images, against the daemon loading that
#      archive into an empty root;
#   5. how many layers of a root with images of all origins get their tar-split back when it is lost;
#   6. all images of the first root saved to a file, against docker save by the daemon on the same root;
#   7. the first root migrated to a filesystem in memory, against cp, rsync and tar; the memory that a million files take;
#   8. the images of the first root, loaded into an empty root by docker-fsck and by the daemon.
# Needs root, dockerd, and about 30 GB of disk in BENCH_DIR (default /var/tmp). BENCH_KEEP=1 keeps the roots there.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:?}
dir=${BENCH_DIR:-/var/tmp}/docker-fsck-bench
mkdir -p "$dir"
# shellcheck source=fixtures/real/daemon.sh
. fixtures/real/daemon.sh
cleanup() {
  daemon_cleanup
  umount "$dir/moved" 2>/dev/null || true
  [ -n "${BENCH_KEEP:-}" ] || rm -rf --one-file-system "$dir"
}
trap cleanup EXIT

# Imports parts of /usr as images until there are enough bytes and files. Each round has a directory of its own name, so
# that no layer is the same as another.
make_big() {
  local out=$1 round=0 bytes=0 files=0 part
  rm -rf --one-file-system "$out"
  daemon_start "$out.new"
  while ((bytes < 4000000000 || files < 100000)); do
    round=$((round + 1))
    for part in lib share bin; do
      tar -C /usr -cf - --transform "s,^,round$round/," "$part" 2>/dev/null |
        dk import - "bench:$round-$part" >/dev/null
    done
    bytes=$(du -sb --apparent-size "$out.new/overlay2" | cut -f 1)
    files=$(find "$out.new/overlay2" -path '*/diff/*' -type f | wc -l)
    echo "  $round. round: $((bytes / 1000000)) MB in $files files" >&2
  done
  daemon_stop
  mv "$out.new" "$out"
}

# measure NAME COMMAND...: the best of three runs; prints the row and leaves the wall time in $wall.
measure() {
  local name=$1 best="" run
  shift
  for run in 1 2 3; do
    /usr/bin/time -f '%e %U %S %M' -o "$dir/time" "$@" >/dev/null 2>"$dir/err" || [ $? -eq 4 ] ||
      { echo "bench: $name failed: $(tail -n 1 "$dir/err")" >&2; exit 1; }
    run=$(tail -n 1 "$dir/time")
    if [ -z "$best" ] || awk -v a="$run" -v b="$best" 'BEGIN { split(a, x); split(b, y); exit !(x[1] < y[1]) }'; then
      best=$run
    fi
  done
  read -r wall user system peak <<<"$best"
  printf '%-44s %7.2f s wall %7.2f s cpu %7.1f MB peak\n' "$name" "$wall" \
    "$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')" "$(awk -v k="$peak" 'BEGIN { print k / 1024 }')"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# timed COMMAND...: runs it once, functions too, and leaves the wall time in $wall.
timed() {
  local from
  from=$(date +%s.%N)
  "$@" >/dev/null 2>"$dir/err" || [ $? -eq 1 ] || { echo "bench: $1 failed: $(tail -n 1 "$dir/err")" >&2; exit 1; }
  wall=$(awk -v from="$from" -v to="$(date +%s.%N)" 'BEGIN { print to - from }')
}

# Both save the same images, one after the other, each to a file that does not exist.
save_against_save() {
  rm -f "$dir/theirs.tar" "$dir/ours.tar"
  sync
  timed "$build/docker-fsck" save --root "$dir/big" --all -j2 --progress none -o "$dir/ours.tar"
  saved=$wall
  rm -f "$dir/ours.tar"
  daemon_start "$dir/big"
  sync
  # docker-fsck ends when the archive is on the disk; the daemon leaves that to the kernel.
  timed dk save -o "$dir/theirs.tar" $(dk image ls --format '{{.Repository}}:{{.Tag}}')
  saved_by_daemon=$wall
  timed sync "$dir/theirs.tar"
  synced_by_daemon=$(awk -v a="$saved_by_daemon" -v b="$wall" 'BEGIN { print a + b }')
  daemon_stop
  rm -f "$dir/theirs.tar"
}

# Copies the first root five times with each tool, in turns, each time to a new filesystem in memory, so that the tools
# are compared and not the moods of a disk. The memory is touched before: a virtual machine that gave it back to its host
# waits long for it, and whoever comes first would wait for all. Leaves the median of each.
migrate_against_copies() {
  local target=$dir/moved round tool
  rm -rf --one-file-system "$target"
  mkdir "$target"
  for round in 1 2 3 4 5; do
    for tool in verified unverified cp rsync tar; do
      mount -t tmpfs -o size=90% tmpfs "$target"
      head -c $((bytes * 3 / 2)) /dev/zero >"$target/touched"
      rm "$target/touched"
      timed "copy_by_$tool" "$dir/big" "$target"
      umount "$target"
      echo "$wall" >>"$dir/times.$round.$tool"
    done
  done
  rmdir "$target"
  for tool in verified unverified cp rsync tar; do
    cat "$dir"/times.*."$tool" | sort -n | sed -n 3p >"$dir/median.$tool"
  done
  rm -f "$dir"/times.*
}
copy_by_verified() { "$build/docker-fsck" migrate --yes -j2 --progress none "$1" "$2"; }
copy_by_unverified() { "$build/docker-fsck" migrate --yes -j2 --verify none --progress none "$1" "$2"; }
copy_by_cp() { cp -a "$1/." "$2"; }
copy_by_rsync() { rsync -aHAXS --numeric-ids "$1/" "$2"; }
copy_by_tar() {
  tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --acls -S -c . |
    tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --acls -S -p -x
}

# A volume of a million files: peak memory in KiB.
memory_of_migration() {
  rm -rf --one-file-system "$dir/many" "$dir/moved"
  cp -a "$dir/mixed" "$dir/many"
  mkdir -p "$dir/many/volumes/many/_data"
  seq 1 1000 | (cd "$dir/many/volumes/many/_data" && xargs mkdir)
  seq 1 1000000 | awk -v at="$dir/many/volumes/many/_data" '{ file = at "/" ($1 % 1000 + 1) "/" $1; print $1 >file; close(file) }'
  /usr/bin/time -f '%M' -o "$dir/time" "$build/docker-fsck" migrate --yes -j2 --progress none "$dir/many" "$dir/moved" \
    >/dev/null 2>"$dir/err" || { echo "bench: the migration failed: $(tail -n 1 "$dir/err")" >&2; exit 1; }
  rm -rf --one-file-system "$dir/many" "$dir/moved"
  tail -n 1 "$dir/time"
}

# What a power cut can leave of a root of 1,000 layers, made anew before each repair.
repair_of_links() {
  rm -rf --one-file-system "$dir/cut"
  "$build/make-root" --scale 1000 100 "$dir/cut"
  find "$dir/cut/overlay2" -mindepth 2 -maxdepth 2 '(' -name link -o -name lower ')' -exec truncate -s 0 {} +
  rm -r "$dir/cut/overlay2/l"
  sync
  /usr/bin/time -f '%e %U %S %M' -o "$dir/time" "$build/docker-fsck" -y --structure --progress none "$dir/cut" \
    >/dev/null 2>"$dir/err" || [ $? -eq 1 ] || { echo "bench: the repair failed: $(tail -n 1 "$dir/err")" >&2; exit 1; }
  tail -n 1 "$dir/time"
}

# Zeroes 200 files of a copy of the big root, all over its layers, and mends them; the daemon loads the same archive.
heal_against_load() {
  daemon_start "$dir/big"
  [ -e "$dir/archive" ] || dk save -o "$dir/archive" $(dk image ls --format '{{.Repository}}:{{.Tag}}')
  daemon_stop
  rm -rf --one-file-system "$dir/holed" "$dir/loaded"
  cp -a "$dir/big" "$dir/holed"
  find "$dir/holed/overlay2" -path '*/diff/*' -type f -size +0 -links 1 | sort |
    shuf -n 200 --random-source=<(yes) >"$dir/victims"
  while IFS= read -r file; do
    size=$(stat -c %s "$file") time=$(stat -c %y "$file")
    truncate -s 0 "$file" && truncate -s "$size" "$file" && touch -d "$time" "$file"
  done <"$dir/victims"
  sync
  timed "$build/docker-fsck" -p -j2 --progress none --from "$dir/archive" "$dir/holed"
  healed=$wall
  daemon_start "$dir/loaded"
  timed dk load -i "$dir/archive"
  loaded=$wall
  daemon_stop
  rm -rf --one-file-system "$dir/holed" "$dir/loaded"
}

# One archive into two empty roots. What was removed before is settled first: a filesystem is slow to make files right
# after many were deleted.
load_against_daemon() {
  daemon_start "$dir/big"
  [ -e "$dir/archive" ] || dk save -o "$dir/archive" $(dk image ls --format '{{.Repository}}:{{.Tag}}')
  daemon_stop
  sync
  timed "$build/docker-fsck" load --yes -j2 --progress none --root "$dir/loaded-by-us" -i "$dir/archive"
  by_us=$wall
  daemon_start "$dir/loaded-by-daemon"
  timed dk load -i "$dir/archive"
  by_daemon=$wall
  daemon_stop
  rm -rf --one-file-system "$dir/loaded-by-us" "$dir/loaded-by-daemon"
}

[ -d "$dir/big" ] || make_big "$dir/big"
[ -d "$dir/wide" ] || "$build/make-root" --scale 10000 1000 "$dir/wide"
bytes=$(find "$dir/big/overlay2" -path '*/diff/*' -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
files=$(find "$dir/big/overlay2" -path '*/diff/*' -type f | wc -l)
echo "$((bytes / 1000000)) MB in $files files, $(nproc) processors, caches warm, best of three"
find "$dir/big/overlay2" -path '*/diff/*' -type f -print0 >"$dir/list"

measure "sha256sum over xargs -P2" xargs -0 -P2 -n 256 -a "$dir/list" sha256sum
by_coreutils=$wall
measure "openssl sha256 over xargs -P2" xargs -0 -P2 -n 256 -a "$dir/list" openssl sha256
by_openssl=$wall
measure "docker-fsck -j1" "$build/docker-fsck" -n -j1 --progress none "$dir/big"
one=$wall
measure "docker-fsck -j2" "$build/docker-fsck" -n -j2 --progress none "$dir/big"
two=$wall
measure "docker-fsck -j2 --quick" "$build/docker-fsck" -n -j2 --quick --progress none "$dir/big"
quick=$wall
measure "docker-fsck -j2 --structure, 10,000 layers" "$build/docker-fsck" -n -j2 --structure --progress none "$dir/wide"
read -r wall user system peak < <(for _ in 1 2 3; do repair_of_links; done | sort -n | head -n 1)
printf '%-44s %7.2f s wall %7.2f s cpu %7.1f MB peak\n' "docker-fsck -y, 1,000 layers without links" "$wall" \
  "$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')" "$(awk -v k="$peak" 'BEGIN { print k / 1024 }')"
echo "full check / sha256sum: $(ratio "$two" "$by_coreutils"); full check / openssl: $(ratio "$two" "$by_openssl")"
echo "-j2 / -j1: $(ratio "$two" "$one"); quick / full: $(ratio "$quick" "$two")"

heal_against_load
printf '%-44s %7.2f s wall\n' "docker-fsck -p --from, 200 zeroed files" "$healed"
printf '%-44s %7.2f s wall\n' "docker load of the same archive" "$loaded"
echo "healing / loading: $(ratio "$healed" "$loaded")"
[ -d "$dir/mixed" ] || fixtures/real/make-root.sh "$dir/mixed" mixed >/dev/null
echo "lost tar-splits: $("$build/pack-layers" "$dir/mixed" | tail -n 1)"

save_against_save
printf '%-44s %7.2f s wall\n' "docker-fsck save --all -j2" "$saved"
printf '%-44s %7.2f s wall\n' "docker save of the same images" "$saved_by_daemon"
printf '%-44s %7.2f s wall\n' "docker save, until it is on the disk" "$synced_by_daemon"
echo "saving / docker save: $(ratio "$saved" "$saved_by_daemon"); until it is on the disk: $(ratio "$saved" "$synced_by_daemon")"

migrate_against_copies
for tool in verified unverified cp rsync tar; do
  case $tool in
    verified) name="docker-fsck migrate -j2" ;;
    unverified) name="docker-fsck migrate -j2 --verify none" ;;
    cp) name="cp -a" ;;
    rsync) name="rsync -aHAXS --numeric-ids" ;;
    tar) name="tar | tar, with attributes and holes" ;;
  esac
  printf '%-44s %7.2f s wall, median of five\n' "$name" "$(cat "$dir/median.$tool")"
done
echo "cp / migrating: $(ratio "$(cat "$dir/median.cp")" "$(cat "$dir/median.verified")"); unverified: $(
  ratio "$(cat "$dir/median.cp")" "$(cat "$dir/median.unverified")"); rsync / migrating: $(
  ratio "$(cat "$dir/median.rsync")" "$(cat "$dir/median.verified")")"
peak=$(memory_of_migration)
echo "migrating a volume of 1,000,000 files: $((peak / 1024)) MB peak"

load_against_daemon
printf '%-44s %7.2f s wall\n' "docker-fsck load -j2" "$by_us" "docker load of the same archive" "$by_daemon"
echo "docker-fsck load / docker load: $(ratio "$by_us" "$by_daemon")"
