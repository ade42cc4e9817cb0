// Whether a plan can still be carried out.
#pragma once

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/plan/plan.h"

namespace dfsck {

// The look through all preconditions that RepairRun::apply begins with, without a lock and without changing anything.
// Format, with the path and what changed there, where one does not hold.
Result<void> preconditions_hold(const Root& root, const Plan& plan);

}  // namespace dfsck
