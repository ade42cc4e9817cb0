// docker-fsck save: images out of a root, without a daemon.
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_save(const Options& options);

}  // namespace dfsck
