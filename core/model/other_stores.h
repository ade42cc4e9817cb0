// Stores of images and layers that are known by sight only: other storage drivers, and containerd's image store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/relpath.h"

namespace dfsck {

// The size of a tree, looked at with bounded effort.
struct SizeSoFar {
  uint64_t bytes = 0;
  bool is_all = true;
};

// The root's storage driver, where its layers are not covered.
struct UncoveredDriver {
  RelPath layers_path;           // "btrfs/subvolumes"; the root itself where layers have no directories to be seen
  std::vector<ChainId> missing;  // layers of layerdb without a directory there, in layerdb's order
  std::vector<std::string> missing_containers;  // ids of those whose writable directory is not there
  SizeSoFar size;                               // of the driver's directory
};

// The image store of Docker 25 and later, in containerd's own directory.
struct ContainerdStore {
  std::vector<std::string> containers;  // ids of containers whose layers are there
  std::vector<RelPath> traces;          // what only a daemon with this store makes in a root
  std::string place;                    // "containerd/daemon", or an absolute path; empty if it was not found
  uint64_t images = 0;                  // names in its database, where that could be read
  SizeSoFar size;

  bool is_used() const { return !containers.empty() || !traces.empty() || !place.empty(); }
};

}  // namespace dfsck
