// What a process in a user namespace may not look at because it belongs to nobody whom that namespace has.
#pragma once

#include "core/base/relpath.h"
#include "core/fs/root.h"
#include "core/model/owners.h"

namespace dfsck {

// `path`, which was refused, lies in the tree of a layer, and it or the nearest directory above it that can be seen has
// such an owner. The comparison of the layer names that owner: nothing else is wrong, or unknown, by it.
bool is_out_of_sight(const Root& root, const RootOwners& owners, const RelPath& overlay, const RelPath& path);

}  // namespace dfsck
