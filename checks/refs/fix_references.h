// Taking tags out of repositories.json, which several repairs do.
#pragma once

#include <cstddef>
#include <vector>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Adds the one step that leaves in repositories.json all tags but those that the repairs of `chosen` (indices into
// `findings`) take out. It is the same step for all of these, so that they share it, and can only be made when all of
// them are known: their fixes leave it to this. Nothing if the file is damaged: rebuilding it leaves such tags out
// anyway.
void drop_tags(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen,
               PlanBuilder& plan);

// True if the image's config can be moved aside: nothing is moved off a disk that cannot be read.
bool can_go_aside(const Image* image);

}  // namespace dfsck
