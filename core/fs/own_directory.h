// Where a root can have a `.docker-fsck` but at its top.
#pragma once

#include "core/base/relpath.h"

namespace dfsck {

// Areas on filesystems of their own have one as well, for what is replaced in them: directly below the root and below
// "image".
bool may_have_own_directory(const RelPath& directory);

}  // namespace dfsck
