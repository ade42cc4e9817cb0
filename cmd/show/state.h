// What is wrong with a thing, out of all that a check found.
#pragma once

#include <optional>
#include <set>

#include "checks/report.h"
#include "cmd/show/target.h"
#include "cmd/show/view.h"

namespace dfsck {

struct ShownState {
  RootReport report;  // of the thing's root, with those findings alone that touch it or its parts, and their causes
  size_t layers = 0;  // that the thing is made of: what a deeper check would look into
  size_t other_errors = 0;
  size_t other_warnings = 0;
};

// The layers that the thing is made of, or stands on; of a file, its own.
std::set<ChainId> layers_of(const ShowView& view, const Target& target);

// `report` is of the root of `view`; paths of findings become those below the root that was named. Without a target, no
// finding touches it: all are others.
ShownState show_state(const ShowView& view, const RootReport& report, const std::optional<Target>& target);

}  // namespace dfsck
