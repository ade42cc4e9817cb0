// The end of a text report: what was looked at, what was found, and what to do next.
#pragma once

#include <string>

#include "cmd/render/render.h"

namespace dfsck {

// One line: "looked at: 3 images, 7 layers, ...". Empty if the report has no counts.
std::string render_counts(const RootReport& report);

// The summary over the report and the roots below it.
std::string render_summary(const RootReport& report, const RenderSettings& settings);

}  // namespace dfsck
