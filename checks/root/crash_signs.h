// What a crash, of the machine or of the daemon, leaves in a root.
#pragma once

#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// Each sign in a sentence for people; none where a daemon still uses the root, or ended in an orderly way.
std::vector<std::string> crash_signs(const Model& model);

}  // namespace dfsck
