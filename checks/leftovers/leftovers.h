// The mark that a repair leaves which took something away that users can see.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "core/journal/history.h"
#include "core/plan/finding.h"

namespace dfsck {

// The finding about a repair whose loss nobody has acknowledged; nothing for any other.
std::optional<Finding> open_loss(const RunRecord& run);

// What repairs with such a loss took away, by escaped path, and how findings name the repair: that the path is missing
// now follows from it.
std::map<std::string, Subject> open_losses(std::span<const RunRecord> runs);
// Whether a repair took `path` away and the user has acknowledged that: that it is missing is news no more.
bool is_acknowledged(const RelPath& path, std::span<const RunRecord> runs);

}  // namespace dfsck
