// The part of the root's entries that is about swarm/. Internal to checks.
#pragma once

#include "checks/input.h"

namespace dfsck {

void check_swarm(const Swarm& swarm, FindingSink& sink);

}  // namespace dfsck
