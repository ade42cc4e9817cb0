// What the plan of a migration leaves behind although it may be missed.
#pragma once

#include <vector>

#include "checks/migration/migration.h"

namespace dfsck {

// What is mounted there is in memory or on the network, and nobody mounts it again; or a daemon's own thing is a link
// there that leads to the old place. Whatever is copied is not the whole root.
std::vector<RelPath> missed_mounts(const MigrationReport& report);

// Everything that the plan takes along is in the target, as it was; what it leaves behind does not count.
bool has_all_of_plan(const MigrationReport& report);

}  // namespace dfsck
