// Loading images into a root, from the first layer to the last step.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/load/unpack_layer.h"
#include "core/load/work.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct LoadResult {
  std::string run;                    // of the repair that undo takes back
  std::vector<UnpackedLayer> layers;  // as work.layers
};

// Unpacks all new layers and verifies all that the archive has, up to `jobs` at a time, into a staging place in the
// root, and only when all of them are right registers them and the images, through a journal (see
// core/journal/repair_run.h). An Error means that the root is as it was before, to the last time of modification, or
// that it says what is to be done. Errors: Busy and Format as RepairRun::begin, Format and Limit of an archive that is
// refused, Cancelled, Io. A crash leaves nothing, or a run that core/journal/recover takes care of.
Result<LoadResult> load_images(const Root& root, const LoadArchive& archive, const LoadTarget& target,
                               const LoadWork& work, unsigned jobs, const Cancel& cancel, Progress& progress);

// Reads all layers as run_load would, and writes nothing.
Result<std::vector<UnpackedLayer>> inspect_load(const LoadArchive& archive, const LoadWork& work, unsigned jobs,
                                                const Cancel& cancel, Progress& progress);

}  // namespace dfsck
