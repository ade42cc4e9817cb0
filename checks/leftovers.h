// The mark that a repair leaves which took something away that users can see.
#pragma once

#include <optional>

#include "core/plan/finding.h"
#include "core/plan/history.h"

namespace dfsck {

// The finding about a repair whose loss nobody has acknowledged; nothing for any other.
std::optional<Finding> open_loss(const RunRecord& run);

}  // namespace dfsck
