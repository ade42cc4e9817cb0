#!/usr/bin/env bash
# docker-fsck save on roots that real daemons made: every image in every format goes through the programs that read such
# archives (docker load, podman load, skopeo, umoci), which must see the image that was saved: same id, same layers. In
# the form of the years before 25, each image is member by member what the daemon itself saves. Damage stops it, or is
# left out; a container comes out with what it wrote and without what it deleted.
#
#   SAVE_KINDS="KIND..."    only these kinds of roots (small classic buildkit mixed userns)
#   DAEMON26=DIRECTORY      a tree made by fixtures/real/debian26.sh: its daemon loads and saves too
#   REAL_ROOTS=DIRECTORY    holds roots of these kinds, so that they need not be made
set -euo pipefail
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=fixtures/real/daemon.sh
. "$top/fixtures/real/daemon.sh"
# shellcheck disable=SC2034 # for daemon.sh
DAEMON_ROOT_AS=/var/lib/docker
trap 'daemon_cleanup; remove_work' EXIT

kinds=${SAVE_KINDS:-small classic buildkit mixed userns}
if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
  for kind in $kinds; do
    skip "save of a root of the kind $kind" "needs root and dockerd"
  done
  exit 0
fi

verdict() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi; }

# save ARGS...: runs it on $root; sets `status`.
save() {
  status=0
  timeout 120 "$DOCKER_FSCK" save --root "$root" --progress none --no-trunc "$@" >"$work/out" 2>"$work/err" || status=$?
}

# What the root holds, by its own files: "ID DIFFID,DIFFID,..." for each image.
images_of() {
  local file
  for file in "$1"/image/overlay2/imagedb/content/sha256/*; do
    printf '%s %s\n' "${file##*/}" "$(jq -r '.rootfs.diff_ids // [] | join(",")' "$file")"
  done | sort
}
names_of() { jq -r '.Repositories[] | to_entries[] | select(.key | contains("@") | not) | "\(.key) \(.value)"' "$1/image/overlay2/repositories.json" | sort; }

# compare_saved IMAGE FORMAT: prints how the archive of the daemon that runs (theirs.tar) and ours in that format differ.
compare_saved() {
  save --format "$2" -o "$work/ours.tar" "$1"
  [ "$status" -eq 0 ] || echo "$1: exit $status; "
  archive_contents "$work/theirs.tar" >"$work/theirs"
  archive_contents "$work/ours.tar" >"$work/ours"
  cmp -s "$work/theirs" "$work/ours" || echo "$1: $(differences "$work/theirs" "$work/ours"); "
}

# --- the daemon ---

# The daemon of the root saves each image by itself; so do we. Daemons since 25 write an OCI layout into the archive.
try_daemon() {
  local why="" image count=0 format
  daemon_start "$work/copy"
  while read -r image; do
    dk save "$image" >"$work/theirs.tar" 2>"$work/err" || {
      grep -q 'empty export' "$work/err" || why+="docker save $image: $(tail -n 1 "$work/err"); "
      continue
    }
    tar -tf "$work/theirs.tar" oci-layout >/dev/null 2>&1 && format=docker-archive || format=legacy
    count=$((count + 1))
    why+=$(compare_saved "$image" "$format")
  done < <(cut -d ' ' -f 1 "$work/names"; [ "$kind" != small ] || cut -d ' ' -f 1 "$work/images")
  daemon_stop
  daemon_cleanup
  [ "$count" -gt 1 ] || why+="only $count images"
  verdict "$kind: each image is saved as its daemon saves it" "$why"
}

# loaded ARCHIVE: an empty daemon loads it and has the same images with the same names.
loaded() {
  rm -rf --one-file-system "$work/empty"
  daemon_start "$work/empty"
  dk load -q -i "$1" >/dev/null 2>"$work/err" || echo "load: $(tail -n 1 "$work/err")"
  daemon_stop
  daemon_cleanup
  images_of "$work/empty" | differences "$work/images" -
  names_of "$work/empty" | differences "$work/names" -
}

try_docker() {
  save --all --format "$1" -o "$work/all.tar"
  local why=""
  [ "$status" -eq 0 ] || why="exit $status: $(tail -n 1 "$work/err")"
  verdict "$kind: docker load takes every image out of $1" "$why$(loaded "$work/all.tar")"
  save --all --format "$1" -o - -j 1
  cmp -s "$work/all.tar" "$work/out" && why="" || why="a stream at -j 1 has other bytes than a file"
  verdict "$kind: $1 is the same through a pipe" "$why"
}

# The newer daemon loads all images, and saves each as we do.
try_docker26() {
  local why="" name="$kind: Docker 26.1 loads every image, and saves each as we do" image DAEMON_CHROOT=${DAEMON26:-/nowhere}
  if [ ! -d "$DAEMON_CHROOT" ]; then
    skip "$name" "DAEMON26 names no tree"
    return
  fi
  save --all -o "$work/all.tar"
  why+=$(loaded "$work/all.tar")
  daemon_start "$work/empty"
  while read -r image; do
    dk save "$image" >"$work/theirs.tar" 2>"$work/err" || why+="docker save $image: $(tail -n 1 "$work/err"); "
    why+=$(compare_saved "$image" docker-archive)
  done < <(cut -d ' ' -f 1 "$work/names")
  daemon_stop
  daemon_cleanup
  verdict "$name" "$why"
}

# --- skopeo, umoci, podman ---

# seen_by_skopeo SOURCE ID: what it copies has that config and those layers.
seen_by_skopeo() {
  local id=$2 layers
  rm -rf "$work/dir"
  if ! skopeo copy --quiet "$1" "dir:$work/dir" >/dev/null 2>"$work/err"; then
    echo "$1: $(tail -n 1 "$work/err");"
    return
  fi
  layers=$(grep "^$id " "$work/images" | cut -d ' ' -f 2)
  [ "$(jq -r .config.digest "$work/dir/manifest.json")" = "sha256:$id" ] || echo "$1: another config;"
  [ "$(jq -r '[.layers[].digest] | join(",")' "$work/dir/manifest.json")" = "$layers" ] || echo "$1: other layers;"
}

full_name() { case $1 in */*) echo "$1" ;; *) echo "docker.io/library/$1" ;; esac; }

try_skopeo() {
  if ! command -v skopeo >/dev/null || ! command -v umoci >/dev/null; then
    skip "$kind: skopeo and umoci read all formats" "they are not on this machine"
    return
  fi
  local why="" name id
  save --all --format docker-archive -o "$work/docker.tar"
  save --all --format oci-archive -o "$work/oci.tar"
  rm -rf "$work/oci"
  save --all --format oci-dir -o "$work/oci"
  [ "$status" -eq 0 ] || why+="oci-dir: exit $status; "
  mkdir "$work/untarred"
  tar -xf "$work/oci.tar" -C "$work/untarred"
  diff -r "$work/oci" "$work/untarred" >/dev/null || why+="oci-dir is not what is in oci-archive; "
  rm -r "$work/untarred"
  while read -r name id; do
    id=${id#sha256:}
    grep -q "^$id ." "$work/images" || continue
    why+=$(seen_by_skopeo "docker-archive:$work/docker.tar:$name" "$id")
    # One image at a time: of a layer that is a link to another image's, skopeo takes the size to be 0, also in archives
    # of the daemon.
    save --format legacy -o "$work/legacy.tar" "$name"
    why+=$(seen_by_skopeo "docker-archive:$work/legacy.tar:$name" "$id")
    why+=$(seen_by_skopeo "oci-archive:$work/oci.tar:$(full_name "$name")" "$id")
    why+=$(seen_by_skopeo "oci:$work/oci:$(full_name "$name")" "$id")
    skopeo inspect "docker-archive:$work/docker.tar:$name" >/dev/null 2>"$work/err" || why+="inspect $name: $(tail -n 1 "$work/err"); "
    umoci stat --image "$work/oci:$(full_name "$name")" >/dev/null 2>"$work/err" || why+="umoci: $name: $(tail -n 1 "$work/err"); "
  done <"$work/names"
  [ "$(umoci list --layout "$work/oci" | wc -l)" -eq "$(wc -l <"$work/names")" ] || why+="umoci lists other names; "
  verdict "$kind: skopeo and umoci read all formats" "$why"
}

try_podman() {
  if ! command -v podman >/dev/null; then
    skip "$kind: podman load takes docker-archive and oci-archive" "it is not on this machine"
    return
  fi
  local why="" name id format store=$work/podman
  pod() { podman --root "$store/root" --runroot "$store/run" --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
  mkdir -p "$store"
  for format in docker-archive oci-archive; do
    save --format "$format" -o "$work/one.tar" app:1
    pod load -q -i "$work/one.tar" >/dev/null 2>"$work/err" || why+="$format: $(tail -n 1 "$work/err"); "
    [ "$(pod image inspect --format '{{.Id}}' docker.io/library/app:1 2>"$work/err")" = "$(awk '$1 == "app:1" { sub("sha256:", "", $2); print $2 }' "$work/names")" ] ||
      why+="$format: another id: $(tail -n 1 "$work/err"); "
    pod rmi -f docker.io/library/app:1 >/dev/null 2>&1 || true
  done
  pod system reset -f >/dev/null 2>&1 || true
  verdict "$kind: podman load takes docker-archive and oci-archive" "$why"
}

# --- damage and containers ---

try_damage() {
  local why="" good=$root
  root=$work/damaged
  rm -rf --one-file-system "$root"
  cp -a "$good/." "$root"
  local file size
  # A file that only images of app have.
  file=$(find "$root"/overlay2/*/diff/srv/data -type f -size +0 | sort | sed -n 1p)
  size=$(stat -c %s "$file")
  truncate -s 0 "$file"
  truncate -s "$size" "$file"
  find "$root" -printf '%p %s %T@ %C@\n' | sort >"$work/before"
  echo old >"$work/archive.tar"
  save --all -o "$work/archive.tar"
  [ "$status" -eq 4 ] || why+="exit $status; "
  grep -qF "${file#"$root"/}" "$work/out" || why+="the file is not named; "
  [ "$(cat "$work/archive.tar")" = old ] || why+="the archive that was there is gone; "
  save --all --keep-going --report "$work/report.json" -o "$work/archive.tar"
  [ "$status" -eq 4 ] || why+="--keep-going: exit $status; "
  # shellcheck disable=SC2016 # jq's own variables
  [ "$(tar -xOf "$work/archive.tar" manifest.json | jq -c '[.[].Config] | sort')" = \
    "$(jq -c '[.images[] | select(.problem == null) | "blobs/sha256/" + .id[7:]] | sort' "$work/report.json")" ] ||
    why+="other images than the report says; "
  [ "$(jq '[.images[] | select(.problem != null)] | length' "$work/report.json")" -gt 0 ] || why+="no image is missing; "
  save --all --keep-going -o -
  cmp -s "$work/archive.tar" "$work/out" || why+="a stream has other bytes; "
  find "$work" -maxdepth 1 -name '.*docker-fsck*' | grep -q . && why+="a temporary file is left; "
  find "$root" -printf '%p %s %T@ %C@\n' | sort | cmp -s - "$work/before" || why+="the root was written to; "
  root=$good
  verdict "$kind: a damaged layer stops it, and its images alone are left out" "$why"
}

# Layers that Docker packed itself are saved without their tar-splits.
try_lost_tar_split() {
  local why="" good=$root chain
  save -o "$work/whole.tar" app:1
  root=$work/damaged
  rm -rf --one-file-system "$root"
  cp -a "$good/." "$root"
  for chain in "$root"/image/overlay2/layerdb/sha256/*; do
    # Of layers on others: that the base came out of this daemon's own archiver is not said.
    [ ! -e "$chain/parent" ] || rm "$chain/tar-split.json.gz"
  done
  save -o "$work/rebuilt.tar" app:1
  [ "$status" -eq 0 ] || why+="exit $status: $(tail -n 3 "$work/out" | tr '\n' ';'); "
  cmp -s "$work/whole.tar" "$work/rebuilt.tar" || why+="other bytes"
  root=$good
  verdict "$kind: layers without tar-split are packed again" "$why"
}

# The container's tree as docker export gives it, times of directories above what was written apart.
exported() { dk export "$1" >"$work/$1.tar" && tar --numeric-owner -tvf "$work/$1.tar" | awk '$1 !~ /^d/ { $4 = ""; $5 = ""; print }' | sort; }

try_container() {
  local why="" member layer
  save --container web --tag rescued:1 -o "$work/web.tar"
  [ "$status" -eq 0 ] || why+="exit $status: $(tail -n 1 "$work/err"); "
  layer=$(tar -xOf "$work/web.tar" manifest.json | jq -r '.[0].Layers[-1]')
  tar -xOf "$work/web.tar" "$layer" >"$work/layer.tar"
  tar -tf "$work/layer.tar" >"$work/members"
  for member in written/cap srv/data/.wh.file1 $([ "$kind" = userns ] || echo written/pipe srv/links/.wh..wh..opq); do
    grep -qxF "$member" "$work/members" || why+="no $member; "
  done
  grep -q '^data/.\|^anon/.' "$work/members" && why+="a volume is in it; "
  rm -rf --one-file-system "$work/empty"
  mkdir "$work/empty"
  [ "$kind" = userns ] || cp -a "$root/." "$work/empty"
  daemon_start "$work/empty"
  dk load -q -i "$work/web.tar" >/dev/null 2>"$work/err" ||
    why+="load: $(tail -n 1 "$work/err"); "
  dk run --rm --network none rescued:1 sh -c '! test -e /srv/data/file1 && test -x /written/cap' 2>"$work/err" ||
    why+="run: $(tail -n 1 "$work/err"); "
  if [ "$kind" != userns ]; then
    dk create --name ours --network none rescued:1 true >/dev/null
    dk create --name theirs --network none committed:1 true >/dev/null
    diff <(exported ours) <(exported theirs) >"$work/diff" || why+="not what docker commit made: $(head -n 3 "$work/diff" | tr '\n' ';'); "
    [ "$(dk inspect -f '{{json .Config.Cmd}}{{json .Config.Env}}' ours)" = "$(dk inspect -f '{{json .Config.Cmd}}{{json .Config.Env}}' theirs)" ] ||
      why+="another configuration; "
  fi
  daemon_stop
  daemon_cleanup
  verdict "$kind: a container is saved as docker commit makes an image of it" "$why"
}

# Everything of one kind, in a directory of its own.
try_kind() {
  if [ -d "${REAL_ROOTS:-/nowhere}/$kind" ]; then
    cp -a "$REAL_ROOTS/$kind" "$work/copy"
  else
    "$top/fixtures/real/make-root.sh" "$work/copy" "$kind" >&2
  fi
  root=$work/copy
  [ "$kind" != userns ] || root=$work/copy/100000.100000
  images_of "$root" >"$work/images"
  names_of "$root" >"$work/names"
  [ "$kind" = userns ] || try_daemon
  [ "$kind" != userns ] || root=$work/copy  # the one below is found
  try_docker docker-archive
  [ "$kind" != small ] || try_docker legacy
  try_skopeo
  case $kind in small) try_docker26 && try_podman && try_damage && try_lost_tar_split && try_container ;; userns) try_container ;; esac
}

parent=$work
worker() {
  trap daemon_cleanup EXIT
  for kind in "$@"; do
    work=$parent/$kind
    mkdir "$work"
    try_kind
    rm -rf --one-file-system "$work"
  done
}
first=() second=() turn=0
for kind in $kinds; do
  ((turn++ % 2)) && second+=("$kind") || first+=("$kind")
done
worker "${first[@]}" >"$parent/first" &
one=$!
worker ${second[@]+"${second[@]}"} >"$parent/second" &
two=$!
wait "$one" || not_ok "the first half" "ended with $?"
wait "$two" || not_ok "the second half" "ended with $?"
cat "$parent/first" "$parent/second"
