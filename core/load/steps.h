// The steps that register what was staged. Internal to core/load.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/load/work.h"
#include "core/plan/plan.h"
#include "core/plan/reason.h"

namespace dfsck {

struct LoadSteps {
  Plan plan;
  std::vector<Reason> reasons;  // one for each image of the archive
};

// Image by image: each layer's directory, its short link, its entry; the config; at last repositories.json. Between any
// two steps the root is one that a daemon takes. In an empty root the directories that a daemon expects come first.
// Format where something else is in the way.
Result<LoadSteps> load_steps(const Root& root, const LoadArchive& archive, const LoadTarget& target,
                             const LoadWork& work);

}  // namespace dfsck
