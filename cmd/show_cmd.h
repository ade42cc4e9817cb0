// docker-fsck show
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_show(const Options& options);

}  // namespace dfsck
