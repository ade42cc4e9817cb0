#!/usr/bin/env bash
# What the tests of hosts that differ from one rootful daemon on one filesystem share. Sourced after repair.sh.
# shellcheck source=tests/real/migrating.sh
. "$top/tests/real/migrating.sh"

# What judge and the like print of a case: nothing if all is right.
verdict() {
  if [ -z "$2" ]; then
    ok "$1"
  else
    not_ok "$1" "$(head -c 900 <<<"$2" | tr '\n' ';')"
  fi
}

# needs COMMAND...: whether this machine has them, after a `skip` for each of "${cases[@]}" if not.
needs() {
  local command name
  for command in "$@"; do
    if ! command -v "$command" >/dev/null; then
      for name in "${cases[@]}"; do skip "$name" "needs $command"; done
      return 1
    fi
  done
}

# disk TYPE DIR [SIZE]: mounts a new filesystem there, from a file beside it. Fails where the machine cannot.
mounted=()
disk() {
  mkdir -p "$2"
  truncate -s "${3:-400M}" "$2.image"
  "mkfs.$1" -q "$2.image" >/dev/null 2>&1 && mount -o loop "$2.image" "$2" 2>/dev/null || return 1
  # The loop device keeps it until the mount ends.
  rm "$2.image"
  mounted+=("$2")
}

finish() {
  daemon_cleanup
  local at
  for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do
    umount -l "${mounted[at]}" 2>/dev/null || true
  done
  remove_work
}

# healthy REPORT LAYERS-ARE-READ: prints what a report of a healthy root must not have; takes `status`.
healthy() {
  [ "$status" -eq 0 ] || echo "exit $status: $(jq -r '.error.message // ""' "$1" 2>/dev/null) $(head -c 200 "$1.err")"
  show_findings "$1" 2>/dev/null | cut -c 1-250 | head -n 3
  jq -e '(.plan // []) == []' "$1" >/dev/null 2>&1 || echo "it plans $(jq '.plan | length' "$1" 2>/dev/null) steps"
  [ -z "${2:-}" ] || jq -e '.counts.layers > 0 and .counts.layers == .counts.layers_verified' "$1" >/dev/null 2>&1 ||
    echo "layers: $(jq -c '.counts | {layers, layers_verified}' "$1" 2>/dev/null)"
}

# inject ROOT FAULT...: prints what went wrong; what was damaged is in $work/objects, "FAULT PATH" a line.
inject() {
  local root=$1 fault
  shift
  : >"$work/objects"
  for fault in "$@"; do
    if timeout 60 "$top/fixtures/inject/faults.sh" "$fault" "$root" </dev/null >"$work/injected" 2>"$work/inject.err"; then
      sed -nE "s/^(object|also)=/$fault /p" "$work/injected" >>"$work/objects"
    else
      echo "$fault could not be injected: $(tail -n 1 "$work/inject.err")"
    fi
  done
}

# all_found REPORT: prints each injected fault that no error or warning is about: by the path of what was damaged (any name
# of it will do), by one above (but for a whole area) or below, an id that is part of it, or a layer whose file it is.
all_found() {
  local fault
  while read -r fault; do
    sed -n "s/^$fault //p" "$work/objects" | jq -R . | jq -s . >"$work/paths"
    jq -e --slurpfile paths "$work/paths" "$above_info"' | any(.[]; . as $f | any($paths[0][]; . as $path
        | $f.path == $path or ($f.path | startswith($path + "/"))
        or (($f.path | contains("/")) and ($path | startswith($f.path + "/")))
        or any($path | split("/")[] | select(length >= 20); . as $id | $f.message + $f.subject.id | contains($id))))' \
      "$1" >/dev/null || echo "$fault is not found: $(grep -m 1 "^$fault " "$work/objects")"
  done < <(cut -d ' ' -f 1 "$work/objects" | sort -u)
}

# undo_all ROOT [COMMAND...]: takes back every repair, run by COMMAND if there is one; prints what fails.
undo_all() {
  local tries root=$1
  shift
  for tries in 1 2 3 4; do
    jq -e 'any(.runs[]; .state == "finished" or .state == "stopped")' <("$@" "$DOCKER_FSCK" history --format json "$root") \
      >/dev/null || return 0
    "$@" "$DOCKER_FSCK" undo --yes "$root" >"$work/undo" 2>&1 || echo "undo: exit $?: $(tail -n 1 "$work/undo")"
  done
  echo "undo does not end after $tries runs"
}

# copied_as REPORT SOURCE TARGET: prints what is in the target but was not so in the source, and what the target lacks
# though the report does not say that it was left out. Numbers of links count neighbours that may be left out.
copied_as() {
  local root
  for root in "$2" "$3"; do
    exact "$root" | grep -avE '^[a-z0-9]+ "?\./lost\+found|^[a-z0-9]+ "?\./(volumes|overlay2)/lost\+found' |
      sed -E '/^stat /s/ [0-9]+ ([0-9a-f]+:[0-9a-f]+)$/ \1/' >"$work/copied.${#root}.$([ "$root" = "$2" ] && echo source || echo target)"
  done
  comm -13 "$work"/copied.*.source "$work"/copied.*.target | head -n 3 | sed 's/^/in the target: /'
  jq -r '(.left_out[]? | .path), (.rewritten[]? | select(.changes != []) | .path)' "$1" >"$work/left-out"
  comm -23 "$work"/copied.*.source "$work"/copied.*.target | awk -v list="$work/left-out" '
    BEGIN { while ((getline path < list) > 0) left["./" path] = 1 }
    { name = $2; gsub(/^"|"$/, "", name)
      for (path in left) if (name == path || index(name, path "/") == 1) next
      print "lacking: " $0 }' | head -n 3
  rm -f "$work"/copied.*
}
