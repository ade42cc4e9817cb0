// Which storage drivers' layers come along when a root's files are copied to another disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

struct DriverFit {
  enum class Kind {
    Covered,     // overlay2, fuse-overlayfs, or no driver yet: layers are verified
    PlainTrees,  // its layers are directories like others: copied whole, compared with nothing
    Unmovable,   // its layers are no plain files, or only one kind of filesystem can hold them
  };
  Kind kind = Kind::Covered;
  std::string why;                  // Unmovable: what its layers are
  std::vector<std::string> recipe;  // Unmovable: what works instead, lines for the screen
};
DriverFit fit_of_driver(std::string_view driver);

// All drivers that have something in the root and whose layers no copy moves, the root's own one or not; sorted.
std::vector<std::string> unmovable_drivers(const Model& model);

}  // namespace dfsck
