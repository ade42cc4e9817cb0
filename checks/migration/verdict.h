// What the damage of a source means for its migration.
#pragma once

#include <set>
#include <vector>

#include "checks/migration/migration.h"
#include "checks/migration/source.h"

namespace dfsck {

// Errors that no safe repair of the target repairs, roots below included.
size_t lasting_errors(const RootReport& report);

// Looks at the files of these layers of the source, to find out what is wrong and whether the root itself has what
// repairs them.
std::vector<DamagedLayer> judge_damaged_layers(const MigrationSource& source, const std::set<ChainId>& layers,
                                               unsigned jobs, const Cancel& cancel, Progress& progress);

// What kept the copy of a layer from being read to its end and says nothing of the layer or its disk; empty if nothing
// did.
std::string withheld_from(const UnitResult& layer);

}  // namespace dfsck
