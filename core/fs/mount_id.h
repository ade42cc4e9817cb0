// On which filesystem, and through which mount of it, a directory is seen.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/fs/dir.h"

namespace dfsck {

// Names can be moved between two directories if, and but for project quotas only if, these are equal: a bind mount of
// the same filesystem is another mount.
struct MountId {
  uint64_t device = 0;
  uint64_t mount = 0;  // 0 where the kernel does not tell (before Linux 5.8)
  friend auto operator<=>(const MountId&, const MountId&) = default;
};

Result<MountId> mount_id_of(const Dir& dir);

// A filesystem is mounted at `name` in the directory.
Result<bool> is_mount_point(const Dir& dir, const std::string& name);

}  // namespace dfsck
