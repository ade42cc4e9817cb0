// The plan as JSON: what "apply" would need to carry it out, and what a reviewer wants to see.
#pragma once

#include "cmd/json_writer.h"
#include "core/plan/plan.h"

namespace dfsck {

// Writes the array of steps, in the order in which they would be taken.
void write_plan(const Plan& plan, JsonWriter& json);

}  // namespace dfsck
