#!/bin/sh
# Installs what is missing, builds docker-fsck and passes all its tests. The last line counts them.
set -eu
cd "$(dirname "$0")/.."
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
apt_lists=$(ls /var/lib/apt/lists/*_Packages 2>/dev/null | head -n 1 || true)
[ -n "$apt_lists" ] || $as_root apt-get update -qq
sh fixtures/install-needs.sh --tests
exec make -s -j"$(nproc)" UNITY=1 check
