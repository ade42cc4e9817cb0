// What a repair did, for a tired person: what is repaired, what was tried in vain, what is new, how to take it back.
#pragma once

#include <string>

#include "cmd/render/render.h"

namespace dfsck {

// What stands before the findings that are left. Empty for a report without a repair, or one that did nothing.
std::string render_repair(const RootReport& report, const RenderSettings& settings);

// True if steps were taken, so that the findings to show are those of the check afterwards.
bool was_repaired(const RootReport& report);

}  // namespace dfsck
