// docker-fsck migrate: moves a root to another disk.
#pragma once

#include "cmd/options/options.h"
#include "cmd/render/output.h"

namespace dfsck {

Output run_migrate(const Options& options);

}  // namespace dfsck
