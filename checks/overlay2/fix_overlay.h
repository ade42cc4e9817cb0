// Steps that repairs of several areas need: moving a directory of overlay2 aside with everything that names it.
#pragma once

#include <cstddef>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Adds steps that move overlay2/<id> and its short link into quarantine. Nothing where the directory is not there.
void quarantine_dir_and_link(const CheckInput& input, const CacheId& id, size_t index, PlanBuilder& plan);

}  // namespace dfsck
