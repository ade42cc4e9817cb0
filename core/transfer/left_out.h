// What of a root is copied to another disk, and what need not travel.
#pragma once

#include <span>

#include "core/transfer/planned_unit.h"

namespace dfsck {

struct CopyChoice {
  // Takes along what a check calls garbage: orphaned directories, unfinished removals and registrations, and the
  // remains of builds.
  bool keep_orphans = false;
};

// Plans the copy of a whole source. `roots`: the source itself (prefix: the root) and every remapped root below it, in any
// order; a directory of a remapped root that is not given is copied as it is. Left out is what the daemon makes anew and
// what nothing refers to; where an owner could not be read nothing is called an orphan and all is copied.
//
// A layer of an image is split into its diff/ (immutable) and the small things beside it (`link`, `lower`, `committed`,
// `work`), because a daemon adds a `committed` once something stands on the layer. Pure; deterministic.
CopyPlan plan_copy(std::span<const SourceRoot> roots, const CopyChoice& choice);

}  // namespace dfsck
