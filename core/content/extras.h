// Finding what is in a layer tree although no header explains it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/content/issue_log.h"
#include "core/content/merged_view.h"
#include "core/content/verify.h"

namespace dfsck {

// Walks the tree and logs an Extra issue for every object whose place (name_hash) is not in `explained`. A directory
// that has explained things in it was made by the daemon on their behalf and is none; of a directory that is extra as a
// whole only itself is named. What is below a directory whose owner hides it from this process's user namespace stays
// unknown. Io error if another directory cannot be read.
Result<void> find_extras(int tree, std::vector<uint64_t> explained, const LayerInput& input, MergedView& merged_view,
                         const Cancel& cancel, IssueLog& log);

}  // namespace dfsck
