// What earlier runs brought into a target, and what is not to be there any more.
#pragma once

#include <string>
#include <vector>

#include "core/migrate/parents.h"
#include "core/migrate/state.h"

namespace dfsck {

// Units of earlier runs that are none of these.
std::vector<std::string> gone_units(const MigrationHistory& history, const std::vector<MigrationUnit>& units);

// Makes the directories above units hold nothing else, and removes from the target's top what only `gone` needed there.
void remove_gone(CopyContext& context, CopyUnit& notes, const UnitParents& parents,
                 const std::vector<std::string>& gone);

}  // namespace dfsck
