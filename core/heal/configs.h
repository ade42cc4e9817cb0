// Image configs out of donors.
#pragma once

#include "core/heal/donors.h"

namespace dfsck {

// The model as it was read, and what only donors have of it: images whose config is damaged or missing, and that have
// no copy in the root itself, get the copy that a donor has; those that only tags, metadata or containers name are
// listed. A config's digest is its image's id, so that none can be wrong.
Model with_configs(Model model, const Donors& donors);

}  // namespace dfsck
