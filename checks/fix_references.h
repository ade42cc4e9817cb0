// Taking tags out of repositories.json, which several repairs do.
#pragma once

#include <cstddef>
#include <set>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Which tags the repair of `finding` takes out, as indices into the model's references. None if the file is damaged:
// rebuilding it leaves such tags out anyway.
std::set<size_t> tags_dropped_by(const CheckInput& input, const Finding& finding);

// Adds the one step that leaves in repositories.json all but `input.dropped_tags`. It is the same step for all the
// repairs that were chosen together, so that they share it. Nothing if the file is damaged.
void drop_tags(const CheckInput& input, size_t index, PlanBuilder& plan);

// True if the image's config can be moved aside: nothing is moved off a disk that cannot be read.
bool can_go_aside(const Image* image);

}  // namespace dfsck
