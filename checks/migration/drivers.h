// Storage drivers and image stores of a source, and what a migration can do for them.
#pragma once

#include <vector>

#include "checks/migration/migration.h"
#include "core/migrate/plan/copy_plan.h"

namespace dfsck {

// Adds obstacles, and the ways that work, for layers that a copy of files cannot move; a note for those that it moves
// but cannot verify. False where something stands against the migration.
bool judge_drivers(const std::vector<SourceRoot>& roots, MigrationReport& report);

// The same for images in containerd's store, which is not moved: only accepted where the user has said so.
bool judge_containerd_stores(const std::vector<SourceRoot>& roots, MigrationReport& report);

}  // namespace dfsck
