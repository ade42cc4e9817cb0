// Writing a database of a root.
#pragma once

#include <cstddef>
#include <string>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Adds the step that puts a database of these bytes in place of what is at `path`. It gets the owner and the mode of
// the file that it replaces, or those that the daemon gives to a new one.
void write_database(const CheckInput& input, const RelPath& path, std::string bytes, size_t index, PlanBuilder& plan);

}  // namespace dfsck
