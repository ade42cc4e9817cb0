// docker-fsck load: registers the images of an archive in a root whose daemon is not running.
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_load(const Options& options);

}  // namespace dfsck
