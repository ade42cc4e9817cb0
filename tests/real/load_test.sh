#!/usr/bin/env bash
# Archives of images by all who make them (docker save of two generations of the daemon, podman, skopeo, umoci; compressed
# and not), loaded by docker-fsck into an empty root and into a populated one. Then a real daemon starts on the root,
# lists and runs the images, and saves the same configs and layers; the check finds nothing; what the daemon's own
# `docker load` leaves is the same; and undo gives back the exact root.
#
#   LOAD_KINDS="KIND..."   only these archives: save20 gzip zstd save26 podman podman-oci skopeo umoci stdin
#   REAL_ROOTS=DIRECTORY   holds roots of the kinds mixed and small, so that they need not be made
#   DAEMON26=DIRECTORY     a tree made by fixtures/real/debian26.sh
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
trap 'daemon_cleanup; remove_work' EXIT
archives=$work/archives
mkdir "$archives"
export TMPDIR=$work

all_kinds="save20 gzip zstd save26 podman podman-oci skopeo umoci stdin"
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for kind in $all_kinds; do
    skip "loading what $kind makes" "needs root and dockerd"
  done
  exit 0
fi

real_root() {
  if [ -d "${REAL_ROOTS:-/nowhere}/$1" ]; then
    cp -a "$REAL_ROOTS/$1" "$work/$1"
  else
    "$top/fixtures/real/make-root.sh" "$work/$1" "$1" >&2
  fi
}

with_daemon() {
  local root=$1
  shift
  daemon_start "$root"
  "$@"
  daemon_stop
  daemon_cleanup
}

uncompressed() {
  case $(head -c 4 "$1" | od -An -tx1) in
    " 1f 8b"*) zcat "$1" ;;
    " 28 b5 2f fd") zstd -dc "$1" ;;
    *) cat "$1" ;;
  esac
}

# said_by DIRECTORY: a line for each image of an unpacked archive or layout, "CONFIG-DIGEST LAYER-DIGEST...".
said_by() {
  local line config layer
  if [ -e "$1/manifest.json" ]; then
    jq -r '.[] | [.Config] + (.Layers // []) | join(" ")' "$1/manifest.json"
  else
    jq -r '.manifests[].digest' "$1/index.json" | sort -u | while read -r line; do
      jq -r '[.config.digest] + [.layers[].digest] | map("blobs/" + sub(":"; "/")) | join(" ")' "$1/blobs/${line/://}"
    done
  fi | while read -r config line; do
    printf '%s' "$(sha256sum <"$1/$config" | cut -d ' ' -f 1)"
    for layer in $line; do
      printf ' %s' "$(uncompressed "$1/$layer" | sha256sum | cut -d ' ' -f 1)"
    done
    printf '\n'
  done | sort -u
}

# images_of ARCHIVE-OR-LAYOUT OUT
images_of() {
  if [ -d "$1" ]; then
    said_by "$1" >"$2"
    return
  fi
  rm -rf "$work/unpacked"
  mkdir "$work/unpacked"
  uncompressed "$1" | tar -x -C "$work/unpacked"
  said_by "$work/unpacked" >"$2"
  rm -rf "$work/unpacked"
}

save_all() {
  mapfile -t images < <(dk image ls --all --quiet --no-trunc | sort -u)
  dk save -o "$1" "${images[@]}"
}

save_names() {
  # A daemon cannot save an image without layers.
  mapfile -t names < <(dk image ls --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>\|^nothing:' | sort -u)
  dk save -o "$1" "${names[@]}"
}

# Makes what each kind loads, out of what a daemon of this machine saved.
prepare() {
  local name
  real_root mixed
  real_root small
  cp -a "$work/mixed" "$work/copy"
  with_daemon "$work/copy" save_names "$archives/save20"
  rm -rf --one-file-system "$work/copy"
  ln "$archives/save20" "$archives/stdin"
  gzip -1 <"$archives/save20" >"$archives/gzip"
  ! command -v zstd >/dev/null || zstd -q -1 <"$archives/save20" >"$archives/zstd"
  if command -v skopeo >/dev/null; then
    for name in app:1 bk:1 deep:1; do
      skopeo copy --quiet "docker-archive:$archives/save20:$name" "oci:$archives/skopeo:docker.io/library/$name" >/dev/null
      skopeo copy --quiet "docker-archive:$archives/save20:$name" "oci:$archives/umoci:${name//:/-}" >/dev/null
    done
    if command -v umoci >/dev/null; then
      umoci config --image "$archives/umoci:app-1" --tag more --author tests
    else
      rm -r "$archives/umoci"
    fi
  fi
  if command -v podman >/dev/null; then
    local pod=(podman --root "$work/pod" --runroot "$work/pod.run" --storage-driver vfs)
    "${pod[@]}" load --quiet -i "$archives/save20" >/dev/null 2>&1
    "${pod[@]}" save --quiet --format docker-archive -o "$archives/podman" app:1
    "${pod[@]}" save --quiet --format oci-archive -o "$archives/podman-oci" deep:1
    rm -rf --one-file-system "$work/pod" "$work/pod.run"
  fi
  if [ -d "${DAEMON26:-/nowhere}" ]; then
    local DAEMON_CHROOT=$DAEMON26
    mkdir "$work/other"
    daemon_start "$work/other"
    dk load --quiet -i "$archives/save20" >/dev/null
    save_all "$archives/save26"
    daemon_stop
    daemon_cleanup
    rm -rf --one-file-system "$work/other"
  fi
}

# load KIND ROOT: sets `status`.
load() {
  status=0
  if [ "$1" = stdin ]; then
    timeout 300 "$DOCKER_FSCK" load --yes --format json --progress none --root "$2" -i - <"$archives/$1" \
      >"$work/loaded" 2>"$work/loaded.err" || status=$?
  else
    timeout 300 "$DOCKER_FSCK" load --yes --format json --progress none --root "$2" -i "$archives/$1" \
      >"$work/loaded" 2>"$work/loaded.err" </dev/null || status=$?
  fi
}

complain() { why+="$*; "; }

check_and_run() {
  local kind=$1 root=$2 wanted=$3
  fsck_json "$work/checked" --strict "$root"
  [ "$status" -eq 0 ] || complain "the check: exit $status: $(show_findings "$work/checked" | head -n 2)"
  if ! daemon_start "$root" 2>"$work/daemon.err"; then
    complain "the daemon does not start: $(tail -n 1 "$work/daemon.err")"
    daemon_cleanup
    return
  fi
  save_all "$work/again"
  why+=$(use_everything)
  daemon_stop
  daemon_cleanup
  images_of "$work/again" "$work/again.images"
  rm -f "$work/again"
  [ -z "$(comm -23 "$wanted" "$work/again.images")" ] ||
    complain "the daemon saves something else: $(comm -23 "$wanted" "$work/again.images" | cut -c 1-200 | head -n 2)"
}

try_empty() {
  local kind=$1 name="what $1 makes, into an empty root" why=""
  rm -rf --one-file-system "$work/root"
  load "$kind" "$work/root"
  if [ "$status" -ne 0 ]; then
    not_ok "$name" "exit $status: $(tail -n 1 "$work/loaded.err")"
    return
  fi
  images_of "$archives/$kind" "$work/wanted"
  [ -s "$work/wanted" ] || complain "there is nothing in the archive"
  check_and_run "$kind" "$work/root" "$work/wanted"
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

# Into a root with other images, some of whose layers and tags are the same; then back.
try_populated() {
  local kind=$1 name="what $1 makes, into a populated root, and back" why=""
  rm -rf --one-file-system "$work/root"
  cp -a "$work/small" "$work/root"
  exact "$work/root" >"$work/before"
  load "$kind" "$work/root"
  if [ "$status" -ne 0 ]; then
    not_ok "$name" "exit $status: $(tail -n 1 "$work/loaded.err")"
    return
  fi
  cp -a "$work/root" "$work/run"
  images_of "$archives/$kind" "$work/wanted"
  check_and_run "$kind" "$work/run" "$work/wanted"
  rm -rf --one-file-system "$work/run"
  "$DOCKER_FSCK" undo --yes "$work/root" >"$work/undone" 2>&1 || complain "undo: $(tail -n 1 "$work/undone")"
  exact "$work/root" >"$work/after"
  cmp -s "$work/before" "$work/after" || complain "not as before: $(diff "$work/before" "$work/after" | head -n 3)"
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

# What a daemon reads of the images in ROOT, without the names and the times of whiteouts that chance gives; of tar-splits
# what they hold.
as_loaded() {
  local root=$1 chain dir entry
  for entry in "$root"/image/overlay2/layerdb/sha256/*; do
    chain=${entry##*/}
    dir=$root/overlay2/$(cat "$entry/cache-id")
    for file in diff parent size; do
      [ ! -e "$entry/$file" ] || printf '%s %s %s\n' "$chain" "$file" "$(cat "$entry/$file")"
    done
    printf '%s tar-split %s\n' "$chain" "$(zcat "$entry/tar-split.json.gz" | sed '/"payload":"",/d' | sha256sum)"
    (cd "$entry" && stat -c '%n %f %u %g' . diff size cache-id tar-split.json.gz) | sed "s/^/$chain entry /"
    (cd "$dir" && stat -c '%n %f %u %g' . diff link lower work committed 2>/dev/null || true) | sed "s/^/$chain dir /"
    (cd "$dir/diff" && find . -mindepth 1 -printf '%P %M %U:%G %s %n %l %T@\n' | sed -E 's/^(.* d[rwxst-]{9} [0-9:]+) [0-9]+/\1/; s/^(.* c--------- .*) [0-9.]+$/\1/' | sort
      getfattr -Rdhm - -e hex . 2>/dev/null | sed '/^$/d') | sed "s/^/$chain tree /"
  done
  (cd "$root/image/overlay2" && find imagedb -printf '%p %M %U:%G %y\n' | sort && cat repositories.json && find imagedb -type f -exec sha256sum {} + | sort)
}

# What holds the same images in another form makes the same root.
try_same() {
  local kind=$1 name="what $1 makes, into an empty root" why=""
  rm -rf --one-file-system "$work/root"
  load "$kind" "$work/root"
  [ "$status" -eq 0 ] || complain "exit $status: $(tail -n 1 "$work/loaded.err")"
  as_loaded "$work/root" >"$work/same.read"
  cmp -s "$work/ours.read" "$work/same.read" || complain "another root than from what is not compressed"
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

try_like_daemon() {
  local name="the root is what docker load of the daemon leaves" why=""
  rm -rf --one-file-system "$work/root" "$work/theirs"
  load save20 "$work/root"
  mkdir "$work/theirs"
  daemon_start "$work/theirs"
  dk load --quiet -i "$archives/save20" >/dev/null
  daemon_stop
  daemon_cleanup
  as_loaded "$work/root" >"$work/ours.read"
  as_loaded "$work/theirs" >"$work/theirs.read"
  cmp -s "$work/ours.read" "$work/theirs.read" ||
    complain "$(diff "$work/ours.read" "$work/theirs.read" | grep -c '^[<>]') lines differ: $(diff "$work/ours.read" "$work/theirs.read" | grep -a '^[<>]' | cut -c 1-160 | head -n 4 | tr '\n' ';')"
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

prepare
try_like_daemon
for kind in ${LOAD_KINDS:-$all_kinds}; do
  if [ ! -e "$archives/$kind" ]; then
    skip "loading what $kind makes" "its maker is not on this machine"
    continue
  fi
  case $kind in
    gzip | zstd | stdin) try_same "$kind" ;;
    *) try_empty "$kind" ;;
  esac
  case $kind in save20 | umoci) try_populated "$kind" ;; esac
done
