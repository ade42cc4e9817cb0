// Whether somebody wished it to stop.
#pragma once

#include "core/base/shortage.h"
#include "core/run/cancel.h"

namespace dfsck {

// Loops stop for a shortage as they do for a wish, but nobody has asked for that: what ends with it has failed.
inline bool was_cancelled(const Cancel& cancel) { return cancel.requested() && !is_short(); }

}  // namespace dfsck
