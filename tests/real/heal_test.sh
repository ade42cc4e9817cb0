#!/usr/bin/env bash
# Lost bytes of layers: every fault of content, and the loss of whole layers, tar-splits and image configs, on a copy of
# a root that a real dockerd made, healed from each kind of donor: archives of `docker save` of two generations of the
# daemon, OCI layouts of skopeo and umoci, another root, and another layer of the same root. Afterwards everything that
# a daemon reads is what it was before the damage, byte for byte; and for each donor a real daemon saves the same
# archive from a root with many faults at once, as it did before.
#
#   HEAL_FAULTS="NAME..."   only these faults; "all" means each fault from each donor, which takes a quarter of an hour,
#                           while otherwise only the archive of the machine's own daemon heals all
#   HEAL_DONORS="KIND..."   only these donors: save20 save26 skopeo umoci root layer
#   DAEMON26=DIRECTORY      a tree made by fixtures/real/debian26.sh
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
trap 'daemon_cleanup; remove_work' EXIT
faults=$top/fixtures/inject/faults.sh
donors=$work/donors
mkdir "$donors"

all_donors="save20 save26 skopeo umoci root layer"
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for donor in $all_donors; do
    skip "healing from $donor" "needs root and dockerd"
  done
  exit 0
fi

# What can be healed. Faults that write into no layer, and those that hit writable layers as well, are elsewhere.
healable=$("$faults" list | awk '$2 !~ /_all$/ && ($2 ~ /^(content_|caps_lost|xattr_lost|acl_|opaque_lost|whiteout_|hardlinks_split|symlink_target)/ ||
  $2 ~ /^(dir_missing_base|dir_missing_top|diff_missing|diff_emptied|tarsplit_missing|tarsplit_empty|tarsplit_truncated)$/ ||
  $2 ~ /^config_(empty|zeros|truncated|flipped|missing)$/) { print $2 }')

# What a daemon reads, with tar-splits as what they hold: another compressor makes other bytes, and whether an empty
# record stands at the end depends on the daemon's age.
as_unpacked() {
  local file
  as_read "$1" | grep -av '/tar-split\.json\.gz'
  for file in "$1"/image/overlay2/layerdb/sha256/*/tar-split.json.gz; do
    printf '%s %s\n' "$(zcat "$file" | grep -v '"payload":"",' | sha256sum)" "${file#"$1"/}"
  done
}

# saved OUT: the digest of each member of what the running daemon saves of all images. Where several images have a layer,
# chance decides which of them holds its tar and which only a link; and in an OCI layout it decides the order of the
# index, and which of the images without a name it lists (all their manifests are there).
saved() {
  local images
  mapfile -t images < <(dk image ls --quiet --no-trunc | sort -u)
  rm -rf "$work/saved"
  mkdir "$work/saved"
  dk save "${images[@]}" | tar -x -C "$work/saved"
  (cd "$work/saved" && find . -type f ! -name manifest.json ! -name index.json -exec sha256sum {} + |
    sed '/\/layer\.tar$/s/ .*//' | sort -u) >"$1"
  jq -cS 'sort_by(.Config)[]' "$work/saved/manifest.json" >>"$1"
  [ ! -e "$work/saved/index.json" ] ||
    jq -cS '.manifests | map(select(.annotations)) | sort_by(.digest, .annotations)[]' "$work/saved/index.json" >>"$1"
  rm -rf "$work/saved"
}

# The root that is damaged, with what a daemon reads of it; the archive and the layouts that are made of it.
prepare() {
  local name
  real_root "$work/small" small
  as_unpacked "$work/small" >"$work/small.read"
  cp -a "$work/small" "$work/copy"
  daemon_start "$work/copy"
  mapfile -t names < <(dk image ls --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>' | sort -u)
  mapfile -t images < <(dk image ls --all --quiet --no-trunc | sort -u)
  dk save -o "$donors/save20" "${names[@]}" "${images[@]}"
  saved "$work/small.saved"
  daemon_stop
  daemon_cleanup
  rm -rf --one-file-system "$work/copy"
  for name in "${names[@]}"; do
    if command -v skopeo >/dev/null; then
      skopeo copy --quiet "docker-archive:$donors/save20:$name" "oci:$donors/skopeo:${name//[:\/]/-}" >/dev/null
    fi
    if command -v skopeo >/dev/null && command -v umoci >/dev/null; then
      # umoci packs a layer of its own on top, and writes the index anew.
      skopeo copy --quiet "docker-archive:$donors/save20:$name" "oci:$donors/umoci:${name//[:\/]/-}" >/dev/null
      umoci config --image "$donors/umoci:${name//[:\/]/-}" --tag "${name//[:\/]/-}-more" --author tests
    fi
  done
  cp -a "$work/small" "$donors/root"
}

# The newer daemon loads the archive and saves it in its own way.
prepare_save26() {
  [ -d "${DAEMON26:-/nowhere}" ] || return 0
  local DAEMON_CHROOT=$DAEMON26
  mkdir "$work/other"
  daemon_start "$work/other"
  dk load --quiet -i "$donors/save20" >/dev/null
  mapfile -t images < <(dk image ls --all --quiet --no-trunc | sort -u)
  dk save -o "$donors/save26" "${images[@]}"
  daemon_stop
  daemon_cleanup
  rm -rf --one-file-system "$work/other"
}

# Another root of the same images, made one layer each: their files lie in other layers of the same root then.
prepare_layer() {
  cp -a "$work/small" "$work/twin"
  daemon_start "$work/twin"
  local name number=0
  for name in "${names[@]}"; do
    dk create --name "flat$number" --network none "$name" /none >/dev/null
    dk export "flat$number" | dk import - "flat:$number" >/dev/null
    dk rm "flat$number" >/dev/null
    number=$((number + 1))
  done
  daemon_stop
  daemon_cleanup
  # Docker 26.1 never lets go of the writable layer of a container that was exported: what a repair would take away later
  # goes before the damage is done, and that must be all.
  repair "$work/twin.done" -y "$work/twin"
  if [ "$status" -gt 1 ] || ! jq -e "$above_info"' | all(.slug == "mount-orphan")' "$work/twin.done" >/dev/null; then
    not_ok "a root with images that were imported" "$(show_findings "$work/twin.done" | head -n 3 | tr '\n' ';')"
  fi
  as_unpacked "$work/twin" >"$work/twin.read"
  touch "$donors/layer"
}

# heal DONOR: repairs $work/copy with it; sets `status`.
heal() {
  local from=(--from "$donors/$1")
  [ "$1" != layer ] || from=()
  repair "$work/done" -y "${from[@]}" "$work/copy"
}

# can_have DONOR FAULT: an OCI layout has configs of its own, with other digests; files that no image shows are in no
# layer that was made of what an image shows.
can_have() {
  case "$1 $2" in
    skopeo\ config_* | umoci\ config_*) return 1 ;;
    layer\ config_* | layer\ tarsplit_* | layer\ dir_missing_* | layer\ diff_* | layer\ content_empty_many | layer\ *_buildkit) return 1 ;;
  esac
}

try_fault() {
  local fault=$1 donor=$2 source=small name="healing of $1 from $2" why=""
  [ "$donor" != layer ] || source=twin
  rm -rf --one-file-system "$work/copy"
  cp -a "$work/$source/." "$work/copy"
  status=0
  "$faults" "$fault" "$work/copy" </dev/null >/dev/null 2>"$work/inject.err" || status=$?
  if [ "$status" -eq 3 ]; then
    skip "$name" "$(tail -n 1 "$work/inject.err")"
    return
  fi
  [ "$status" -eq 0 ] || { not_ok "$name" "could not be injected: $(tail -n 1 "$work/inject.err")" && return; }
  heal "$donor"
  case $status in 0 | 1) ;; *) why="exit $status: $(jq -r '[.. | .findings? // empty | .[] | select(.severity == "error") | .message][0] // .error.message // ""' "$work/done")" ;; esac
  as_unpacked "$work/copy" >"$work/healed.read"
  cmp -s "$work/$source.read" "$work/healed.read" ||
    why+=" not as before: $(diff "$work/$source.read" "$work/healed.read" | grep -a '^[<>]' | head -n 4 | cut -c 1-200 | tr '\n' ';' || true)"
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

# Many faults at once, then the daemon itself.
try_daemon() {
  local donor=$1 fault source=small count=0
  [ "$donor" != layer ] || return 0
  rm -rf --one-file-system "$work/copy"
  cp -a "$work/$source/." "$work/copy"
  for fault in content_empty_many content_missing_directory whiteout_lost opaque_lost caps_lost hardlinks_split \
    content_empty_program tarsplit_missing config_empty content_zeros_buildkit; do
    can_have "$donor" "$fault" || continue
    "$faults" "$fault" "$work/copy" </dev/null >/dev/null 2>&1 && count=$((count + 1))
  done
  heal "$donor"
  daemon_start "$work/copy"
  saved "$work/healed.saved" || count=0
  daemon_stop
  daemon_cleanup
  if [ "$count" -gt 4 ] && cmp -s "$work/small.saved" "$work/healed.saved"; then
    ok "the daemon saves what it saved before, after $count faults and healing from $donor"
  else
    not_ok "the daemon saves what it saved before, healing from $donor" \
      "$count faults, $(diff "$work/small.saved" "$work/healed.saved" | head -n 3 | tr '\n' ';' || true)"
  fi
}

# A layer whose bytes are nowhere: it is set aside, the daemon loads its images again, and a second run connects the
# containers with them.
try_without_bytes() {
  local name="a layer without its bytes is set aside, loaded again, and its container starts with what it wrote" why=""
  rm -rf --one-file-system "$work/copy"
  cp -a "$work/small/." "$work/copy"
  "$faults" content_empty "$work/copy" </dev/null >/dev/null
  repair "$work/done" -n "$work/copy"
  jq -e 'any(.. | .findings? // empty | .[]; .code == "DF0926" and (.message | contains("app:1")))' "$work/done" >/dev/null ||
    why+="not planned; "
  repair "$work/done" -y "$work/copy"
  [ "$status" -eq 4 ] || why+="-y: exit $status; "
  daemon_start "$work/copy"
  dk load --quiet -i "$donors/save20" >/dev/null 2>"$work/load.err" || why+="load: $(tail -n 1 "$work/load.err"); "
  daemon_stop
  daemon_cleanup
  repair "$work/done" -y "$work/copy"
  [ "$status" -eq 4 ] || why+="-y after loading: exit $status; "
  jq -e '[.. | .after? // empty | .. | .findings? // empty | .[] | select(.severity == "error") | .code] - ["DF1205"] == []' \
    "$work/done" >/dev/null || why+="more than the loss is left; "
  daemon_start "$work/copy"
  why+=$(use_everything)
  dk container inspect web >/dev/null 2>&1 || why+="the container is not listed"
  daemon_stop
  daemon_cleanup
  if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why"; fi
}

# One bit of each of 50 files, of one byte up to 100 MB, in layers that a daemon made: no donor is needed.
try_bit_flips() {
  local name="a flipped bit in each of 50 files, of 1 byte to 100 MB" tree=$work/tree file size bit byte count=0
  RANDOM=20
  mkdir "$tree"
  for ((file = 0; file < 50; file++)); do
    size=$(awk -v i="$file" 'BEGIN { print int(exp(log(100000000) * i / 49)) }')
    head -c "$size" /dev/urandom >"$tree/$file"
  done
  daemon_start "$work/flips"
  for ((file = 0; file < 50; file += 10)); do
    tar -C "$tree" -cf - $(seq "$file" $((file + 9))) | dk import - "flips:$file" >/dev/null
  done
  daemon_stop
  daemon_cleanup
  rm -rf "$tree"
  as_unpacked "$work/flips" >"$work/flips.read"
  while IFS= read -r file; do
    size=$(stat -c %s "$file")
    byte=$(((RANDOM * 32768 + RANDOM) % size))
    bit=$((1 << (RANDOM % 8)))
    printf "\\x$(printf %02x $(($(od -An -tu1 -j "$byte" -N 1 "$file") ^ bit)))" |
      dd of="$file" bs=1 seek="$byte" conv=notrunc status=none
    count=$((count + 1))
  done < <(find "$work"/flips/overlay2/*/diff -type f)
  repair "$work/done" -p "$work/flips"
  as_unpacked "$work/flips" >"$work/healed.read"
  if [ "$count" -eq 50 ] && [ "$status" -eq 1 ] && cmp -s "$work/flips.read" "$work/healed.read" &&
    [ "$(jq '[.roots[0].findings // .findings | .[] | select(.code == "DF0922")] | length' "$work/done")" -eq 50 ]; then
    ok "$name"
  else
    not_ok "$name" "$count files, exit $status, $(diff "$work/flips.read" "$work/healed.read" | head -n 2 | tr '\n' ';' || true)"
  fi
  rm -rf --one-file-system "$work/flips"
}

prepare
wanted=${HEAL_DONORS:-$all_donors}
[[ " $wanted " != *" save26 "* ]] || prepare_save26
[[ " $wanted " != *" layer "* ]] || prepare_layer

trials=()
for donor in $wanted; do
  if [ ! -e "$donors/$donor" ]; then
    skip "healing from $donor" "its maker is not on this machine"
    continue
  fi
  case "${HEAL_FAULTS:-}/$donor" in
    all/* | /save20) chosen=$healable ;;
    /*) chosen="content_empty content_zero_block content_missing content_type_fifo content_bitflip dir_missing_top tarsplit_missing
      config_empty whiteout_file opaque_lost caps_lost" ;;
    *) chosen=$HEAL_FAULTS ;;
  esac
  for fault in $chosen; do
    ! can_have "$donor" "$fault" || trials+=("try_fault $fault $donor")
  done
  [[ ${HEAL_FAULTS:-all} != all ]] || trials+=("try_daemon $donor")
done
[[ ${HEAL_FAULTS:-all} != all ]] || trials+=(try_without_bytes try_bit_flips)

# Every so-and-so-many-th of all trials, in a directory of its own.
worker() {
  local at=0 trial shared=$work file
  work=$work/worker-$1
  mkdir "$work"
  for file in small twin; do
    [ ! -e "$shared/$file" ] || ln -s "$shared/$file" "$work/$file"
    [ ! -e "$shared/$file.read" ] || ln -s "$shared/$file.read" "$work/$file.read"
  done
  ln -s "$shared/small.saved" "$work/small.saved"
  trap daemon_cleanup EXIT
  for trial in "${trials[@]}"; do
    if ((at++ % workers == $1)); then
      # shellcheck disable=SC2086 # a function and its arguments
      $trial
    fi
  done
}

run_workers
