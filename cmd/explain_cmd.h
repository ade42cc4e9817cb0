// docker-fsck explain CODE|SLUG|'DAEMON MESSAGE'
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_explain(const Options& options);

}  // namespace dfsck
