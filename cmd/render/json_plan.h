// The plan as JSON: what "apply" would need to carry it out, and what a reviewer wants to see.
#pragma once

#include "cmd/render/json_writer.h"
#include "core/journal/step_result.h"
#include "core/plan/plan.h"

namespace dfsck {

// Writes the array of steps, in the order in which they would be taken, or were: then with what became of each.
void write_plan(const Plan& plan, const std::vector<StepResult>& results, JsonWriter& json);

}  // namespace dfsck
