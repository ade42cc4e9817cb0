// Finding the boundaries inside a root. Internal to core/model, and for its tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fs/root.h"
#include "core/model/boundaries.h"

namespace dfsck {

// A mount point as a path below the root, also where it lies behind a link that is followed; nothing if it is not
// below.
std::optional<RelPath> point_in_root(const Root& root, const std::string& point);

// True if the options of the volume whose _data this is make the daemon mount something there.
bool is_mounted_by_options(const Root& root, const RelPath& data);

// All boundaries, sorted by path; of several mounts on one point, the one that is seen.
std::vector<Boundary> find_boundaries(const Root& root, const std::string& mountinfo);

}  // namespace dfsck
