// Copying an image layer while it is verified.
#pragma once

#include <functional>

#include "core/migrate/copy_tree.h"

namespace dfsck {

// Verifies the unit's layer and writes the files that pass by to the target, then copies with copy_tree what the
// layer's tar does not have, with all attributes. Damaged files are copied as they are. `verdict` is complete before
// `ended` is called. A layer that cannot be verified (its verdict says why) is just copied.
void copy_layer(CopyContext& context, const Root& source, CopyUnit& unit, SharedWork& work, LayerVerdict& verdict,
                std::function<void()> ended);

}  // namespace dfsck
