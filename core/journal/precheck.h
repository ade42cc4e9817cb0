// Looking through a whole plan before its first change. Internal to core/journal.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/journal/run/log.h"

namespace dfsck {

// How the object that a step is about is told right before the step.
enum class Precondition {
  Exact,      // as the step's Expect says
  InodeOnly,  // an earlier step of the plan made it or changed it: what counts is that it is still that object
};

// Checks steps [first, end) of one plan against the root and against each other. Those that are Done already are taken
// as given. One entry for each step. Format, with the path, where a precondition does not hold or a step makes no sense
// after those before it; Io where the root cannot be read.
Result<std::vector<Precondition>> check_plan(const Root& root, const RunLog& log, size_t first, size_t end);

}  // namespace dfsck
