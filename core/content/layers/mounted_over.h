// Filesystems that are mounted inside of a layer's tree. The daemon mounts nothing there. What lies below such a mount
// is out of sight, and what is seen instead is none of the layer's.
#pragma once

#include <optional>
#include <string>

#include "core/content/verify.h"
#include "core/model/boundaries.h"
#include "core/model/model.h"

namespace dfsck {

struct InsideLayer {
  std::string dir;   // name of the directory in overlay2
  std::string path;  // of the mount, relative to diff/; empty where it is diff/ itself
};

// Nothing where the boundary is no mount, or none inside of a layer's tree.
std::optional<InsideLayer> inside_layer(const Model& model, const Boundary& boundary);

// Takes issues back that a mount at `path` would explain. True if there were any.
bool take_back_below(const std::string& path, LayerVerdict& verdict);

}  // namespace dfsck
