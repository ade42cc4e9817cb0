// Mounts, links and subvolumes inside a source: which are data, and which stay behind.
#pragma once

#include <span>

#include "core/migrate/plan/copy_planner.h"

namespace dfsck {

// Tells the planner of all of them, before it is told of anything else that is left out: who mounted something is the
// reason that matters.
void describe_boundaries(const Root& source, std::span<const SourceRoot> roots, CopyPlanner& planner);

}  // namespace dfsck
