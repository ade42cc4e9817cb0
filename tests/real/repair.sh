#!/usr/bin/env bash
# What the tests of repairs on real roots share: comparing roots, and asking a real daemon. Sourced after shell.sh.

# shellcheck source=fixtures/real/daemon.sh
. "$top/fixtures/real/daemon.sh"
# Copies must be seen at the path at which they were made: mounts of volumes are recorded by path.
# shellcheck disable=SC2034 # for daemon.sh
DAEMON_ROOT_AS=/var/lib/docker

# Everything that can be known of ROOT but change times and what docker-fsck keeps for itself, also in an area that is a
# filesystem of its own. The root directory's own time changes when that place is made.
exact() {
  "$top/fixtures/real/snapshot.sh" --copy "$1" |
    grep -avE '^(stat|xattr|sha256) "?\./([^/]*/)?\.docker-fsck|^stat "\."|^xattr \. '
}

# What a daemon reads of ROOT: the same without modification times and link counts, which a rebuilt file need not share.
as_read() {
  exact "$1" | sed -E '/^stat /s/ -?[0-9]+\.[0-9]+ [0-9]+ ([0-9a-f]+:[0-9a-f]+)$/ \1/'
}

# repair OUT ARGS...: a repair with a JSON report in OUT; sets `status`.
repair() {
  local out=$1
  shift
  status=0
  timeout 300 "$DOCKER_FSCK" --format json --progress none "$@" </dev/null >"$out" 2>"$out.err" || status=$?
}

# inventory OUT: what the running daemon lists.
inventory() {
  {
    dk image ls --all --no-trunc --format 'image {{.ID}} {{.Repository}}:{{.Tag}}'
    dk ps --all --no-trunc --format 'container {{.ID}} {{.Names}} {{.Image}}'
    dk volume ls --format 'volume {{.Driver}} {{.Name}} {{.Labels}}'
    dk network ls --no-trunc --format 'network {{.Name}} {{.Driver}} {{.Labels}}'
  } | sort >"$1"
}

# use_everything: every image is saved, which hashes every layer again, and run; the stopped container is started and
# has what it wrote. Prints what does not work.
use_everything() {
  local image images running=()
  mapfile -t images < <(dk image ls --all --quiet --no-trunc | sort -u)
  # All at once, which hashes each layer once; one by one only to learn which it is.
  if ((${#images[@]} > 0)) && ! dk save "${images[@]}" >/dev/null 2>"$work/daemon.err"; then
    for image in "${images[@]}"; do
      dk save "$image" >/dev/null 2>"$work/daemon.err" || echo "save $image: $(tail -n 1 "$work/daemon.err")"
    done
  fi
  for image in $(dk image ls --quiet --no-trunc | sort -u); do
    {
      dk run --rm --network none --entrypoint /bin/busybox "$image" true 2>"$work/daemon.err.$image" ||
        grep -q 'no command specified\|no such file' "$work/daemon.err.$image" ||
        echo "run $image: $(tail -n 1 "$work/daemon.err.$image")"
    } &
    running+=($!)
  done
  # Not for everything: the daemon is a child of this shell too.
  ((${#running[@]} == 0)) || wait "${running[@]}"
  if dk container inspect web >/dev/null 2>&1; then
    dk start --attach web >/dev/null 2>"$work/daemon.err" || true
    dk cp web:/written/numbers - 2>"$work/daemon.err" | tar -xO 2>/dev/null | cmp -s - <(seq 1 2000) ||
      echo "container web: what it wrote is not there: $(tail -n 1 "$work/daemon.err")"
  fi
}

# judged_by_daemon ROOT EXPECTED: starts a daemon on ROOT and prints everything that is not as it should be. EXPECTED is
# the inventory of the undamaged root.
judged_by_daemon() {
  local root=$1 expected=$2
  if ! daemon_start "$root" 2>"$work/daemon.err"; then
    echo "the daemon does not start: $(grep -m 1 -iE 'failed|error|panic|fatal' "$DAEMON_WORK/dockerd.log" || tail -n 1 "$work/daemon.err")"
    daemon_cleanup
    return
  fi
  inventory "$work/inventory"
  diff "$expected" "$work/inventory" | grep -a "^[<>]" || true
  use_everything
  daemon_stop 2>/dev/null
  daemon_cleanup
}

# Lets as many workers as there are processors go through the trials, each its share (worker NUMBER, of the caller), and
# tells what came of them in order.
run_workers() {
  local number running=()
  workers=$(nproc)
  for ((number = 0; number < workers; number++)); do
    worker "$number" >"$work/report-$number" &
    running+=($!)
  done
  for number in "${!running[@]}"; do
    wait "${running[number]}" || not_ok "worker $number" "ended with $?"
    cat "$work/report-$number"
  done
}
