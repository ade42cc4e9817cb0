// A heading with lines under it, as text reports have them.
#pragma once

#include <string>
#include <vector>

#include "cmd/render/render.h"

namespace dfsck {

// Nothing without lines. Long lists are cut unless settings.truncate is No; lines are made safe for a terminal.
std::string text_section(const std::string& heading, const std::vector<std::string>& lines,
                         const RenderSettings& settings);

}  // namespace dfsck
