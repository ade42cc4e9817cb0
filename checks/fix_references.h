// Taking tags out of repositories.json, which several repairs do.
#pragma once

#include <cstddef>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Adds the one step that leaves in repositories.json what kept_tags() has. Always the same step, so that all repairs
// that need it can share it. Nothing if the file is damaged: rebuilding it leaves such tags out anyway.
void drop_lost_tags(const CheckInput& input, size_t index, PlanBuilder& plan);

}  // namespace dfsck
