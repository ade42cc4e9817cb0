// Storage drivers of a source, and what a migration can do for their layers.
#pragma once

#include <vector>

#include "checks/migration.h"
#include "core/transfer/planned_unit.h"

namespace dfsck {

// Adds obstacles, and the ways that work, for layers that a copy of files cannot move; a note for those that it moves but
// cannot verify. False where something stands against the migration.
bool judge_drivers(const std::vector<SourceRoot>& roots, MigrationReport& report);

}  // namespace dfsck
