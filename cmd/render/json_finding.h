// A finding as JSON, in reports and in what `show` says.
#pragma once

#include "checks/report.h"
#include "cmd/render/json_writer.h"

namespace dfsck {

// As an object. The steps of its repair are those of `plan`.
void write_finding(const ReportedFinding& reported, const Plan& plan, JsonWriter& json);

}  // namespace dfsck
