#!/usr/bin/env bash
# Migrations of roots that a real dockerd made, between filesystems: what is on both sides is the same but for what the
# report says, the daemon runs everything on the target, a run that was killed goes on, damage is mended or stops it,
# and the source is never touched.
#
#   MIGRATE_KILLS=N   so many runs are killed (20)
#   MIGRATE_CASES="NAME..."   only these: dry-run ext4 xfs final-path killed small-target full-target read-only safe-damage
#                     broken-layer refused-while-live live images exclude switch userns
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
# shellcheck source=tests/real/migrating.sh
. "$top/tests/real/migrating.sh"

cases=(dry-run ext4 xfs final-path killed small-target full-target read-only safe-damage broken-layer refused-while-live live
  images exclude switch userns)
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for name in "${cases[@]}"; do skip "migration $name" "needs root and dockerd"; done
  exit 0
fi

mounted=()
finish() {
  daemon_cleanup
  local at
  for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do
    umount -l "${mounted[at]}" 2>/dev/null || true
  done
  remove_work
}
trap finish EXIT

# filesystem TYPE DIR [SIZE]: mounts a new one there.
filesystem() {
  mkdir -p "$2"
  case $1 in
    tmpfs) mount -t tmpfs -o "size=${3:-1G}" tmpfs "$2" ;;
    *)
      truncate -s "${3:-1G}" "$2.image"
      "mkfs.$1" -q "$2.image" >/dev/null 2>&1
      mount -o loop "$2.image" "$2"
      ;;
  esac
  mounted+=("$2")
}

unmount() {
  umount "$1"
  rm -f "$1.image"
}

# What no Dockerfile makes, in a volume that a container uses.
make_awkward() {
  local volume=$1/volumes/data/_data
  mkdir -p "$volume/one/deep" "$volume/two"
  printf 'first\n' >"$volume/one/deep/linked"
  ln "$volume/one/deep/linked" "$volume/two/same"
  ln "$volume/one/deep/linked" "$volume/two/"$'new\nline'
  printf 'secret\n' >"$volume/two/no-mode" && chmod 0 "$volume/two/no-mode"
  printf 'x' >"$volume/two/"$'not\xffutf8'
  truncate -s 300M "$volume/two/sparse" && printf 'in the middle' |
    dd of="$volume/two/sparse" bs=1 seek=104857600 conv=notrunc status=none
  printf 'acl\n' >"$volume/two/acl" && setfacl -m u:1000:rw,g:4:r "$volume/two/acl"
  setfacl -m d:u:1000:rwx "$volume/one"
  cp /bin/busybox "$volume/two/capable" && setcap cap_net_raw+ep "$volume/two/capable"
  setfattr -n user.note -v noted "$volume/two/acl"
  setfattr -n trusted.note -v trusted "$volume/two"
  mkfifo "$volume/two/pipe" && mknod "$volume/two/device" b 7 200
  chmod 6711 "$volume/two/capable" && setcap cap_net_raw+ep "$volume/two/capable"
  chmod 1777 "$volume/one" && chown -h 4000000:4000001 "$volume/two/pipe"
  ln -s /nowhere "$volume/two/dangling"
  touch -h -d '1999-12-31 23:59:59.987654321' "$volume/two/dangling"
  perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$volume/two/socket"
  touch -d '2001-02-03 04:05:06.123456789' "$volume/one/deep" "$volume/two"
}

# Everything that a copy keeps. Directories that lost a subdirectory have fewer links, and so have whiteouts, of which the
# kernel keeps a spare name in work/. xfs shows ACLs a second time.
seen() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" |
    grep -avE '^(stat|xattr|sha256) "?\./(\.docker-fsck|lost\+found)|^xattr .* trusted\.SGI_ACL_' |
    sed -E '/^stat .* [42][0-9a-f]{3} [0-9]+:[0-9]+ /s/ [0-9]+ ([0-9a-f]+:[0-9a-f]+)$/ \1/'
}

# expected REPORT <SNAPSHOT: what the target should be: without what was left out, and for files that were rewritten
# without their size and digest.
expected() {
  jq -r '(.left_out[] | (if .contents_only then "in " else "at " end) + .path),
         (.rewritten[] | select(.changes != []) | "re " + .path)' "$1" >"$work/differences"
  awk -v list="$work/differences" '
    BEGIN {
      while ((getline line < list) > 0) {
        path = "./" substr(line, 4)
        if (line ~ /^re /) rewritten[path] = 1
        else if (line ~ /^in /) inside[path] = 1
        else at[path] = 1
      }
    }
    {
      name = $2
      gsub(/^"|"$/, "", name)
      for (path in at) if (name == path || index(name, path "/") == 1) next
      for (path in inside) if (index(name, path "/") == 1) next
      if (name in rewritten) {
        if ($1 == "sha256") next
        if ($1 == "stat") $5 = "-"
      }
      print
    }'
}

# same_but REPORT SOURCE-SNAPSHOT TARGET: prints what differs.
same_but() {
  expected "$1" <"$2" >"$work/wanted"
  seen "$3" | expected "$1" >"$work/found"
  diff "$work/wanted" "$work/found" | grep -a '^[<>]' | head -n 5 || true
}

# saved_images OUT: what the running daemon saves of each image, by the digest of all members.
saved_images() {
  local image
  for image in $(dk image ls --all --quiet --no-trunc | sort -u); do
    # Daemons refuse to save an image without layers.
    if dk save -o "$work/image.tar" "$image" 2>/dev/null; then
      printf '%s %s\n' "$image" "$(archive_contents "$work/image.tar" | sha256sum)"
    else
      printf '%s none\n' "$image"
    fi
    rm -f "$work/image.tar"
  done >"$1"
}

# daemon_runs ROOT AS INVENTORY SAVED: prints what does not work.
daemon_runs() {
  DAEMON_ROOT_AS=$2
  if ! daemon_start "$1" 2>"$work/daemon.err"; then
    echo "the daemon does not start: $(tail -n 1 "$work/daemon.err")"
    daemon_cleanup
    return
  fi
  inventory "$work/inventory"
  diff "$3" "$work/inventory" | grep -a '^[<>]' || true
  saved_images "$work/saved"
  diff "$4" "$work/saved" | grep -a '^[<>]' || true
  use_everything | grep -v 'empty export' || true
  daemon_stop 2>/dev/null
  daemon_cleanup
}

judge() {
  if [ -z "$2" ]; then
    ok "migration $1"
  else
    not_ok "migration $1" "$(head -c 900 <<<"$2" | tr '\n' ';')"
  fi
}

# The source lies on a tmpfs, as the daemon that made it knew it: at /var/lib/docker.
filesystem tmpfs "$work/source" 2G
source=$work/source/docker
real_root "$source" mixed
make_awkward "$source"
seen "$source" >"$work/source.seen"
cp -a "$source" "$work/copy"
DAEMON_ROOT_AS=/var/lib/docker
daemon_start "$work/copy"
inventory "$work/source.inventory"
saved_images "$work/source.saved"
daemon_stop
daemon_cleanup
rm -rf --one-file-system "$work/copy"
source_is_untouched() { cmp -s "$work/source.seen" <(seen "$source") || echo "the source was changed"; }

# To another place: what names the old one is rewritten.
try_filesystem() {
  local type=$1 verify=$2 target=$work/to-$1
  filesystem "$type" "$target"
  migrate "$work/report" --verify "$verify" "$source" "$target"
  judge "to $type" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")"
    jq -e '.end == "done" and .copied.layers > 0 and .copied.layers == .copied.layers_verified' "$work/report" >/dev/null || echo "not all layers are verified"
    jq -e 'any(.rewritten[].changes[]; .before | startswith("/var/lib/docker/"))' "$work/report" >/dev/null || echo "nothing was rewritten"
    same_but "$work/report" "$work/source.seen" "$target"
    source_is_untouched
    # The daemon may not find anything at the old place.
    daemon_runs "$target" "$target" "$work/source.inventory" "$work/source.saved"
  )"
  unmount "$target"
}

# The awkward roots, by a second way: the same place in the end, so that nothing is rewritten.
try_final_path() {
  local target=$work/moved
  mkdir "$target"
  migrate "$work/report" --final-path /var/lib/docker "$source" "$target"
  judge "to the same place on another disk" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 1 "$work/report.err")"
    jq -e '[.rewritten[] | select(.changes != [])] == []' "$work/report" >/dev/null || echo "something was rewritten"
    same_but "$work/report" "$work/source.seen" "$target"
    daemon_runs "$target" /var/lib/docker "$work/source.inventory" "$work/source.saved"
  )"
  rm -rf --one-file-system "$target"
}

try_dry_run() {
  local target=$work/dry
  mkdir "$target"
  seen "$target" >"$work/before"
  "$DOCKER_FSCK" migrate --dry-run --progress none "$source" "$target" >"$work/text" 2>&1
  status=$?
  judge "as a dry run" "$(
    [ "$status" -eq 0 ] || echo "exit $status"
    grep -q '^what travels:' "$work/text" || echo "it does not say what it would copy"
    grep -q '^left out, ' "$work/text" || echo "it does not say what it leaves out"
    cmp -s "$work/before" <(seen "$target") || echo "the target was changed"
    source_is_untouched
  )"
  rmdir "$target"
}

# Killed again and again, each time a little later; what stands in the end is what one run makes.
try_killed() {
  local target=$work/killed kills=${MIGRATE_KILLS:-20} round took delay
  mkdir "$target"
  took=$(date +%s%N)
  migrate "$work/report" --final-path /var/lib/docker "$source" "$target"
  took=$(($(date +%s%N) - took))
  rm -rf --one-file-system "$target"
  mkdir "$target"
  RANDOM=7
  local unfinished=0
  for ((round = 0; round < kills; round++)); do
    delay=$((took / 1000 * (RANDOM % 1000) / 1000))
    "$DOCKER_FSCK" migrate --yes --progress none --final-path /var/lib/docker "$source" "$target" >/dev/null 2>&1 </dev/null &
    local pid=$!
    sleep "$(awk -v us="$delay" 'BEGIN { print us / 1e6 }')"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [ -d "$target/.docker-fsck/migration" ]; then
      unfinished=$((unfinished + 1))
    elif [ -d "$target/.docker-fsck/migrated" ]; then
      rm -rf --one-file-system "$target" && mkdir "$target"  # it was through
    fi
  done
  migrate "$work/report" --final-path /var/lib/docker "$source" "$target"
  judge "killed $kills times" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")"
    [ "$unfinished" -ge $((kills / 2)) ] || echo "only $unfinished runs were cut off"
    same_but "$work/report" "$work/source.seen" "$target"
    migrate "$work/again" --final-path /var/lib/docker "$source" "$target"
    [ "$status" -eq 0 ] || echo "again: exit $status: $(jq -c .obstacles "$work/again")"
    jq -e '.complete and .copied.bytes == 0' "$work/again" >/dev/null || echo "again: it is not complete"
    source_is_untouched
  )"
  rm -rf --one-file-system "$target"
}

# The disk fills up in the middle: exit 8, and with room again it goes on.
try_full_target() {
  local target=$work/full pid
  filesystem ext4 "$target" 200M
  "$DOCKER_FSCK" migrate --yes --progress none --bwlimit 4M --format json --final-path /var/lib/docker "$source" "$target" \
    >"$work/report" 2>"$work/report.err" </dev/null &
  pid=$!
  sleep 1.5
  fallocate -l 190M "$target.filler" 2>/dev/null || true
  dd if=/dev/zero of="$target/lost+found/filler" bs=1M status=none 2>/dev/null || true
  status=0
  wait "$pid" || status=$?
  judge "to a disk that fills up" "$(
    [ "$status" -eq 8 ] || echo "exit $status"
    jq -e '.end == "stopped" and any(.obstacles[]; contains("No space left"))' "$work/report" >/dev/null ||
      echo "it does not say so: $(jq -c '[.end, .obstacles]' "$work/report")"
    source_is_untouched
    rm -f "$target/lost+found/filler"
    migrate "$work/report" --final-path /var/lib/docker "$source" "$target"
    [ "$status" -eq 0 ] || echo "then: exit $status: $(jq -c .obstacles "$work/report")"
    jq -e '.copied.resumed' "$work/report" >/dev/null || echo "it did not go on"
    same_but "$work/report" "$work/source.seen" "$target"
  )"
  rm -f "$target.filler"
  unmount "$target"
}

try_small_target() {
  local target=$work/tiny
  filesystem ext4 "$target" 12M
  migrate "$work/report" "$source" "$target"
  judge "to a disk that is too small" "$(
    [ "$status" -eq 8 ] || echo "exit $status"
    jq -e '.end == "refused" and any(.obstacles[]; contains("too small"))' "$work/report" >/dev/null || echo "it does not say so"
    [ -z "$(find "$target" -mindepth 1 ! -name lost+found)" ] || echo "something was written"
  )"
  unmount "$target"
}

try_read_only() {
  local target=$work/from-ro
  mkdir "$target"
  mount -o remount,ro "$work/source"
  migrate "$work/report" --verify full --final-path /var/lib/docker "$source" "$target"
  mount -o remount,rw "$work/source"
  judge "from a read-only disk, read back" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")"
    same_but "$work/report" "$work/source.seen" "$target"
  )"
  rm -rf --one-file-system "$target"
}

# damaged_copy: a copy of the source with one fault of each kind that is mended without a loss.
damaged_copy() {
  local fault
  cp -a "$source" "$work/damaged"
  for fault in "$@"; do
    timeout 60 "$top/fixtures/inject/faults.sh" "$fault" "$work/damaged" </dev/null >/dev/null 2>"$work/inject.err" ||
      echo "$fault could not be injected: $(tail -n 1 "$work/inject.err")"
  done
}

try_safe_damage() {
  local target=$work/mended faults
  faults=$("$top/fixtures/inject/faults.sh" list | awk '{ print $2 }' | grep -xE "$safe_faults")
  # shellcheck disable=SC2086 # names
  judge "of a root with safe damage" "$(
    damaged_copy $faults
    seen "$work/damaged" >"$work/damaged.seen"
    mkdir "$target"
    migrate "$work/report" --final-path /var/lib/docker "$work/damaged" "$target"
    case $status in 0 | 1) ;; *) echo "exit $status: $(tail -n 1 "$work/report.err") $(jq -c .obstacles "$work/report")" ;; esac
    jq -e '.target_check.repair.journal != null' "$work/report" >/dev/null || echo "nothing was mended"
    cmp -s "$work/damaged.seen" <(seen "$work/damaged") || echo "the source was changed"
    fsck_json "$work/after" "$target"
    [ "$status" -eq 0 ] || echo "left: $(show_findings "$work/after" | head -n 3)"
    daemon_runs "$target" /var/lib/docker "$work/source.inventory" "$work/source.saved"
  )"
  rm -rf --one-file-system "$target" "$work/damaged"
}
safe_faults='link_empty|lower_missing|lower_tainted_order|rw_link_missing|rw_lower_missing'
safe_faults+='|caps_lost|opaque_lost|whiteout_lost|content_mode|content_owner|content_bitflip|content_missing_symlink'
safe_faults+='|content_missing_fifo|symlink_target|hardlinks_split|parent_missing|entry_diff_missing|entry_size_missing'
safe_faults+='|mount_init_missing|mount_parent_missing'

try_broken_layer() {
  local target=$work/broken chain
  judge "of a root with a broken layer" "$(
    damaged_copy content_empty_many
    mkdir "$target"
    migrate "$work/report" --final-path /var/lib/docker "$work/damaged" "$target"
    [ "$status" -eq 4 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    jq -e '.end == "stopped" and any(.damaged_layers[]; .mendable | not) and all(.damaged_layers[]; .findings != [])' "$work/report" >/dev/null ||
      echo "it names no layer: $(jq -c '[.end, .obstacles, .damaged_layers]' "$work/report")"
    [ ! -e "$target/volumes/data/_data" ] || echo "it went on"
    migrate "$work/report" --keep-going --final-path /var/lib/docker "$work/damaged" "$target"
    [ "$status" -eq 4 ] || echo "with --keep-going: exit $status: $(jq -c .obstacles "$work/report")"
    jq -e '.end == "done" and .copied.resumed' "$work/report" >/dev/null || echo "with --keep-going it did not end"
    seen "$work/damaged" >"$work/damaged.seen"
    same_but "$work/report" "$work/damaged.seen" "$target"
  )"
  rm -rf --one-file-system "$target" "$work/damaged"
}

# While a container writes and an image is built, then offline: the second run has little to copy.
try_live() {
  local target=$work/lived live=$work/live all second
  cp -a "$source" "$live"
  DAEMON_ROOT_AS=/var/lib/docker
  daemon_start "$live"
  # An image as large as real ones are, beside which databases and configurations count little.
  mkdir "$work/large"
  head -c 400M /dev/urandom >"$work/large/file"
  tar -C "$work/large" -c . | dk import - large:1 >/dev/null
  rm -r "$work/large"
  dk run --detach --name busy --network none --volume data:/data app:1 sh -c 'while :; do date >>/data/log; done' >/dev/null
  mkdir "$work/context" "$target"
  printf 'FROM app:1\nRUN seq 1 1000 >/late\n' >"$work/context/Dockerfile"
  DOCKER_BUILDKIT=0 dk build --quiet --network none --tag late:1 "$work/context" >/dev/null &
  migrate "$work/report.live" --live --final-path /var/lib/docker "$live" "$target"
  local live_status=$status
  wait $! || true
  DOCKER_BUILDKIT=0 dk build --quiet --network none --tag late:1 "$work/context" >/dev/null
  dk stop --time 0 busy >/dev/null
  inventory "$work/live.inventory"
  saved_images "$work/live.saved"
  daemon_stop
  daemon_cleanup
  seen "$live" >"$work/live.seen"
  migrate "$work/report" --final-path /var/lib/docker "$live" "$target"
  all=$(jq .room.content_bytes "$work/report")
  second=$(jq .copied.bytes "$work/report")
  judge "with a running daemon, then offline" "$(
    [ "$live_status" -eq 0 ] || echo "live: exit $live_status: $(jq -c .obstacles "$work/report.live")"
    jq -e '.end == "live-part-done"' "$work/report.live" >/dev/null || echo "live: $(jq .end "$work/report.live")"
    [ "$status" -eq 0 ] || echo "offline: exit $status: $(jq -c .obstacles "$work/report")"
    same_but "$work/report" "$work/live.seen" "$target"
    ((second * 20 < all)) || echo "offline $second of $all bytes"
    daemon_runs "$target" /var/lib/docker "$work/live.inventory" "$work/live.saved"
  )"
  rm -rf --one-file-system "$target" "$live" "$work/context"
}

try_refused_while_live() {
  local live=$work/live
  cp -a "$source" "$live"
  daemon_start "$live"
  mkdir "$work/refused"
  migrate "$work/report" "$live" "$work/refused"
  daemon_stop
  daemon_cleanup
  judge "offline while a daemon runs" "$(
    [ "$status" -eq 8 ] || echo "exit $status"
    jq -e 'any(.obstacles[]; contains("--live"))' "$work/report" >/dev/null || echo "$(jq -c .obstacles "$work/report")"
    rmdir "$work/refused" || echo "something was written"
  )"
  rm -rf --one-file-system "$live" "$work/refused"
}

try_images() {
  local target=$work/chosen
  mkdir "$target"
  migrate "$work/report" --images app:1 --final-path /var/lib/docker "$source" "$target"
  judge "of one image" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    DAEMON_ROOT_AS=/var/lib/docker
    daemon_start "$target"
    [ "$(dk image ls --format '{{.Repository}}:{{.Tag}}')" = app:1 ] || echo "images: $(dk image ls | tr '\n' ' ')"
    [ -z "$(dk ps --all --quiet)" ] || echo "there are containers"
    dk run --rm --network none app:1 true || echo "it does not run"
    daemon_stop
    daemon_cleanup
    fsck_json "$work/after" "$target"
    [ "$status" -eq 0 ] && [ -z "$(show_findings "$work/after")" ] || echo "left: $(show_findings "$work/after" | head -n 3)"
    seen "$target" | grep -aoE '^sha256 \./overlay2/[^/]+/diff' | sort -u | wc -l >"$work/count"
  )"
  rm -rf --one-file-system "$target"
}

try_exclude() {
  local target=$work/less
  mkdir "$target"
  migrate "$work/report" --exclude containers --exclude volumes,buildkit --final-path /var/lib/docker "$source" "$target"
  judge "without containers, volumes and build cache" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    fsck_json "$work/after" "$target"
    [ "$status" -eq 0 ] && [ -z "$(show_findings "$work/after")" ] || echo "left: $(show_findings "$work/after" | head -n 3)"
    DAEMON_ROOT_AS=/var/lib/docker
    daemon_start "$target"
    saved_images "$work/saved"
    diff "$work/source.saved" "$work/saved" | grep -a '^[<>]' || true
    [ -z "$(dk ps --all --quiet)$(dk volume ls --quiet)" ] || echo "there are containers or volumes"
    daemon_stop
    daemon_cleanup
  )"
  rm -rf --one-file-system "$target"
}

try_switch() {
  local target=$work/switched
  mkdir "$target"
  printf '{\n    "debug": true\n}\n' >"$work/daemon.json"
  migrate "$work/report" --switch --daemon-config "$work/daemon.json" "$source" "$target"
  judge "with the daemon switched" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    [ "$(jq -r '."data-root"' "$work/daemon.json")" = "$target" ] || echo "daemon.json: $(cat "$work/daemon.json")"
    [ "$(jq -r .debug "$work/daemon.json")" = true ] || echo "daemon.json lost something"
    [ "$(cat "$(jq -r .switched.backup "$work/report")")" = "$(printf '{\n    "debug": true\n}')" ] || echo "there is no backup"
  )"
  rm -rf --one-file-system "$target"
}

try_userns() {
  local root=$work/remapped target=$work/remapped-target
  real_root "$root" userns
  mkdir "$target"
  seen "$root" >"$work/userns.seen"
  migrate "$work/report" --final-path /var/lib/docker "$root" "$target"
  judge "of a remapped root" "$(
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    jq -e '.copied.layers > 0 and .copied.layers == .copied.layers_verified' "$work/report" >/dev/null || echo "layers: $(jq -c .copied "$work/report")"
    same_but "$work/report" "$work/userns.seen" "$target"
    fsck_json "$work/after" "$target"
    [ "$status" -eq 0 ] && [ -z "$(show_findings "$work/after")" ] || echo "left: $(show_findings "$work/after" | head -n 3)"
  )"
  rm -rf --one-file-system "$target" "$root"
}

for name in ${MIGRATE_CASES:-${cases[@]}}; do
  case $name in
    ext4) try_filesystem ext4 copy ;;
    xfs) try_filesystem xfs full ;;
    *) "try_${name//-/_}" ;;
  esac
done
