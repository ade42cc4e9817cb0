#!/usr/bin/env bash
# Roots of other storage drivers, made by real daemons, and roots with containerd's image store beside overlay2 or instead of
# it: what was not looked at is said, with a bit of the exit code. A migration copies what is a plain tree, and refuses the rest
# before it writes anything.
#
#   DRIVERS="NAME..."   only these: vfs btrfs containerd-beside containerd-alone containerd-real containerd-wiped
#
# A real daemon makes a root with containerd's store where the machine's, or that of DAEMON_CHROOT, is of version 25 or later.
set -euo pipefail
# shellcheck source=tests/real/mounts.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/mounts.sh"
# shellcheck source=fixtures/inject/containerd_store.sh
. "$top/fixtures/inject/containerd_store.sh"

read -ra cases <<<"${DRIVERS:-vfs btrfs containerd-beside containerd-alone containerd-real containerd-wiped}"
in_own_mounts

# unchecked REPORT TEXT: prints what is wrong with a report of a root of which a part is not looked at; takes `status`.
unchecked() {
  [ $((status & 8)) -eq 8 ] || echo "exit $status has no 8"
  jq -e --arg text "$2" "$above_info"' | any(.[]; .message | ascii_downcase | contains($text))' "$1" >/dev/null ||
    echo "no word of $2: $(show_findings "$1" | head -n 3)"
}

# says_in_part ROOT TEXT: the same for the text, which ends with what it means.
says_in_part() {
  "$DOCKER_FSCK" --dry-run --progress none "$1" >"$work/text" 2>&1 || true
  ! grep -q 'nothing is wrong' "$work/text" || echo "it says that nothing is wrong"
  tail -n 6 "$work/text" | grep -qi "$2" || echo "the summary does not name $2: $(tail -n 3 "$work/text" | tr '\n' ' ')"
}

# refused REPORT TARGET: prints what is wrong with a migration that should not begin; takes `status`.
refused() {
  [ "$status" -eq 8 ] || echo "exit $status"
  jq -e '.end == "refused" and .obstacles != []' "$1" >/dev/null || echo "$(jq -c '[.end, .obstacles]' "$1")"
  [ -z "$(find "$2" -mindepth 1 -print -quit)" ] || echo "something was written into the target"
}

# never_begins ROOT WORD...: the migration and its dry run; one of the WORDs has to be in what it advises.
never_begins() {
  local root=$1 word found=
  shift
  mkdir "$work/target"
  plan_migration "$work/report" "$root" "$work/target"
  refused "$work/report" "$work/target" | sed 's/^/dry run: /'
  migrate "$work/report" "$root" "$work/target"
  refused "$work/report" "$work/target"
  for word in "$@"; do
    if grep -q -e "$word" "$work/report"; then found=$word; fi
  done
  [ -n "$found" ] || echo "no word of $*: $(jq -c .obstacles "$work/report")"
  rm -rf "$work/target"
}

daemons_inventory() {
  cp -a "$1" "$work/running"
  daemon_start "$work/running"
  inventory "$work/expected"
  daemon_stop
  daemon_cleanup
  rm -rf --one-file-system "$work/running"
}

try_vfs() {
  local root=$work/root
  real_root "$root" vfs
  fsck_json "$work/report" "$root"
  verdict "vfs: what is not checked is said" "$(
    unchecked "$work/report" vfs
    [ $((status & 4)) -eq 0 ] || echo "exit $status: $(show_findings "$work/report" | head -n 3)"
    jq -e '.counts.containers == 1 and .counts.volumes == 1' "$work/report" >/dev/null || echo "containers and volumes are not checked"
    says_in_part "$root" vfs
    # Whoever knows it can say so.
    fsck_json "$work/skipped" --skip "$(jq -r "$above_info | .[0].code // \"none\"" "$work/report")" "$root"
    [ "$status" -eq 0 ] || echo "with --skip: exit $status"
  )"
  DAEMON_DRIVER=vfs
  daemons_inventory "$root"
  verdict "vfs: migrated whole" "$(
    mkdir "$work/target"
    migrate "$work/report" --final-path /var/lib/docker "$root" "$work/target"
    [ "$status" -eq 0 ] || echo "exit $status: $(jq -c .obstacles "$work/report")"
    copied_as "$work/report" "$root" "$work/target"
    # An unverified driver is said to be one.
    "$DOCKER_FSCK" migrate --dry-run --progress none "$root" "$work/again" >"$work/text" 2>&1 || true
    grep -q 'unverified' "$work/text" || echo "it does not say that layers are unverified"
    judged_by_daemon "$work/target" "$work/expected"
  )"
  DAEMON_DRIVER=overlay2
  rm -rf "$root"/vfs/dir/*
  fsck_json "$work/report" "$root"
  verdict "vfs: layers that are gone are errors" "$(
    unchecked "$work/report" vfs
    jq -e "$above_info"' | any(.[]; .severity == "error" and (.message | test("vfs")))' "$work/report" >/dev/null ||
      echo "no error: $(show_findings "$work/report" | head -n 3)"
  )"
}

try_btrfs() {
  if ! command -v mkfs.btrfs >/dev/null || ! disk btrfs "$work/disk" 1G; then
    skip "btrfs: what is not checked is said" "no btrfs here"
    return
  fi
  local root=$work/disk/root
  "$top/fixtures/real/make-root.sh" "$root" btrfs >&2
  fsck_json "$work/report" "$root"
  verdict "btrfs: what is not checked is said" "$(
    unchecked "$work/report" btrfs
    [ $((status & 4)) -eq 0 ] || echo "exit $status: $(show_findings "$work/report" | head -n 3)"
    says_in_part "$root" btrfs
  )"
  verdict "btrfs: a migration never begins" "$(never_begins "$root" 'docker save' 'btrfs send')"
  # By paths, so that a nested one is no surprise: the deepest first.
  find "$root/btrfs/subvolumes" -mindepth 1 -maxdepth 1 -exec btrfs -q subvolume delete {} + >/dev/null
  fsck_json "$work/report" "$root"
  verdict "btrfs: layers that are gone are errors" "$(
    unchecked "$work/report" btrfs
    [ $((status & 4)) -eq 4 ] || echo "exit $status has no 4"
    jq -e "$above_info"' | any(.[]; .severity == "error" and (.message | test("subvolume|btrfs")))' "$work/report" >/dev/null ||
      echo "no error: $(show_findings "$work/report" | head -n 3)"
    # The daemon agrees: no container of any image.
    DAEMON_DRIVER=btrfs
    daemon_start "$root" && { ! dk run --rm --network none app:1 true >/dev/null 2>&1 || echo "the daemon runs it"; }
    daemon_stop
    daemon_cleanup
  )"
}

try_containerd_beside() {
  local root=$work/root
  real_root "$root" small
  daemons_inventory "$root"
  add_containerd_store "$root"
  fsck_json "$work/report" "$root"
  verdict "a containerd store beside overlay2: said, and the rest is checked" "$(
    unchecked "$work/report" containerd
    [ $((status & 4)) -eq 0 ] || echo "exit $status: $(show_findings "$work/report" | head -n 3)"
    jq -e '.counts.layers > 0 and .counts.layers == .counts.layers_verified and .counts.volumes == 3' "$work/report" >/dev/null ||
      echo "the rest is not checked: $(jq -c .counts "$work/report")"
    says_in_part "$root" containerd
    fsck_json "$work/skipped" --skip "$(jq -r "$above_info"' | map(select(.message | ascii_downcase | contains("containerd")))
      | .[0].code // "none"' "$work/report")" "$root"
    [ "$status" -eq 0 ] || echo "with --skip: exit $status"
  )"
  verdict "a containerd store beside overlay2: a migration asks first" "$(
    never_begins "$root" without-containerd-store
    mkdir "$work/target"
    migrate "$work/report" --without-containerd-store --final-path /var/lib/docker "$root" "$work/target"
    case $status in 0 | 4) ;; *) echo "--without-containerd-store: exit $status: $(jq -c .obstacles "$work/report")" ;; esac
    jq -e '.end == "done"' "$work/report" >/dev/null || echo "--without-containerd-store: $(jq -c .end "$work/report")"
    judged_by_daemon "$work/target" "$work/expected"
  )"
}

# alone NAME ROOT VOLUMES: a root that has nothing but such a store, one container and so many volumes.
alone() {
  fsck_json "$work/report" "$2"
  verdict "$1: known as a root, and said" "$(
    unchecked "$work/report" containerd
    [ $((status & 4)) -eq 0 ] || echo "exit $status: $(show_findings "$work/report" | head -n 3)"
    jq -e --argjson volumes "$3" '.counts.containers == 1 and .counts.volumes == $volumes and .counts.networks > 0' \
      "$work/report" >/dev/null || echo "the rest is not checked: $(jq -c .counts "$work/report")"
    says_in_part "$2" containerd
  )"
  verdict "$1: a migration asks first" "$(never_begins "$2" without-containerd-store)"
}

try_containerd_alone() {
  real_root "$work/root" small
  only_containerd_store "$work/root"
  alone "a containerd store alone" "$work/root" 3
}

try_containerd_real() {
  local version
  version=$(${DAEMON_CHROOT:+chroot "$DAEMON_CHROOT"} dockerd --version | sed -E 's/.*version ([0-9]+).*/\1/')
  if ((version < 25)); then
    skip "a containerd store by a real daemon" "needs Docker 25 or later, this is $version"
    return
  fi
  real_root "$work/root" containerd
  alone "a containerd store by a real daemon" "$work/root" 1
}

try_containerd_wiped() {
  local root=$work/root
  real_root "$root" small
  add_containerd_store "$root"
  wipe_containerd_store "$root"
  fsck_json "$work/report" "$root"
  verdict "half a root, whose containerd store was wiped" "$(
    unchecked "$work/report" containerd
    says_in_part "$root" containerd
  )"
}

for name in "${cases[@]}"; do
  "try_${name//-/_}"
  rm -rf --one-file-system "$work/root" "$work/target"
done
