// docker-fsck [OPTIONS] [ROOT]
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

// Checks a root and renders the report. Never writes to the root.
Output run_check(const Options& options);

}  // namespace dfsck
