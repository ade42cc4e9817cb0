// The size of a layer tree as the daemon counts it.
#pragma once

#include <cstdint>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

// The sum of st_size of everything below `dir` that is no directory, each inode once (moby pkg/directory
// directory_unix.go:Size; what overlay2 stores as "size" of a layer that it unpacked). Never leaves the filesystem of
// `dir`. Io error if a directory cannot be listed; what vanishes meanwhile does not count.
Result<uint64_t> tree_size(const Root& root, const RelPath& dir);

}  // namespace dfsck
