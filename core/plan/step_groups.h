// Which steps of a plan stand and fall together.
#pragma once

#include <cstddef>
#include <vector>

#include "core/plan/plan.h"

namespace dfsck {

// For each step the number of the first step of its group. Steps are in one group where one finding asked for them, where
// they change the same object, where one works below a name that the other changes, or where one sets the time of a
// directory in which the other changes names. What one group does makes no difference to another: if a step fails, the
// other groups can go on.
std::vector<size_t> step_groups(const std::vector<Step>& steps);

}  // namespace dfsck
