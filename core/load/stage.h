// Preparing the two trees of a new layer in a run's staging place. Internal to core/load.
#pragma once

#include <cstddef>

#include "core/base/result.h"
#include "core/donor/donor.h"
#include "core/fs/dir.h"
#include "core/load/target.h"
#include "core/load/unpack_layer.h"
#include "core/load/work.h"
#include "core/run/progress.h"

namespace dfsck {

// Numbers of the trees of the n-th new layer: its directory of overlay2, and its entry of layerdb.
constexpr size_t staged_directory(size_t layer) { return 2 * layer; }
constexpr size_t staged_entry(size_t layer) { return 2 * layer + 1; }

// Where they are prepared: each on the filesystem on which it will lie.
struct LoadStaging {
  const Dir& directories;
  const Dir& entries;
};

// Makes both as the daemon does (moby daemon/graphdriver/overlay2/overlay.go:create, layer/filestore.go). Different
// layers may be staged from many threads at once. Errors as unpack_layer; what was made then stays.
Result<UnpackedLayer> stage_layer(const Donor& donor, const NewLayer& layer, size_t number, const LoadTarget& target,
                                  const LoadStaging& staging, Progress& progress);

}  // namespace dfsck
