// Words for the table's classes and the report's levels, used by every output.
#pragma once

#include <string_view>

#include "checks/report.h"

namespace dfsck {

// What the class of a repair means to the one who has to decide: "safe: proven, nothing is lost".
std::string_view safety_words(Safety safety);

// The end of a report's title: "dry run: nothing is written".
std::string_view mode_words(Mode mode);

std::string_view level_name(Level level);  // "full", "quick", "structure"

}  // namespace dfsck
