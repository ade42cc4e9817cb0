#!/bin/sh
# Writes units that include several sources each, and prints their names: unity.sh DIRECTORY SIZE SOURCE...
# The sources of one area (core/model, checks, tests/core, with all folders below) stand together in the order given, in as
# many units of about one length as keep none over SIZE. A unit is only written if what it includes has changed, so that
# make compiles no more than that.
set -eu
directory=$1 size=$2
shift 2
[ $# -gt 0 ] || exit 0
mkdir -p "$directory"
printf '%s\n' "$@" | awk -v size="$size" '
  function folder(path,   part) {
    split(path, part, "/")
    return part[1] ~ /^(core|tests)$/ ? part[1] "/" part[2] : part[1]
  }
  { of = folder($0); if (!(of in count)) { order[++folders] = of } sources[of, ++count[of]] = $0 }
  END {
    for (f = 1; f <= folders; ++f) {
      of = order[f]
      units = int((count[of] + size - 1) / size)
      for (i = 1; i <= count[of]; ++i) {
        unit = int((i - 1) * units / count[of]) + 1
        print of, unit, sources[of, i]
      }
    }
  }' | {
  current=""
  finish() {
    [ -n "$current" ] || return 0
    cmp -s "$current.$$" "$current" && rm "$current.$$" || mv "$current.$$" "$current"
    echo "$current"
  }
  while read -r folder number source; do
    unit=$directory/$(echo "$folder" | tr / -)-$number.cc
    if [ "$unit" != "$current" ]; then
      finish
      current=$unit
      # What an unnamed namespace holds is no less hidden for standing in an included file, which GCC cannot know.
      printf '#if !defined(__clang__)\n#pragma GCC diagnostic ignored "-Wsubobject-linkage"\n#endif\n' >"$current.$$"
    fi
    printf '#include "%s"\n' "$source" >>"$current.$$"
  done
  finish
}
