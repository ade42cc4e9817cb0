// Image configs out of donors.
#pragma once

#include "core/heal/donors.h"

namespace dfsck {

// Gives images whose config is damaged or missing, and that have no copy in the root itself, the copy that a donor has;
// lists those that only tags, metadata or containers name. A config's digest is its image's id, so that none can be wrong.
void find_configs(const Donors& donors, Model& model);

}  // namespace dfsck
