// Which layer stands on which. Internal to checks.
#pragma once

#include "checks/input.h"

namespace dfsck {

// Whether `base` is `layer` itself or below it.
bool stands_on(const CheckInput& input, const ChainId& layer, const ChainId& base);

}  // namespace dfsck
