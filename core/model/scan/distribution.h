// The registry cache, image/<driver>/distribution. Internal to core/model.
#pragma once

#include "core/model/model.h"

namespace dfsck {

// Fills model.images.diffid_by_digest and v2metadata_by_diffid. Needs model.image_path alone.
void scan_distribution(const Root& root, unsigned jobs, const Cancel& cancel, Model& model);

}  // namespace dfsck
