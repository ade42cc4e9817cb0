// Copying the tree of one unit.
#pragma once

#include <functional>
#include <memory>

#include "core/migrate/copy_walk.h"

namespace dfsck {

// Copies all of the unit that is not in unit.streamed; `ended` is called once, on whichever thread ends last, with the
// tally and the sums of the unit complete. What is in the target's directories and not in the source's is removed,
// unless the unit is fresh. The directory above the unit must exist in the target.
void copy_tree(CopyContext& context, CopyUnit& unit, SharedWork& work, std::function<void()> ended);

}  // namespace dfsck
