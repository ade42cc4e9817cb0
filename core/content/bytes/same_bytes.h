// Comparing two files of a root.
#pragma once

#include "core/base/relpath.h"
#include "core/fs/root.h"

namespace dfsck {

// True if both are regular files with the same contents. False where one cannot be read.
bool same_bytes(const Root& root, const RelPath& first, const RelPath& second);

}  // namespace dfsck
