// docker-fsck list problems
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_list_problems(const Options& options);

}  // namespace dfsck
