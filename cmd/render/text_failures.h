// What could not be read, or done, while a root was looked at.
#pragma once

#include <string>
#include <string_view>

#include "cmd/render/render.h"

namespace dfsck {

// Empty if there was nothing of that kind. Of this report alone, not of those below it. `where`: " IN THE TARGET",
// where the heading would not say it otherwise.
std::string render_failures(const RootReport& report, std::string_view where, const RenderSettings& settings);

}  // namespace dfsck
