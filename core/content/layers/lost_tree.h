// A layer whose whole tree is gone. Its tar-split still names everything that was in it.
#pragma once

#include "core/content/verify.h"

namespace dfsck {

// The verdict with one issue for each thing that the tree should hold, `tree_lost` set and the state Damaged.
// Directories that the tar implies without an entry of their own are among them, as the daemon makes them
// (moby pkg/archive/archive.go:createImpliedDirectories). NoReference, with the reason, where tar-split cannot be read
// to its end; Unverifiable where the tar holds what cannot be made again step by step: names that lead through links of
// the layer, types that the daemon does not unpack, more than kMaxIssues entries.
LayerVerdict verify_lost_tree(const Root& root, const LayerInput& input);

}  // namespace dfsck
