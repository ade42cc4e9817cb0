// What of a root is copied to another disk, and what need not travel.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"

namespace dfsck {

// What --exclude may name.
enum class OmittedArea { Volumes, Containers, BuildCache };
std::optional<OmittedArea> parse_omitted_area(std::string_view word);  // "volumes", "containers", "buildkit"

struct CopyChoice {
  // Takes along what a check calls garbage: orphaned directories, unfinished removals and registrations, and the
  // remains of builds.
  bool keep_orphans = false;
  // Areas with exactly what belongs to them. Containers: containers/, their mounts, their writable directories and init
  // layers. Build cache: buildkit/, the directories that only it owns, the mounts of its steps. What layers of images
  // share stays. Where owners could not be read directories stay; a note then says so.
  std::set<OmittedArea> omitted;
  // Goes on where a containerd image store belongs to the root: what of it is in the root stays behind.
  bool without_containerd_store = false;
};

// Plans the copy of a whole source. `roots`: the source itself (prefix: the root) and every remapped root below it, in
// any order; either may be missing, and what is there then is copied as it is. Left out is what the daemon makes anew
// and what nothing refers to; where an owner could not be read nothing is called an orphan and all is copied.
//
// A layer of an image is split into its diff/ (immutable) and the small things beside it (`link`, `lower`, `committed`,
// `work`), because a daemon adds a `committed` once something stands on the layer.
//
// Lists the directories that are split into several units; one that cannot be listed is one unit. Deterministic.
CopyPlan plan_copy(const Root& source, std::span<const SourceRoot> roots, const CopyChoice& choice);

}  // namespace dfsck
