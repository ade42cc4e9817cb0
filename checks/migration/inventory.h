// Whether what was migrated is in the target, read from there.
#pragma once

#include "checks/migration/migration.h"
#include "checks/migration/source.h"

namespace dfsck {

// Scans the target of a finished copy and compares it with report.inventory.source. An Error where it cannot be read.
Result<void> compare_inventories(const MigrationSource& source, unsigned jobs, const Cancel& cancel, Progress& progress,
                                 MigrationReport& report);

}  // namespace dfsck
