// openat2(2), and what takes its place where it cannot be had.
#pragma once

#include <cstdint>

namespace dfsck {

// Opens `path`, relative to `base`, by the rules `resolve` of openat2(2); empty: `base` itself. A descriptor, or less
// than 0 with errno. Without openat2 (kernels before 5.6, some sandboxes) no link on the way is followed: a path that
// would go through one fails with the errno that openat2 gave, and says nothing of what is there.
int open_resolved(int base, const char* path, int flags, uint64_t resolve);

}  // namespace dfsck
