#!/usr/bin/env bash
# Prints how much of each folder the tests that need no daemon pass through: lines and branches. Needs gcovr, and a build
# made with --coverage (make coverage).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:?}
if ! command -v gcovr >/dev/null; then
  echo "coverage: needs gcovr (apt-get install gcovr)" >&2
  exit 1
fi
find "$build" -name '*.gcda' -delete
export DOCKER_FSCK="$PWD/$build/docker-fsck"
for program in core_tests checks_tests cmd_tests; do
  "$build/$program" --gtest_brief=1 >"$build/$program.out" 2>&1 || echo "coverage: $program failed, see $build/$program.out" >&2
done
gcovr --root . --object-directory "$build" --filter '(core|checks|cmd)/' --exclude-throw-branches --json-summary \
  --output "$build/coverage.json" "$build" 2>"$build/gcovr.err" || { cat "$build/gcovr.err" >&2; exit 1; }
jq -r '
  def share(covered; total): if total == 0 then "-" else "\(1000 * covered / total | round / 10) %" end;
  def row(name): [name, (map(.line_total) | add), share(map(.line_covered) | add; map(.line_total) | add),
                  share(map(.branch_covered) | add; map(.branch_total) | add)];
  ["folder", "lines", "covered", "branches"],
  (.files | group_by(.filename | sub("/[^/]*$"; "")) | .[] | row(.[0].filename | sub("/[^/]*$"; ""))),
  (.files | row("all")) | @tsv' "$build/coverage.json" | column -t -s "$(printf '\t')"
