#!/usr/bin/env bash
# The head of tests that mount things beside real daemons. Sourced first.
# shellcheck source=tests/support/shell.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/shell.sh"
# shellcheck source=tests/real/repair.sh
. "$top/tests/real/repair.sh"
# shellcheck source=tests/real/hosts.sh
. "$top/tests/real/hosts.sh"

# in_own_mounts COMMAND...: the rest of the test runs in a mount namespace of its own, which takes everything along however
# this ends. Ends the test with a `skip` for each of "${cases[@]}" where that cannot be, or where a command is missing.
in_own_mounts() {
  local name
  [ "$(id -u)" -eq 0 ] || { for name in "${cases[@]}"; do skip "$name" "needs root"; done; exit 0; }
  needs dockerd jq unshare "$@" || exit 0
  if [ -z "${IN_OWN_MOUNTS:-}" ]; then
    remove_work
    IN_OWN_MOUNTS=yes exec unshare --mount --propagation private bash "$0"
  fi
  trap finish EXIT
}
