// Whether something that is about to be written would lie in a root.
#pragma once

#include <string>

#include "core/base/result.h"

namespace dfsck {

// Whether `path` lies, or would lie, inside the directory `root`, however either is named: relative, through symbolic
// links (also one at the end that leads to nothing yet), or where the root is mounted too. A root that does not exist
// yet has nothing in it; `path` may still be its name. Io where the directory of `path` is not there.
Result<bool> lies_inside(const std::string& path, const std::string& root);

}  // namespace dfsck
