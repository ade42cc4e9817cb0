// The findings of a report as text, root causes first.
#pragma once

#include <string>

#include "cmd/render/finding_tree.h"
#include "cmd/render/render.h"

namespace dfsck {

// Errors, then warnings, then infos, as far as `settings.detail` wants them; empty if there is nothing to show.
std::string render_findings(const RootReport& report, const FindingTree& tree, const RenderSettings& settings);

}  // namespace dfsck
