// Repairs that would fail as things are.
#pragma once

#include "checks/report.h"
#include "core/fs/root.h"

namespace dfsck {

// Looks for immutable and append-only objects that the planned steps would change, and says of each finding whose steps
// stand or fall with such a step what keeps it from being repaired, and what lifts that.
void mark_blocked_repairs(const Root& root, RootReport& report);

}  // namespace dfsck
