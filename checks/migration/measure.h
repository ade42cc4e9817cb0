// Walking through a source before its migration.
#pragma once

#include <string>
#include <vector>

#include "checks/migration/migration.h"

namespace dfsck {

// Fills in what is needed of the target and what is in the units, and completes the plan with what only a walk can
// find: sockets, and places that must not be copied because the source or the target lies in them, which are obstacles.
// `target` is the target, or the directory that it would be made in; `old_places` as MeasureWishes has them.
void measure_migration(const Root& source, const Root& target, std::vector<std::string> old_places,
                       const Cancel& cancel, Progress& progress, MigrationReport& report);

}  // namespace dfsck
